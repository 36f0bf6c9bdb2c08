#!/bin/sh
# shm_calls.sh SERVER CLIENT - while both sides of shm: are awake, a call makes no system call
#
# Both spin so long that neither ever sleeps; then a hundred calls more must not make one system call
# more, on either side. The handler that answers reads no file.
server=$1
client=$2
[ "$(nproc)" -gt 1 ] || { echo "skip: with one CPU nobody spins"; exit 77; }
tmp=$(mktemp -d) || exit 1
pids=
stop() {
        for pid in $pids; do kill "$pid"; done 2>/dev/null
        wait
        rm -rf "$tmp"
}
trap stop EXIT
trap 'exit 1' HUP INT TERM
XDG_RUNTIME_DIR=$tmp
export XDG_RUNTIME_DIR
strace -V >/dev/null 2>&1 || { echo "skip: there is no strace"; exit 77; }
strace -f -o "$tmp/none" true 2>/dev/null || { echo "skip: strace may not trace here"; exit 77; }

# run CALLS: sets $of_server and $of_client, how many system calls each made
run() {
        : >"$tmp/said"
        strace -f -o "$tmp/server" "$server" 'shm:calls?spin=30s' >"$tmp/said" 2>&1 &
        pids=$!
        while ! grep -q shm:calls "$tmp/said"; do sleep 0.05; done
        strace -f -o "$tmp/client" "$client" 'shm:calls?spin=30s' "$1" >"$tmp/out" 2>&1 ||
                { cat "$tmp/out"; exit 1; }
        kill -TERM "$(sed -n 's/^\([0-9]*\) .*/\1/p;q' "$tmp/server")"
        wait
        pids=
        of_server=$(wc -l <"$tmp/server")
        of_client=$(wc -l <"$tmp/client")
}
