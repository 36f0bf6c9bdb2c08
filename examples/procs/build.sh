#!/bin/sh -e
# Builds ./server and ./client against an installed Via, with nothing but cc and pkg-config.
# If Via is where pkg-config does not look: PKG_CONFIG_PATH=PREFIX/lib/pkgconfig ./build.sh

cd "$(dirname "$0")"
service='list.c machine.c proc.c procfs.c service.c signal.c text.c users.c watch.c procs.c'
link="$(pkg-config --cflags --libs via libuv) -pthread -Wl,-rpath,$(pkg-config --variable=libdir via)"
"$(pkg-config --variable=idlc via)" -o . procs.idl
${CC:-cc} -std=gnu11 -O2 -Wall server.c $service $link -o server
${CC:-cc} -std=gnu11 -O2 -Wall client.c args.c bench.c local.c show.c $service $link -o client
