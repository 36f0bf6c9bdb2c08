#!/bin/sh
# pool.sh - examples/pool: work in the pool stops no small call, and ends when nobody waits: pool.sh SERVER CLIENT
server=$1 client=$2
# shellcheck source=tests/serving.sh
. tests/serving.sh

start -- "unix:$tmp/primes" tcp://127.0.0.1:0 "mq:/pool-$$"
first=$(sed -n 1p "$tmp/said")

while read -r endpoint; do
        for calls in 1 7 100; do
                "$client" "$endpoint" 100000 $calls >"$tmp/out" 2>"$tmp/err" || fail "$calls calls at $endpoint: $(cat "$tmp/err")"
                begins "$tmp/out" "9592 primes in $calls of $calls parts; " || fail "$calls calls at $endpoint: $(cat "$tmp/out")"
        done
done <"$tmp/said"

# Below four thousand million there are more than anybody waits for: the pool is full, and status is answered.
# The client shows "N running" at every answer.
ask_long() {
        : >"$tmp/err"
        "$client" "$1" 4000000000 20 >"$tmp/out" 2>"$tmp/err" &
        pid=$!
        pids="$pids $pid"
        until_so grep -q '20 running, 0 of 20 answered' "$tmp/err"
}
idle() { "$client" "$first" 100 1 2>&1 | tr '\r' '\n' | grep -q '^[01] running'; }

while read -r endpoint; do
        ask_long "$endpoint"
        kill -INT $pid
        wait $pid && fail "the client ended well although its calls were given up"
        begins "$tmp/out" '0 primes in 0 of 20 parts' || fail "given up at $endpoint: $(cat "$tmp/out")"
        until_so idle                           # its work has been given up as well

        ask_long "$endpoint"
        kill -9 $pid                            # nobody says so, but nobody waits
        until_so idle
done <"$tmp/said"
stop
exit $failed
