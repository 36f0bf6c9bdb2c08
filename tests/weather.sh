#!/bin/sh
# weather.sh - examples/weather says what the README says that it does: weather.sh STATION ASK
server=$1 client=$2
# shellcheck source=tests/serving.sh
. tests/serving.sh

# What the README shows below the command.
sed -n '/^\$ \.\/ask /,/^[$`]/p' README.md | grep -v '^[$`]' >"$tmp/shown"
cities=$(sed -n 's/^\$ \.\/ask [^ ]* //p' README.md)
[ -s "$tmp/shown" ] || fail "the README does not show an answer"

for uri in "unix:$tmp/weather" tcp://127.0.0.1:0 "mq:/weather-$$"; do
        start -- "$uri"
        # shellcheck disable=SC2086
        "$client" "$(cat "$tmp/said")" $cities >"$tmp/out" 2>&1 || fail "at $uri it ended with $?"
        diff "$tmp/shown" "$tmp/out" || fail "the README shows another answer than comes from $uri"
        stop
done
"$client" "unix:$tmp/weather" Oslo >"$tmp/out" 2>&1 && fail "there is weather although nobody tells it"
grep -q UNAVAILABLE "$tmp/out" || fail "nobody tells it: $(cat "$tmp/out")"
exit $failed
