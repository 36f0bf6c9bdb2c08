#!/bin/sh
# procs_calls.sh - examples/procs as its users meet it: procs_calls.sh SERVER CLIENT
server=$1 client=$2
failed=0
pids=

tmp=$(mktemp -d) || exit 1
trap 'kill $pids 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$tmp"

fail() {
        echo "$*"
        [ ! -s "$tmp/out" ] || sed 's/^/    /' "$tmp/out"
        failed=1
}

# expect CODE COMMAND…: it ends with CODE; what it says is in $tmp/out
expect() {
        code=$1
        shift
        "$@" >"$tmp/out" 2>&1
        got=$?
        [ "$got" = "$code" ] || fail "$*: ended with $got, not $code"
}

says() { grep -qF -e "$1" "$tmp/out" || fail "does not say: $1"; }
rows() { n=$(($(wc -l <"$tmp/out") - 1)); [ "$n" = "$1" ] || fail "$n rows, not $1"; }

# --- command lines ---

expect 0 "$server" --help; says 'usage: procs-server'
expect 2 "$server"; says 'usage: procs-server'
expect 2 "$server" --nonsense; says 'usage: procs-server'
expect 1 "$server" "unix:$tmp/no/folder"; says "unix:$tmp/no/folder"
expect 1 "$server" carrier-pigeon:home; says 'carrier-pigeon'
expect 0 "$client" --help; says 'usage: procs-client'
expect 2 "$client" unix:x; says 'usage: procs-client'
expect 2 "$client" unix:x destroy; says '"destroy"'
expect 2 "$client" unix:x get; says '"get"'
expect 2 "$client" unix:x get 1 2; says '"get"'
for wrong in 'get 0' 'get -1' 'get 1x' 'get 4294967297' 'signal 1 NOSUCH' 'signal 1 -9' 'bench 0' \
             'list --min-mem=5X' 'list --min-mem=99999999999G' 'list --min-cpu=nan' 'list --sort=size' \
             'list --limit=0' 'list 5' 'list --colour' 'list --user' 'watch 5' 'watch --limit=0'; do
        expect 2 "$client" unix:x $wrong; says 'procs-client: '
done
expect 1 "$client" "unix:$tmp/nobody" summary; says "unix:$tmp/nobody"

# --- a server ---

# serve URI…: starts one; its n-th endpoint is then in line n of $tmp/said
serve() {
        rm -f "$tmp/pipe"
        mkfifo "$tmp/pipe" || exit 1
        "$server" "$@" >"$tmp/pipe" &
        served=$!
        pids="$pids $served"
        exec 3<"$tmp/pipe"
        : >"$tmp/said"
        for uri; do
                read -r serving uri <&3 || { echo "the server did not start"; exit 1; }
                [ "$serving" = serving ] || fail "the server says: $serving $uri"
                echo "$uri" >>"$tmp/said"
        done
}

serve "unix:$tmp/procs?mode=0666" tcp://127.0.0.1:0 "unix:@via-procs-test-$$"
unix=$(sed -n 1p "$tmp/said")
tcp=$(sed -n 2p "$tmp/said")
abstract=$(sed -n 3p "$tmp/said")
[ "$unix" = "unix:$tmp/procs" ] || fail "first endpoint: $unix"
case $tcp in tcp://127.0.0.1:0 | '') fail "second endpoint: $tcp" ;; esac

# A process that nobody else has, and whose name wants to be more than a name.
name=$(printf 'a) R 1 \033[7m')
cp "$(command -v sleep)" "$tmp/$name" || exit 1
"$tmp/$name" 60 &
victim=$!
pids="$pids $victim"
shown='a) R 1 ?[7m'
until [ "$(cat "/proc/$victim/comm")" = "$name" ]; do :; done   # the shell's child becomes it

for uri in "$unix" "$tcp" "$abstract" inproc:procs; do
        expect 0 "$client" "$uri" summary; says ' processes with '; says 'memory '
        expect 0 "$client" "$uri" get $victim; rows 1; says " $victim "; says "$shown"; says "$tmp/"
        expect 0 "$client" "$uri" list; says " $victim "; says " $served "
        expect 1 "$client" "$uri" get 2147483647; says 'procs.NoSuchProcess'; says 2147483647; says "$uri"
        expect 0 "$client" "$uri" bench 20; says '20 calls, p50 '
done

# --- what a list can be asked ---

esc=$(printf '\033')
expect 0 "$client" "$unix" list --name="R 1 ?"; rows 1; says " $victim "
grep -qF -e "$esc" "$tmp/out" && fail "an escape sequence came through"
expect 0 "$client" "$unix" list --name="R 1 ?" --user="$(id -un)"; rows 1
expect 0 "$client" "$unix" list --name="R 1 ?" --user=no-such-user; rows 0
expect 0 "$client" "$unix" list --name=no-such-name; rows 0
expect 0 "$client" "$unix" list --min-mem=100000G; rows 0
expect 0 "$client" "$unix" list --min-cpu=1000000; rows 0
expect 0 "$client" "$unix" list --name="R 1 ?" --min-mem=1K; rows 1
expect 0 "$client" "$unix" list --limit=2; rows 2
expect 0 "$client" "$unix" list --sort=pid
sed 1d "$tmp/out" | awk '{ print $1 }' | sort -nc || fail "not sorted by pid"
expect 0 "$client" "$unix" list --sort=cpu
sed 1d "$tmp/out" | awk '{ print $4 }' | sort -rnc || fail "not sorted by CPU"
expect 0 "$client" "$unix" list --sort=name
sed 1d "$tmp/out" | cut -c 45-61 | LC_ALL=C sort -c || fail "not sorted by name"

# Of these two the one that started later, and has the later name, has read 64 MiB that nobody takes.
cp "$(command -v sleep)" "$tmp/$$-a-thin" && cp "$(command -v dd)" "$tmp/$$-b-fat" || exit 1
mkfifo "$tmp/drain" || exit 1
"$tmp/$$-a-thin" 60 &
pids="$pids $!"
"$tmp/$$-b-fat" if=/dev/zero of="$tmp/drain" bs=64M count=1 2>/dev/null &
pids="$pids $!"
exec 4<"$tmp/drain"
head -c 1 <&4 >/dev/null                # once there is something to take, it has read it all
expect 0 "$client" "$unix" list --sort=memory --name="$$-"; rows 2
sed -n 2p "$tmp/out" | grep -q b-fat || fail "not sorted by memory"
expect 0 "$client" "$unix" list --min-mem=60M --name="$$-"; rows 1
exec 4<&-

# --- who watches ---

# Waits until line $2 of $1 begins with $3, ten seconds at most.
until_line() {
        for _ in $(seq 200); do
                sed -n "$2p" "$1" | grep -q -e "^$3" && return
                sleep 0.05
        done
        fail "line $2 is not $3: $(cat "$1")"
}

cp "$(command -v sleep)" "$tmp/$$-brief" || exit 1
for uri in "$unix" "$tcp" "$abstract" inproc:procs; do
        : >"$tmp/seen"
        "$client" "$uri" watch --name="$$-brief" --limit=3 >"$tmp/seen" 2>&1 &
        watcher=$!
        "$client" "$uri" watch --name="$$-nobody" >"$tmp/nobody" 2>&1 &
        pids="$pids $watcher $!"
        until_line "$tmp/seen" 1 watching
        until_line "$tmp/nobody" 1 watching
        "$tmp/$$-brief" 60 &
        brief=$!
        pids="$pids $brief"
        until_line "$tmp/seen" 2 "+ *$brief .*$tmp/$$-brief 60"
        kill $brief && wait $brief
        until_line "$tmp/seen" 3 "- *$brief "
        kill -0 $watcher || fail "who watches for three events ended after two"
        "$tmp/$$-brief" 60 &
        brief=$!
        pids="$pids $brief"
        wait $watcher || fail "who has watched ended with $?"
        until_line "$tmp/seen" 4 "+ *$brief "
        [ "$(wc -l <"$tmp/seen")" = 4 ] || fail "who watches for three events sees more: $(cat "$tmp/seen")"
        [ "$(cat "$tmp/nobody")" = watching ] || fail "what was not chosen is seen: $(cat "$tmp/nobody")"
        kill $brief && wait $brief
done

# This one is still there when the server ends.
"$client" "$unix" watch --name="$$-nobody" >"$tmp/nobody" 2>&1 &
last=$!
pids="$pids $last"
until_line "$tmp/nobody" 1 watching

# --- who may signal whom ---

fds() { ls "/proc/$served/fd" | wc -l; }
before=$(fds)
for i in 1 2 3; do
        expect 0 "$client" "$unix" signal $victim 0
done
[ "$(fds)" -lt $((before + 3)) ] || fail "the server keeps descriptors"
expect 1 "$client" "$unix" signal 2147483647 TERM; says 'procs.NoSuchProcess'
expect 1 "$client" "$tcp" signal $victim KILL; says 'procs.NotPermitted'
kill -0 $victim || fail "it was signalled by a stranger"

# As somebody else: only root can try, and only if others can reach the program.
other() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
if [ "$(id -u)" = 0 ] && other "$client" --help >/dev/null 2>&1; then
        expect 0 other "$client" "$unix" get $victim
        expect 1 other "$client" "$unix" signal $victim KILL; says 'procs.NotPermitted'; says 'somebody else'
        kill -0 $victim || fail "it was signalled by another user"
        setpriv --reuid=65534 --regid=65534 --clear-groups sleep 60 &
        theirs=$!
        pids="$pids $theirs"
        until [ "$(cat "/proc/$theirs/comm")" = sleep ]; do :; done
        expect 0 "$client" "$unix" signal $theirs 0
        expect 0 other "$client" "$unix" signal $theirs TERM
        wait $theirs
        [ $? = 143 ] || fail "another user's own process was not signalled"
else
        echo "skip: nobody else can call: not root, or the build folder is closed to others"
fi

expect 0 "$client" "$unix" signal $victim TERM
wait $victim
[ $? = 143 ] || fail "it was not ended by SIGTERM"
expect 1 "$client" "$unix" get $victim; says 'procs.NoSuchProcess'

# --- the end ---

kill -TERM $served
wait $served
code=$?
: >"$tmp/out"
[ $code = 0 ] || fail "after SIGTERM the server ended with $code"
wait $last && fail "who watches ended well when the server ended"
grep -q 'the server ends' "$tmp/nobody" || fail "who watches is not told that the server ends: $(cat "$tmp/nobody")"
[ ! -e "$tmp/procs" ] || fail "the socket is still there"
expect 1 "$client" "$unix" summary; says "$unix"
exit $failed
