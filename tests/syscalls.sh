#!/bin/sh
# syscalls.sh PROGRAM - system calls of a sequential call: at most 2 of the client (3 over a pipe, which
# has no timeout of its own), 3 of the server
#
# Two runs, one of 2,000 calls more than the other: the difference is what the calls cost.
set -u
program=$1
dir=$(mktemp -d) || exit 1
server=
trap 'rm -rf "$dir"; [ -z "$server" ] || kill $server 2>/dev/null' EXIT
export ASAN_OPTIONS=detect_leaks=0      # it cannot look for them below strace

command -v strace >/dev/null || { echo "skip: there is no strace"; exit 77; }
strace -o /dev/null true 2>"$dir/why" || { echo "skip: strace may not trace here: $(head -n 1 "$dir/why")"; exit 77; }

# run ENDPOINT N: leaves the totals in client.N and server.N
run() {
        mkfifo "$dir/said" || exit 1
        strace -f -c -o "$dir/server.$2" "$program" serve "$1" >"$dir/said" &
        tracer=$!
        read -r endpoint <"$dir/said"
        rm "$dir/said"
        server=$(cat "/proc/$tracer/task/$tracer/children")
        strace -f -c -o "$dir/client.$2" "$program" call "$endpoint" "$2" || { echo "the calls failed"; exit 1; }
        kill $server
        wait $tracer
        server=
}

total() { awk '$NF == "total" { print $4 }' "$1"; }

bad=0
for endpoint in "unix:$dir/socket" tcp://127.0.0.1:0 "fifo:$dir/fifo"; do
        run "$endpoint" 500
        run "$endpoint" 2500
        for who in client server; do
                most=3
                case $who:$endpoint in client:fifo:*) ;; client:*) most=2 ;; esac
                more=$(($(total "$dir/$who.2500") - $(total "$dir/$who.500")))
                echo "${endpoint%%:*}: $who: $more system calls for 2000 calls"
                # That the kernel's timeout is moved on, every 10 ms, is no call's.
                if [ "$more" -gt $((most * 2000 + 500)) ] || [ "$more" -lt 2000 ]; then
                        echo "not at most $most a call:"
                        cat "$dir/$who.2500"
                        bad=1
                fi
        done
done
exit $bad
