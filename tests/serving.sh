# serving.sh - for the tests of examples, which read it: a server of several endpoints, and what programs say
#
# The test has set $server. $tmp is a folder that goes when the test ends, and so do the processes in $pids.
failed=0
pids=

tmp=$(mktemp -d) || exit 1
trap 'kill -9 $pids 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
        echo "$*"
        failed=1
}

# start ARGUMENT… -- ENDPOINT…: starts the server; its n-th endpoint is then in line n of $tmp/said
start() {
        n=$#
        for one; do
                [ "$one" = -- ] || { n=$((n - 1)); continue; }
                n=$((n - 1))
                break
        done
        for one; do
                shift
                [ "$one" = -- ] || set -- "$@" "$one"
        done
        rm -f "$tmp/pipe"
        mkfifo "$tmp/pipe" || exit 1
        "$server" "$@" >"$tmp/pipe" 2>"$tmp/log" &
        served=$!
        pids="$pids $served"
        exec 3<"$tmp/pipe"
        : >"$tmp/said"
        while [ "$n" -gt 0 ]; do
                read -r endpoint <&3 || { echo "the server did not start"; cat "$tmp/log"; exit 1; }
                echo "$endpoint" >>"$tmp/said"
                n=$((n - 1))
        done
}

# stop: by SIGTERM, after which it has to end well, and soon
stop() {
        kill "$served" && wait "$served" || fail "after SIGTERM the server ended with $?: $(cat "$tmp/log")"
}

# until COMMAND…: waits until it succeeds, ten seconds at most
until_so() {
        for _ in $(seq 200); do
                "$@" && return
                sleep 0.05
        done
        fail "in vain: $*"
        return 1
}

# says FILE TEXT: a line of the file is the text; one that begins with it for begins
says() { grep -qxF -e "$2" "$1"; }
begins() { grep -q -e "^$2" "$1"; }
