#!/bin/sh
# demo.sh - the processes of this machine, asked for over every transport: demo.sh BUILD_DIR [CALLS]
#
# Prints the machine and its busiest processes; then what an error looks like; then a row per transport:
# its URI, calls made, how long they took, and "ok" or what went wrong. Fails if a row is not ok. Leaves
# nothing behind.

[ $# = 1 ] || [ $# = 2 ] || { echo "usage: demo.sh BUILD_DIR [CALLS]" >&2; exit 2; }
bin=$1/examples/procs
calls=${2:-2000}
server=

stop() {
        [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null
        rm -rf "$folder"
}

folder=$(mktemp -d) || exit 1
trap stop EXIT
trap 'exit 1' HUP INT TERM

# What is served: one line a transport. At inproc: the client serves itself, at exec: it starts its server.
endpoints="
unix:$folder/procs
tcp://127.0.0.1:0
mq:/procs-$$
inproc:procs
shm:procs-demo-$$
fifo:$folder/fifo
exec:'$bin/procs-server' stdio:
"

# start ENDPOINT...: one server for all. What it says comes through a pipe, so that nobody has to guess when
# it is ready: its lines are there then, and if it cannot start, the pipe ends.
start() {
        mkfifo "$folder/said" || exit 1
        "$bin/procs-server" "$@" >"$folder/said" 2>"$folder/server" &
        server=$!
        exec 3<"$folder/said"
}

# row ENDPOINT: makes calls there. The client says "2000 calls, p50 31.0 us, p99 52.1 us".
row() {
        if said=$("$bin/procs-client" "$1" bench "$calls" 2>"$folder/client"); then
                echo "$said" | { IFS=' ' read -r n _ _ p50 _ _ p99 _ && line "$1" "$n" "$p50" "$p99" ok; }
        else
                line "$1" - - - "$(cat "$folder/client")"
                false
        fi
}

line() {
        printf '%-40s %7s %9s %9s  %s\n' "$@"
}

# Each line of the list is one word from here on, and none is a pattern: the folder may be called anything.
newline='
'
IFS=$newline
set -f

# shellcheck disable=SC2046
start $(printf '%s\n' $endpoints | grep -v -e '^inproc:' -e '^exec:')
served=
for endpoint in $endpoints; do
        case $endpoint in
        inproc:* | exec:*) ;;
        *)
                read -r said <&3 || { cat "$folder/server" >&2; exit 1; }
                endpoint=${said#serving } ;;
        esac
        first=${first:-$endpoint}
        served=$served$endpoint$newline
done

"$bin/procs-client" "$first" summary || exit 1
echo
"$bin/procs-client" "$first" list --limit=15 >"$folder/table" || exit 1
cut -c 1-100 "$folder/table"
echo
echo 'And a process that does not exist:'
"$bin/procs-client" "$first" get 2147483647 2>"$folder/client" && exit 1
cat "$folder/client"
grep -q NoSuchProcess "$folder/client" || exit 1
echo
line endpoint calls 'p50 us' 'p99 us' result
failed=0
for endpoint in $served; do
        row "$endpoint" || failed=1
done
exit $failed
