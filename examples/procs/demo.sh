#!/bin/sh
# demo.sh - the processes of this machine, asked for over every transport: demo.sh BUILD_DIR [CALLS]
#
# Prints the machine and its busiest processes; then what an error looks like; then starts a process, ends it, and
# prints a row per transport: its URI, whether who watches there was told of the start and of the end, calls made,
# how long they took, and "ok" or what went wrong. Fails if a row is not ok. Leaves nothing behind.

[ $# = 1 ] || [ $# = 2 ] || { echo "usage: demo.sh BUILD_DIR [CALLS]" >&2; exit 2; }
bin=$1/examples/procs
calls=${2:-2000}
server=
watchers=
lives=

stop() {
        exec 2>/dev/null                # the shell need not say what it ends
        unset IFS
        for pid in $watchers $lives; do kill "$pid"; done
        [ -z "$server" ] || { kill "$server" && wait "$server"; }
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

# watch ENDPOINT: in the background, into $folder/watch.1, .2, ...; ends after two events.
watch() {
        n_watched=$((n_watched + 1))
        "$bin/procs-client" "$1" watch --name="short-$$" --limit=2 >"$folder/watch.$n_watched" 2>&1 &
        watchers="$watchers $!"
}

# Until each of them has said $1, a pattern, or has ended; ten seconds at most.
all_say() {
        for _ in $(seq 200); do
                n=0 silent=0
                for pid in $watchers; do
                        n=$((n + 1))
                        grep -q -e "$1" "$folder/watch.$n" || ! kill -0 "$pid" 2>/dev/null || silent=1
                done
                [ $silent = 1 ] || break
                sleep 0.05
        done
}

# A real process starts and ends, while they watch: its pid is in $short.
start_and_end() {
        ln -s "$(command -v sleep)" "$folder/short-$$"
        all_say '^watching$'
        "$folder/short-$$" 60 &
        short=$!
        lives=$short
        all_say "^+ *$short "
        kill "$short"
        wait "$short" 2>/dev/null
        lives=
        all_say "^- *$short "
}

# told N SIGN: "yes" if the N-th was told of it
told() {
        grep -q -e "^$2 *$short " "$folder/watch.$1" && echo yes || echo no
}

# row N ENDPOINT: makes calls there. The client says "2000 calls, p50 31.0 us, p99 52.1 us".
row() {
        started=$(told "$1" +)
        ended=$(told "$1" -)
        if ! said=$("$bin/procs-client" "$2" bench "$calls" 2>"$folder/client"); then
                line "$2" "$started" "$ended" - - - "$(cat "$folder/client")"
                return 1
        fi
        result=ok
        [ "$started$ended" = yesyes ] || result="who watches was not told: $(tail -n 1 "$folder/watch.$1")"
        echo "$said" | { IFS=' ' read -r n _ _ p50 _ _ p99 _ && line "$2" "$started" "$ended" "$n" "$p50" "$p99" "$result"; }
        [ "$result" = ok ]
}

line() {
        printf '%-40s %7s %5s %7s %9s %9s  %s\n' "$@"
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
n_watched=0
for endpoint in $served; do watch "$endpoint"; done
set +f
unset IFS
start_and_end
echo "Process $short has started, and ended; and each who watched was told so:"
echo
line endpoint started ended calls 'p50 us' 'p99 us' result
IFS=$newline
set -f
failed=0
n=0
for endpoint in $served; do
        n=$((n + 1))
        row $n "$endpoint" || failed=1
done
exit $failed
