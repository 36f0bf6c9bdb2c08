#!/bin/sh
# test_test.sh - test.h notices what is wrong with a test: test_test.sh WRONG
wrong=$1
failed=0

# expect NAME CODE TEXT…: running the test NAME ends with CODE and says every TEXT
expect() {
        name=$1 code=$2
        shift 2
        out=$("$wrong" $flags "$name" 2>&1)
        got=$?
        [ "$got" = "$code" ] || { echo "$name: ended with $got, not $code"; failed=1; }
        for text; do
                printf '%s\n' "$out" | grep -qF -e "$text" && continue
                echo "$name: does not say: $text"
                printf '%s\n' "$out" | sed 's/^/    /'
                failed=1
        done
}

expect right 0 '1 passed, 0 failed, 0 skipped'
expect goes_on 1 'wrong.c:17: failed: 1 + 1 == 3' '2 + 2 == 5: 4, 5' '"left" is "left", not "right"' \
       'NULL is "(null)", not "right"' '0 passed, 1 failed, 0 skipped'
expect stops 1 'FAILED: stops'
expect leaks_descriptor 1 'is still open: /dev/null'
expect hangs 1 'no end after 1 s'
expect dies 1 'died of signal 9'
expect leaves 1 'left by exit(0)'
expect skips 77 'skip: no reason but this' '0 passed, 0 failed, 1 skipped'
expect nothing_like_it 2 'no such test' 'leaks_descriptor'
flags=--no-fork
expect right 0 '1 passed'
expect goes_on 1 '0 passed, 1 failed'
expect leaks_descriptor 1 'is still open'
"$wrong" stops | grep -q 'not reached' && { echo "REQUIRE went on"; failed=1; }
exit $failed
