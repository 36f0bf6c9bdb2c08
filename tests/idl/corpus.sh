#!/bin/sh
# corpus.sh - idlc against other people's .idl files, which are not in this tree: corpus.sh DIR [IDLC]
#
# Nothing may crash or hang. A file that DIR/CLASSES.tsv calls must-accept must be, unless all that is
# wrong with it is that something is not supported, or that a file it includes is not there.
dir=${1:?usage: corpus.sh DIR [IDLC]}
idlc=${2:-${IDLC:-idlc}}
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
passed=0
failed=0
unsupported=0

includes=$(find "$dir" -name '*.idl' -exec dirname {} + | sed 's,/msg$\|/srv$\|/action$,,; p; s,/[^/]*$,,' | sort -u | sed 's/^/-I /')
find "$dir" -name '*.idl' | sort >"$out/files"
while read -r file; do
        # shellcheck disable=SC2086
        timeout 20 "$idlc" -w -fmax-errors=0 -o "$out/gen" $includes "$file" >"$out/log" 2>&1
        status=$?
        errors=$(grep -c ': \(fatal \)\{0,1\}error: ' "$out/log")
        excused=$(grep -c 'error: not supported\|error: there is no file' "$out/log")
        class=$(awk -F'\t' -v f="${file#"$dir"/}" 'index($1, f) { print $2; exit }' "$dir/CLASSES.tsv" 2>/dev/null)
        if [ $status -gt 1 ]; then
                echo "FAIL $file: exit status $status"
                head -n 30 "$out/log"
                failed=$((failed + 1))
        elif [ "$class" = must-accept ] && [ "$errors" -gt "$excused" ]; then
                echo "FAIL $file: must be accepted"
                head -n 30 "$out/log"
                failed=$((failed + 1))
        else
                passed=$((passed + 1))
                [ "$errors" -eq 0 ] || unsupported=$((unsupported + 1))
        fi
done <"$out/files"
echo "$unsupported of these are rejected, or use what is not supported"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
