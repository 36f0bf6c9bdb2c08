#!/bin/sh
# callback.sh - examples/callback: the server calls its client, which calls it meanwhile: callback.sh SERVER CLIENT
server=$1 client=$2
# shellcheck source=tests/serving.sh
. tests/serving.sh

start -- "unix:$tmp/press" tcp://127.0.0.1:0 "mq:/callback-$$" "shm:callback-$$"
all() {
        page=0
        while [ $page -lt "$1" ]; do
                page=$((page + 1))
                echo "$page of $2: this is what page $page says"
        done
        echo "$1 pages"
}
while read -r endpoint; do
        all 5 5 >"$tmp/expected"
        "$client" "$endpoint" 5 >"$tmp/out" 2>&1 || fail "5 pages at $endpoint ended with $?"
        cmp "$tmp/expected" "$tmp/out" || fail "5 pages at $endpoint: $(cat "$tmp/out")"
        all 3 50 >"$tmp/expected"
        "$client" "$endpoint" 50 3 >"$tmp/out" 2>&1 || fail "3 of 50 pages at $endpoint ended with $?"
        cmp "$tmp/expected" "$tmp/out" || fail "3 of 50 pages at $endpoint: $(cat "$tmp/out")"
        "$client" "$endpoint" 0 >"$tmp/out" 2>&1 || fail "no pages at $endpoint ended with $?"
        says "$tmp/out" '0 pages' || fail "no pages at $endpoint: $(cat "$tmp/out")"
done <"$tmp/said"

# Jobs of several clients, side by side.
jobs=
for endpoint in $(cat "$tmp/said") $(cat "$tmp/said"); do
        "$client" "$endpoint" 2000 >"$tmp/out.$(echo "$jobs" | wc -w)" 2>&1 &
        jobs="$jobs $!"
done
all 2000 2000 >"$tmp/expected"
k=0
for job in $jobs; do
        wait "$job" || fail "a job ended with $?"
        cmp "$tmp/expected" "$tmp/out.$k" || fail "a job printed something else"
        k=$((k + 1))
done
stop
exit $failed
