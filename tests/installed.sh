#!/bin/sh
# installed.sh - the examples build and run elsewhere against a Via installed in PREFIX, with cc and pkg-config, and
# the README shows hello and weather as they are and as they answer: installed.sh PREFIX
PKG_CONFIG_PATH=$1/lib/pkgconfig
export PKG_CONFIG_PATH
unset LD_LIBRARY_PATH                   # build.sh says where the library is
failed=0
server=

tmp=$(mktemp -d) || exit 1
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
for example in examples/*/; do cp -R "${example%/}" "$tmp" || exit 1; done

fail() { echo "$*"; failed=1; }

# The blocks of the README that are files: each names itself at its beginning.
mkdir "$tmp/readme"
awk -v to="$tmp/readme/" '
        /^```/ && in_block { in_block = 0; if (name) close(to name); next }
        /^```/             { in_block = 1; name = ""; held = ""; lines = 0; next }
        !in_block          { next }
        ++lines <= 2 && !name && match($0, /[a-z]+\.(c|idl) - /) { name = substr($0, RSTART, RLENGTH - 3); printf "%s", held >(to name) }
        name               { print >(to name); next }
                           { held = held $0 "\n" }
' README.md
for file in hello/hello.idl hello/server.c hello/client.c weather/weather.idl weather/ask.c; do
        cmp "examples/$file" "$tmp/readme/${file#*/}" || fail "the README shows another $file"
done

"$tmp/hello/build.sh" || exit 1
mkfifo "$tmp/said"
"$tmp/hello/server" "unix:$tmp/hello.sock" >"$tmp/said" &
server=$!
read -r endpoint <"$tmp/said" || { echo "the server did not start"; exit 1; }
[ "$endpoint" = "unix:$tmp/hello.sock" ] || fail "the server says $endpoint"

# ask NAME CODE: the client's answer is the line that the README shows after the same command
ask() {
        answer=$("$tmp/hello/client" "$endpoint" "$1" 2>&1)
        code=$?
        [ $code = "$2" ] || fail "for '$1' the client ended with $code"
        shown=$(grep -A 1 -x -F -e "\$ ./client unix:/tmp/hello ${1:-''}" README.md |
                sed -n "2 { s,unix:/tmp/hello,$endpoint,; p; }")
        [ "$answer" = "$shown" ] || fail "the client says '$answer'; the README '$shown'"
        echo "$answer"
}
ask Seoul 0
ask '' 1

kill "$server" && wait "$server" || fail "after SIGTERM the server ended with $?"
server=
[ ! -e "$tmp/hello.sock" ] || fail "the socket is still there"

for example in callback chat interceptors pool tail upload; do
        test=$example
        [ $example != interceptors ] || test=vault
        "$tmp/$example/build.sh" && sh "tests/$test.sh" "$tmp/$example/server" "$tmp/$example/client" ||
                fail "$example does not build or run"
done
"$tmp/weather/build.sh" && sh tests/weather.sh "$tmp/weather/station" "$tmp/weather/ask" ||
        fail "weather does not build or run"
"$tmp/poll/build.sh" && sh tests/poll_client.sh "$tmp/hello/server" "$tmp/poll/client" ||
        fail "poll does not build or run"
"$tmp/procs/build.sh" && "$tmp/procs/client" inproc:procs summary || fail "procs does not build or run"
exit $failed
