#!/bin/sh -e
# Builds ./server and ./client against an installed Via, with nothing but cc and pkg-config.
# If Via is where pkg-config does not look: PKG_CONFIG_PATH=PREFIX/lib/pkgconfig ./build.sh

cd "$(dirname "$0")"
link="$(pkg-config --cflags --libs via libuv) -Wl,-rpath,$(pkg-config --variable=libdir via)"
"$(pkg-config --variable=idlc via)" -o . chat.idl
${CC:-cc} -std=gnu11 -O2 -Wall server.c room.c chat.c $link -o server
${CC:-cc} -std=gnu11 -O2 -Wall client.c chat.c $link -o client
