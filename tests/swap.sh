#!/bin/sh
# swap.sh - one server, one client, and one line of a file between them: swap.sh SERVER CLIENT
#
# The same two programs are given the same name each time; only what endpoints.conf says of it changes. An exec: server is
# started by the client, an inproc: one is the client.
server=$(realpath "$1") client=$(realpath "$2")
tmp=$(mktemp -d) || exit 1
trap 'kill $pid 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM
export HOME="$tmp" XDG_RUNTIME_DIR="$tmp" VIA_CONFIG="$tmp/endpoints.conf"
unset VIA_ENDPOINT_PROCS
pid= failed=0 passed=0

# Waits until the server's second line is there: it says where it serves when it does.
started() {
        for _ in $(seq 500); do
                [ -s "$tmp/out" ] && return 0
                kill -0 "$pid" 2>/dev/null || return 1
                sleep 0.02
        done
        return 1
}

swap() {
        echo "procs = $1" >"$VIA_CONFIG"
        case $1 in
        exec:* | inproc:*) ;;
        *)
                : >"$tmp/out"
                "$server" procs >"$tmp/out" 2>"$tmp/err" &
                pid=$!
                started || { echo "$1: the server did not start: $(cat "$tmp/err")"; failed=$((failed + 1)); return; } ;;
        esac
        if "$client" procs get $$ >"$tmp/answer" 2>"$tmp/err" && grep -q "^ *$$ " "$tmp/answer"; then
                echo "ok: $1"
                passed=$((passed + 1))
        else
                echo "$1: $(cat "$tmp/err" "$tmp/answer")"
                failed=$((failed + 1))
        fi
        [ -z "$pid" ] || { kill "$pid" && wait "$pid"; }
        pid=
}

swap "unix:$tmp/procs"
swap "tcp://127.0.0.1:$((20000 + $$ % 20000))"
swap "inproc:procs"
swap "fifo:$tmp/fifo"
swap "mq:/procs-$$"
swap "shm:procs"
swap "exec:$server stdio:"

echo "$passed of $((passed + failed)) transports"
[ "$failed" = 0 ]
