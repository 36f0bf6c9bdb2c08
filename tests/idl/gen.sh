#!/bin/sh
# gen.sh - what idlc generates is C11 and C++17 without a warning, the same as ever, and never two things of one name
#
# usage: [CC='gcc clang'] [CXX='g++ clang++'] gen.sh [--update] [IDLC]
#
# accept/*.idl       must be generated (with what a first line "// options: ..." says) and compile: as C by each
#                    of CC, as C++ (header and source) by each of CXX
# golden/*.idl       must become exactly golden/*.h and *.c; --update makes them so
# clash/*.idl        must be refused in the line that ends in "error", with a note of where the other one is
top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/tests/idl
update=
[ "$1" = --update ] && update=1 && shift
idlc=${1:-${IDLC:-$top/build/idlc/idlc}}
case $idlc in
*/*) idlc=$(cd "$(dirname "$idlc")" && pwd)/$(basename "$idlc") ;;
esac

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

passed=0
failed=0
pass() { passed=$((passed + 1)); }
fail() {
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$*"
        [ -s "$tmp/said" ] && sed -n '1,20s/^/        /p' "$tmp/said"
        : >"$tmp/said"
}

# have WORD…: those that can be run
have() {
        for word; do
                command -v "$word" >/dev/null 2>&1 && printf '%s ' "$word"
        done
}
# shellcheck disable=SC2086
c_compilers=$(have ${CC:-gcc clang})
# shellcheck disable=SC2086
cxx_compilers=$(have ${CXX:-g++ clang++})
[ -n "$c_compilers" ] || { echo 'no C compiler'; exit 1; }

flags="-Werror -Wall -Wextra -I$top/runtime/include -I$tmp/out -I$tmp/out/sub -c -o /dev/null"

# compile NAME SOURCE: in every way there is
compile() {
        for cc in $c_compilers; do
                # shellcheck disable=SC2086
                $cc -std=c11 -Wpedantic -Wconversion -Wshadow $flags "$2" >"$tmp/said" 2>&1 || {
                        fail "$1: not C11 to $cc"
                        return
                }
        done
        for cxx in $cxx_compilers; do
                # shellcheck disable=SC2086
                $cxx -std=c++17 -x c++ $flags "$2" >"$tmp/said" 2>&1 || {
                        fail "$1: not C++17 to $cxx"
                        return
                }
        done
        pass
}

# generate NAME IDL: into $tmp/out
generate() {
        rm -rf "$tmp/out"
        mkdir "$tmp/out"
        options=$(sed -n '1s,^// options: ,,p' "$2")
        # shellcheck disable=SC2086
        (cd "$here/accept" && exec "$idlc" -w -I . $options -o "$tmp/out" "$2") >"$tmp/said" 2>&1 && return
        fail "$1: refused"
        return 1
}

for idl in "$here"/accept/*.idl "$here"/accept/*/*.idl "$here"/*.idl; do
        [ -e "$idl" ] || continue
        name=${idl#"$here"/}
        generate "$name" "$idl" || continue
        # What it includes is generated besides it, so that its header is there.
        for other in "$here"/accept/*/*.idl; do
                (cd "$here/accept" && exec "$idlc" -w -I . -o "$tmp/out" "${other#"$here"/accept/}") >>"$tmp/said" 2>&1
        done
        source=$(find "$tmp/out" -name "$(basename "$idl" .idl).c" | head -n 1)
        compile "$name" "$source"
done

for idl in "$here"/golden/*.idl; do
        [ -e "$idl" ] || continue
        name=${idl#"$here"/}
        generate "$name" "$idl" || continue
        for end in h c; do
                made=$tmp/out/$(basename "$idl" .idl).$end
                kept=${idl%.idl}.$end
                [ "$update" ] && cp "$made" "$kept"
                if diff -u "$kept" "$made" >"$tmp/said" 2>&1; then pass; else fail "$name: not the same .$end as ever"; fi
        done
done

for idl in "$here"/clash/*.idl; do
        [ -e "$idl" ] || continue
        name=${idl#"$here"/}
        line=$(grep -n '// error$' "$idl" | head -n 1 | cut -d: -f1)
        rm -rf "$tmp/out"
        mkdir "$tmp/out"
        if "$idlc" -o "$tmp/out" "$idl" >"$tmp/said" 2>&1; then
                fail "$name: accepted"
        elif ! grep -q "^[^ ]*\.idl:$line:[0-9]*: error: .*\[E090[12]\]" "$tmp/said"; then
                fail "$name: not refused for a name of line $line"
        elif ! grep -Eq '^[^ ]*\.idl:[0-9]+:[0-9]+: note: |help: ' "$tmp/said"; then
                fail "$name: does not say where the other one is"
        elif [ -n "$(ls "$tmp/out")" ]; then
                fail "$name: refused, but written"
        else
                pass
        fi
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
