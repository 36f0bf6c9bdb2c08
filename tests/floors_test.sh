#!/bin/sh
# floors_test.sh - floors.sh sees each way of breaking the rule
floors=$PWD/tests/floors.sh
top=$(mktemp -d) || exit 1
trap 'rm -rf "$top"' EXIT
mkdir -p "$top/runtime/include/via" "$top/transports" "$top/examples/hello"
failed=0

# says CODE TEXT: what floors.sh must answer to the tree as it is
says() {
        out=$(sh "$floors" "$top")
        [ $? = "$1" ] && printf '%s\n' "$out" | grep -qF -e "$2" && return
        printf 'not "%s", but:\n%s\n' "$2" "$out"
        failed=1
}

# file PATH INCLUDE…: makes a file
file() {
        path=$top/$1
        shift
        for header; do echo "#include $header"; done >"$path"
}

says 1 'no sources'
file runtime/wire.h '<stdint.h>'
file runtime/conn.c '"wire.h"' '<via/error.h>' '<errno.h>'
file runtime/client.c '"conn.h"' '"block.h"' '<unistd.h>'
file runtime/include/via/error.h '<stddef.h>'
file transports/fd.h '<sys/socket.h>' '<via/transport.h>'
file transports/tcp.c '"fd.h"' '<via/transport.h>' '<unistd.h>'
file examples/hello/server.c '"hello.h"' '<via/server.h>' '<time.h>'
says 0 'floors: 7 files keep to theirs'

# breaks PATH INCLUDE TEXT: with that include the file is refused; without it all is well again
breaks() {
        cp "$top/$1" "$top/kept"
        echo " #  include $2" >>"$top/$1"
        says 1 "$3"
        mv "$top/kept" "$top/$1"
}

breaks runtime/conn.c '"pump.h"' 'runtime/conn.c:4: pump.h is of floor 2'
breaks runtime/conn.c '<unistd.h>' 'no clock, so not <unistd.h>'
breaks runtime/wire.h '<uv.h>' 'runtime/wire.h:2: floor 0'
breaks runtime/conn.c '<via/client.h>' 'via/client.h is of floor 4'
breaks runtime/conn.c '"../transports/fd.h"' 'not of the runtime'
breaks runtime/include/via/error.h '<via/server.h>' 'via/server.h is of floor 4'
breaks transports/tcp.c '"conn.h"' 'not "conn.h"'
breaks transports/tcp.c '<via/client.h>' 'not <via/client.h>'
breaks transports/tcp.c '<uv.h>' 'not <uv.h>'
breaks examples/hello/server.c '"wire.h"' 'public headers only'
breaks examples/hello/server.c '"../../runtime/wire.h"' 'public headers only'
breaks examples/hello/server.c '"via/server.h"' 'public headers are <via/server.h>'
file runtime/novelty.c
says 1 'runtime/novelty.c: has no floor'
exit $failed
