#!/bin/sh
# exports.sh - the shared library exports what the public headers declare, and nothing else: exports.sh LIBVIA HEADER…
# HEADER…: those that idlc makes; the others are in runtime/include.
lib=$1
shift
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

nm -D --defined-only "$lib" | awk '{ print $3 }' | sed 's/@.*//' | sort -u >"$tmp/exported"

# The declarations that start in the first column and end in a semicolon, without comments and macros.
for header in runtime/include/via/*.h "$@"; do
        case $header in */transport.h | */uri.h) continue ;; esac       # between Via and its transports
        sed -e 's,/\*.*\*/,,' -e '/\/\*/,/\*\//d' -e '/^#/d' "$header"
done | awk '
        /^[ \t]/ || /^}/        { if (!open) next }
        /^(static|typedef)/     { next }
        { line = line " " $0; open = 1 }
        /[;{]/ {
                if (line ~ /;/ && match(line, /via_[A-Za-z0-9_]*\(/))
                        print substr(line, RSTART, RLENGTH - 1)
                else if (line ~ /^ *extern .*via_[A-Za-z0-9_]*(\[.*\])?;/ && match(line, /via_[A-Za-z0-9_]*(\[.*\])?;/)) {
                        line = substr(line, RSTART, RLENGTH); sub(/(\[.*\])?;/, "", line); print line
                }
                line = ""; open = 0
        }' | sort -u >"$tmp/declared"

failed=0
[ -s "$tmp/declared" ] || { echo "no declarations found in runtime/include/via"; failed=1; }
for name in $(comm -23 "$tmp/exported" "$tmp/declared"); do
        echo "$name is exported, but no public header declares it"
        failed=1
done
for name in $(comm -13 "$tmp/exported" "$tmp/declared"); do
        echo "$name is declared in a public header, but not exported"
        failed=1
done
exit $failed
