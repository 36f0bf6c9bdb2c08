#!/bin/sh -e
# Builds ./client against an installed Via, with nothing but cc and pkg-config; its server is ../hello/.
# If Via is where pkg-config does not look: PKG_CONFIG_PATH=PREFIX/lib/pkgconfig ./build.sh

cd "$(dirname "$0")"
link="$(pkg-config --cflags --libs via) -Wl,-rpath,$(pkg-config --variable=libdir via)"
"$(pkg-config --variable=idlc via)" -o . ../hello/hello.idl
${CC:-cc} -std=gnu11 -O2 -Wall client.c hello.c $link -o client
