#!/bin/sh
# installed.sh - examples/hello builds and runs in another folder, against a Via installed in PREFIX: installed.sh PREFIX
prefix=$1
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
LD_LIBRARY_PATH=$prefix/lib
export PKG_CONFIG_PATH LD_LIBRARY_PATH

tmp=$(mktemp -d) || exit 1
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$tmp"' EXIT
cp examples/hello/* "$tmp" && cd "$tmp" && ./build.sh || exit 1

./server "unix:$tmp/hello" &
server=$!
n=0
while [ ! -S "$tmp/hello" ] && [ $n -lt 100 ]; do
        n=$((n + 1))
        sleep 0.1
done
answer=$(./client "unix:$tmp/hello" Seoul)
echo "$answer"
[ "$answer" = 'Hello, Seoul!' ]
