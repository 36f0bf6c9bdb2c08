#!/bin/sh
# run.sh - what idlc accepts, what it says of what it rejects: run.sh [--update] [IDLC]
#
#   accept/NAME.idl   compiles, and says nothing but what is in NAME.err, if that exists
#   include/NAME.idl  the same; beside it is what it includes
#   reject/NAME.idl   does not, and says exactly what is in NAME.err
#   one/NAME.idl      each line is a file of its own, and has one mistake: one error is said of it, as in NAME.err
#   pp/NAME.idl       idlc -E prints exactly what is in NAME.out
#
# A first line "// options: ..." is given to idlc as well. IDLC may also come from the environment.
# With --update the expected texts are written instead of compared: read the diff before committing it.

update=no
[ "$1" = --update ] && update=yes && shift
idlc=${1:-${IDLC:-idlc}}
case $idlc in
*/*) idlc=$(cd "$(dirname "$idlc")" && pwd)/$(basename "$idlc") ;;
esac
cd "$(dirname "$0")" || exit 1
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
passed=0
failed=0

fail() {
        failed=$((failed + 1))
        printf 'FAIL %s: %s\n' "$dir/$name" "$1"
}

# expect FILE TEXT: whether TEXT is what FILE says; a file that is not there says nothing
expect() {
        if [ $update = yes ]; then
                rm -f "$1"
                [ ! -s "$2" ] || cp "$2" "$1"
                return 0
        fi
        [ -e "$1" ] && expected=$1 || expected=/dev/null
        diff -u "$expected" "$2" >"$out/diff" && return 0
        fail "says something else"
        cat "$out/diff"
        return 1
}

for file in accept/*.idl include/*.idl reject/*.idl pp/*.idl; do
        dir=${file%%/*}
        name=${file##*/}
        base=${name%.idl}
        options=$(sed -n '1s,^// options: ,,p' "$file")
        rm -rf "$out/gen"
        mkdir "$out/gen"
        [ "$dir" = pp ] && options="-E $options"
        # shellcheck disable=SC2086
        (cd "$dir" && exec "$idlc" --color=never -o "$out/gen" $options "$name") >"$out/stdout" 2>"$out/stderr" </dev/null
        status=$?
        [ "$dir" = reject ] && wanted=1 || wanted=0
        if [ $status -ne $wanted ]; then
                fail "exit status $status, not $wanted"
                head -n 40 "$out/stderr"
                continue
        fi
        if [ "$dir" = reject ] && [ -n "$(ls "$out/gen")" ]; then
                fail "errors, and yet files are written"
                continue
        fi
        expect "$dir/$base.err" "$out/stderr" || continue
        [ "$dir" != pp ] || expect "$dir/$base.out" "$out/stdout" || continue
        passed=$((passed + 1))
done

for file in one/*.idl; do
        dir=one
        name=${file##*/}
        rm -rf "$out/gen" "$out/all"
        mkdir "$out/gen"
        fine=yes
        while IFS= read -r line; do
                printf '%s\n' "$line" >"$out/line.idl"
                (cd "$out" && exec "$idlc" --color=never -o "$out/gen" line.idl) >"$out/stderr" 2>&1 </dev/null
                status=$?
                errors=$(grep -c '^line.idl:1:.*error: ' "$out/stderr")
                if [ $status -ne 1 ] || [ "$errors" -ne 1 ]; then
                        fail "exit status $status, $errors errors: $line"
                        cat "$out/stderr"
                        fine=no
                fi
                cat "$out/stderr" >>"$out/all"
        done <"$file"
        [ $fine = yes ] && expect "${file%.idl}.err" "$out/all" && passed=$((passed + 1))
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
