#!/bin/sh
# poll_client.sh - examples/poll, a client in a loop of its own, while its server goes and comes: poll_client.sh SERVER CLIENT
server=$1 client=$2
failed=0
serving= asking=

tmp=$(mktemp -d) || exit 1
trap 'kill $serving $asking 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
        echo "$*"
        cat "$tmp/out" "$tmp/err"
        failed=1
}

# expect FILE WORDS: they come, in time
expect() {
        i=0
        until grep -qF -e "$2" "$tmp/$1" 2>/dev/null; do
                i=$((i + 1))
                [ $i -lt 400 ] || { fail "$1 does not say: $2"; return; }
                sleep 0.05
        done
}

start() {
        : >"$tmp/said"
        "$server" "unix:$tmp/socket" >"$tmp/said" 9>&- &
        serving=$!
        expect said socket
}

stop() {
        kill "$serving"
        wait "$serving"
        serving=
}

"$client" >/dev/null 2>&1
[ $? = 2 ] || fail "without an endpoint it does not say how it is used"

mkfifo "$tmp/in"
: >"$tmp/out" >"$tmp/err"
"$client" "unix:$tmp/socket" <"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
asking=$!
exec 9>"$tmp/in"

echo early >&9                  # there is no server yet: the timer goes on meanwhile
expect err 'to come, and the link is'
start
expect out 'Hello, early!'
printf 'one\ntwo\nthr' >&9      # lines need not come whole
expect out 'Hello, two!'
echo ee >&9
expect out 'Hello, three!'
echo >&9                        # nobody's name
expect err 'UNKNOWN: hello.Nameless'
stop
start
echo late >&9                   # it does not even notice
expect out 'Hello, late!'
exec 9>&-
wait "$asking" || fail "it ended with $?"
asking=
stop
[ "$(wc -l <"$tmp/out")" = 5 ] || fail "more or less than five greetings"
exit $failed
