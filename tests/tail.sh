#!/bin/sh
# tail.sh - examples/tail: lines arrive as they are written, whatever happens to the file: tail.sh SERVER CLIENT
server=$1 client=$2
# shellcheck source=tests/serving.sh
. tests/serving.sh

mkdir "$tmp/logs"
log=$tmp/logs/log
start "$tmp/logs" -- "unix:$tmp/tail" tcp://127.0.0.1:0 "fifo:$tmp/door"
cat <&3 >>"$tmp/log" &                          # what the server says from now on

# --- what can be asked for ---

first=$(sed -n 1p "$tmp/said")
echo secret >"$tmp/secret"
ln -s "$tmp/secret" "$tmp/logs/link"
for name in nothing ../secret link . .. ''; do
        timeout 20 "$client" "$first" "$name" >"$tmp/out" 2>&1 && fail "'$name' is followed"
        grep -q NoSuchFile "$tmp/out" || fail "'$name': $(cat "$tmp/out")"
done

# --- what is shown ---

for line in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "line $line"; done >"$log"
n=0
while read -r endpoint; do
        n=$((n + 1))
        "$client" "$endpoint" log >"$tmp/out$n" 2>"$tmp/err$n" &
        eval "pid$n=$!"
        pids="$pids $!"
        until_so says "$tmp/log" "+ log: $n"
done <"$tmp/said"

# shown TEXT: that all clients have shown
shown() {
        for k in 1 2 3; do until_so says "$tmp/out$k" "$1"; done
}
noted() {
        for k in 1 2 3; do until_so grep -q "$1" "$tmp/err$k"; done
}

shown 'line 12'
for k in 1 2 3; do
        says "$tmp/out$k" 'line 3' || fail "the last ten lines lack line 3: $(cat "$tmp/out$k")"
        says "$tmp/out$k" 'line 2' && fail "more than the last ten lines"
done
echo 'one more' >>"$log"
shown 'one more'

echo 'after the cut' >"$log"                    # truncated: the end is before where it was
noted truncated
shown 'after the cut'

echo 'last of the old' >>"$log"
mv "$log" "$tmp/logs/log.1"
echo 'even later' >>"$tmp/logs/log.1"
shown 'even later'
echo 'first of the new' >"$log"
noted 'another file'
shown 'first of the new'
rm "$log"
sleep 0.3                                       # nobody has the name for a while
echo 'it is back' >"$log"
shown 'it is back'
for k in 1 2 3; do
        [ "$(grep -c 'last of the old' "$tmp/out$k")" = 1 ] || fail "a line is shown twice"
done

# Much at once, byte by byte the same.
head -c 3000000 /dev/urandom | od -An -tx1 >"$tmp/much"
echo end >>"$tmp/much"
cat "$tmp/much" >>"$log"
shown end
for k in 1 2 3; do
        sed '1,/it is back/d' "$tmp/out$k" | cmp - "$tmp/much" || fail "other bytes than were written"
done

# --- how it ends: by Ctrl-C, by kill, by the server ---

# A shell's background process ignores SIGINT, until its program says what it wants.
kill -INT "$pid1"
wait "$pid1" || fail "after Ctrl-C the client ended with $?: $(cat "$tmp/err1")"
until_so says "$tmp/log" '- log: 2'
kill -9 "$pid2"
until_so says "$tmp/log" '- log: 1'
kill "$served"
wait "$served" || fail "after SIGTERM the server ended with $?"
wait "$pid3" && fail "the client ended well when the server did"
grep -q 'the server ends' "$tmp/err3" || fail "it is not told that the server ends: $(cat "$tmp/err3")"
exit $failed
