#!/bin/sh
# chat.sh - examples/chat: all hear what each one says, who comes and goes, however; and wait for nobody: chat.sh SERVER CLIENT
server=$1 client=$2
# shellcheck source=tests/serving.sh
. tests/serving.sh

start -- "unix:$tmp/room" tcp://127.0.0.1:0 "shm:chat-$$"
unix=$(sed -n 1p "$tmp/said") tcp=$(sed -n 2p "$tmp/said") shm=$(sed -n 3p "$tmp/said")

# enter NAME ENDPOINT: somebody whose terminal is the pipe $tmp/NAME.in; hears into $tmp/NAME; the pid is in $entered
enter() {
        mkfifo "$tmp/$1.in"
        "$client" "$2" "$1" <"$tmp/$1.in" >"$tmp/$1" 2>&1 4>&- 5>&- 6>&- &
        entered=$!
        pids="$pids $entered"
}

ann_is_in() { "$client" "$unix" Zoe </dev/null | grep -qxF '* Ann is here'; }
enter Ann "$unix"; ann=$entered; exec 4>"$tmp/Ann.in"
until_so ann_is_in
enter Bob "$tcp"; bob=$entered; exec 5>"$tmp/Bob.in"
until_so says "$tmp/Ann" '* Bob has joined'
until_so says "$tmp/Bob" '* Ann is here'
enter Cy "$shm"; cy=$entered; exec 6>"$tmp/Cy.in"
until_so says "$tmp/Bob" '* Cy has joined'

# A name is taken as long as its owner stays.
"$client" "$unix" Bob </dev/null >"$tmp/out" 2>&1 && fail "two are called Bob"
grep -q NameTaken "$tmp/out" || fail "a name that is taken: $(cat "$tmp/out")"

# Each hears the others, in the order in which they speak.
echo 'one' >&4; echo 'two' >&4
until_so says "$tmp/Cy" '<Ann> two'
echo 'three' >&6
for who in Bob Cy; do until_so says "$tmp/$who" '<Ann> two'; done
until_so says "$tmp/Bob" '<Cy> three'
[ "$(grep '^<' "$tmp/Bob" | tr '\n' ' ')" = '<Ann> one <Ann> two <Cy> three ' ] || fail "Bob hears $(cat "$tmp/Bob")"

# The end of a file is the end of a visit; what steers a terminal does not get through.
printf 'from\033[7m a file\nno newline' >"$tmp/file"
"$client" "$tcp" Dee <"$tmp/file" >"$tmp/out" 2>&1 || fail "a visit from a file ended with $?"
for line in '<Dee> from?[7m a file' '<Dee> no newline' '* Dee has left'; do until_so says "$tmp/Ann" "$line"; done

# Who is killed has left, too.
kill -9 "$cy"
until_so says "$tmp/Ann" '* Cy has left'

# A reader that stands still stops nobody, and is told what it has missed.
text=$(head -c 1500 /dev/zero | tr '\0' 'x')
kill -STOP "$bob"
enter Eve "$unix"; exec 6>"$tmp/Eve.in"
i=0
while [ $i -lt 600 ]; do
        i=$((i + 1))
        echo "$i $text" >&6
        [ $((i % 30)) != 0 ] || until_so says "$tmp/Ann" "<Eve> $i $text"
done
exec 6>&-
until_so says "$tmp/Ann" '* Eve has left'
[ "$(grep -c '^<Eve>' "$tmp/Ann")" = 600 ] || fail "Ann hears $(grep -c '^<Eve>' "$tmp/Ann") of 600 lines"
kill -CONT "$bob"
until_so begins "$tmp/Bob" '. you were too slow'
echo 'still there?' >&4
until_so says "$tmp/Bob" '<Ann> still there?'
missed=$(sed -n 's/^. you were too slow for \([0-9]*\) lines$/\1/p' "$tmp/Bob" | paste -sd+ | sed 's/^$/0/')
heard=$(grep -c '^<Eve>' "$tmp/Bob")
[ $((missed)) -gt 0 ] || fail "Bob was not told that he missed something"
# two lines more: Eve came and went
[ $((heard + missed + $(grep -c 'Eve has' "$tmp/Bob"))) = 602 ] || fail "Bob hears $heard of 600 lines, and misses $missed"

# Who closes the terminal leaves; the server closes the room.
exec 4>&-
wait "$ann" || fail "Ann ended with $?"
until_so says "$tmp/Bob" '* Ann has left'
stop
wait "$bob" && fail "Bob ended well when the room closed"
grep -q 'the room closes' "$tmp/Bob" || fail "Bob is not told that the room closes: $(tail -n 1 "$tmp/Bob")"
exit $failed
