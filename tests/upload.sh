#!/bin/sh
# upload.sh - examples/upload: files arrive whole, or leave nothing: upload.sh SERVER CLIENT
server=$1 client=$2
# shellcheck source=tests/serving.sh
. tests/serving.sh

mkdir "$tmp/folder"
start "$tmp/folder" -- "unix:$tmp/upload" tcp://127.0.0.1:0 "shm:upload-$$" "fifo:$tmp/door"
first=$(sed -n 1p "$tmp/said")
nothing() { [ -z "$(ls -A "$tmp/folder")" ]; }

# --- whole ---

: >"$tmp/empty"
echo small >"$tmp/small"
head -c 20000001 /dev/urandom >"$tmp/large"
while read -r endpoint; do
        for file in empty small large; do
                "$client" "$endpoint" "$tmp/$file" >"$tmp/out" 2>&1 || fail "$file at $endpoint ended with $?"
                grep -q "^$file: .* MB in .* s, .* MB/s\$" "$tmp/out" || fail "$file at $endpoint: $(cat "$tmp/out")"
                cmp "$tmp/$file" "$tmp/folder/$file" || fail "$file is another one at $endpoint"
                rm -f "$tmp/folder/$file"
        done
        nothing || fail "beside the files there is $(ls -A "$tmp/folder")"
done <"$tmp/said"

# In place of one that is there; many at a time.
"$client" "$first" "$tmp/small" kept >"$tmp/out" && "$client" "$first" "$tmp/large" kept >"$tmp/out" || fail "not replaced"
cmp "$tmp/large" "$tmp/folder/kept" || fail "the file is not the new one"
all=
for k in 1 2 3 4 5 6 7 8; do
        "$client" "$first" "$tmp/large" "many$k" >"$tmp/out$k" 2>&1 &
        all="$all $!"
done
for pid in $all; do wait "$pid" || fail "one of many ended with $?"; done
for k in 1 2 3 4 5 6 7 8; do cmp "$tmp/large" "$tmp/folder/many$k" || fail "one of many is another file"; done
rm "$tmp/folder"/*

# --- names ---

for name in '' . .. ../small a/b /tmp/x .hidden "$(printf 'a\nb')"; do
        "$client" "$first" "$tmp/large" "$name" >"$tmp/out" 2>&1 && fail "'$name' is stored"
        grep -q NotStored "$tmp/out" || fail "'$name': $(cat "$tmp/out")"
done
mkdir "$tmp/folder/sub"
"$client" "$first" "$tmp/small" sub >"$tmp/out" 2>&1 && fail "a folder is replaced"
grep -q NotStored "$tmp/out" || fail "a folder: $(cat "$tmp/out")"
rmdir "$tmp/folder/sub"
nothing || fail "names that are none leave $(ls -A "$tmp/folder")"

# --- half ---

# A client that reads from a pipe which nobody fills has begun, and does not end by itself.
half() {
        mkfifo "$tmp/never"
        "$client" "$first" "$tmp/never" half >"$tmp/out" 2>&1 &
        pid=$!
        pids="$pids $pid"
        exec 4>"$tmp/never"
        cat "$tmp/large" >&4
        until_so has_some
}
has_some() { [ -n "$(find "$tmp/folder" -size +10000k)" ]; }

half
kill -9 $pid
exec 4>&-
until_so nothing
rm "$tmp/never"

half
kill $served                                    # it waits for the upload, though not for long
exec 4>&-
wait $pid || fail "an upload that had begun ended with $? when the server was stopped: $(cat "$tmp/out")"
wait $served || fail "after SIGTERM the server ended with $?"
cmp "$tmp/large" "$tmp/folder/half" || fail "an upload that had begun is another file"
exit $failed
