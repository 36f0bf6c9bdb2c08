#!/bin/sh
# floors.sh - a file includes its own floor and those below, so that the house stays one: floors.sh [TOP]
#
# A new file of the runtime gets its place in this table, or this fails. A name stands for NAME.c and
# NAME.h, via/NAME for the public header.
floors='
0 arena buffer calls codec codec_decode codec_encode codec_octets codec_size codec_span decode decode_absent decode_array decode_read decode_value error
0 failure flow limits message message_equal message_format metadata method opens suggest trace uri utf8 wire
0 via/error via/endpoint via/arena via/limits via/message via/metadata via/uri via/peer
1 conn conn_impl conn_flow conn_life conn_talk keepalive
2 pump pump_aim pump_lanes endpoint names via/transport
3 block clock loop_uv spin
4 methods via/idl via/client via/server via/stream via/interceptor
4 via/health via/stats via/services health stats stats_serve
4 intercept serve_intercept client_intercept outgoing tracing via/trace
4 client client_begin client_impl client_call client_connect client_deliver client_end client_error client_loop client_turn client_async client_back client_reply
4 client_again client_dial client_links client_poll client_ready client_shared client_shared_turn client_wait shared
4 session stream stream_client stream_read stream_verbs stream_write
4 budget dispatch serve serve_answer serve_later serve_over serve_refuse serve_work
4 server server_impl server_accept server_authorize server_count server_crew server_inherit server_link server_listen server_signals server_turn server_worker call notify
5 via/via
'
# What floors 0 and 1 do without: they are given bytes and the time, and ask nobody.
no_io='unistd.h fcntl.h poll.h time.h sys/time.h sys/socket.h sys/epoll.h sys/uio.h sys/un.h uv.h pthread.h'

cd "${1:-.}" || exit 1
failed=0
files=0

wrong() {
        echo "$where: $1"
        failed=1
}

# is_one_of WORD LIST…
is_one_of() {
        word=$1
        shift
        for one; do
                [ "$one" = "$word" ] && return 0
        done
        return 1
}

# floor_of NAME: sets $floor, to nothing if NAME is not in the table
floor_of() {
        floor=
        while read -r number names; do
                # shellcheck disable=SC2086
                is_one_of "$1" $names && floor=$number
        done <<EOF
$floors
EOF
}

# The three kinds of file. Each is given what is included: $header, and in $form "quoted" or "angled".
check_runtime() {
        case $form:$header in
        angled:via/*)   floor_of "${header%.h}" ;;
        angled:*)       [ "$mine" -gt 1 ] || ! is_one_of "$header" $no_io ||
                                wrong "floor $mine does no I/O and knows no clock, so not <$header>"
                        return ;;
        *)              floor_of "${header%.h}" ;;
        esac
        if [ -z "$floor" ]; then
                wrong "$header is not of the runtime; the table in tests/floors.sh does not have it"
        elif [ "$floor" -gt "$mine" ]; then
                wrong "$header is of floor $floor, above this file's $mine"
        fi
}

check_transport() {
        case $form:$header in
        angled:via/transport.h) ;;
        angled:via/* | angled:uv.h)
                wrong "a transport knows <via/transport.h> and the system, not <$header>" ;;
        quoted:*)
                [ -e "transports/$header" ] || wrong "a transport knows its own folder, not \"$header\"" ;;
        esac
}

check_program() {
        case $header in
        ../* | runtime/* | transports/*)
                wrong "a program sees public headers only, not $header"
                return ;;
        via/*)
                [ "$form" = angled ] || wrong "public headers are <$header>, as in an installed Via"
                return ;;
        esac
        [ "$form" = quoted ] && [ ! -e "${file%/*}/$header" ] || return
        [ ! -e "runtime/$header" ] && [ ! -e "transports/$header" ] ||
                wrong "a program sees public headers only, not \"$header\""
}

# every_include CHECK: calls it for each #include of $file
every_include() {
        files=$((files + 1))
        while IFS=: read -r line text; do
                [ -n "$line" ] || continue
                where=$file:$line
                case $text in
                *'<'*)  form=angled header=${text#*<} header=${header%%>*} ;;
                *)      form=quoted header=${text#*\"} header=${header%%\"*} ;;
                esac
                "$1"
        done <<EOF
$(grep -nE '^[ 	]*#[ 	]*include[ 	]*["<]' "$file")
EOF
}

for file in runtime/*.[ch] runtime/include/via/*.h; do
        [ -e "$file" ] || continue
        name=${file#runtime/} name=${name#include/} name=${name%.[ch]}
        where=$file
        floor_of "$name"
        mine=$floor
        if [ -z "$mine" ]; then
                wrong "has no floor; give it one in the table of tests/floors.sh"
                continue
        fi
        every_include check_runtime
done
for file in transports/*.[ch]; do
        [ ! -e "$file" ] || every_include check_transport
done
for file in idlc/*.[chly] examples/*.[ch] examples/*/*.[ch] bench/*.[ch] cli/*.[ch]; do
        [ ! -e "$file" ] || every_include check_program
done

[ $files -gt 0 ] || { echo "floors: no sources below $PWD"; failed=1; }
[ $failed = 0 ] && echo "floors: $files files keep to theirs"
exit $failed
