#!/bin/sh -e
# Builds ./server and ./client against an installed Via, with nothing but cc and pkg-config.
# Is it installed where pkg-config does not look? PKG_CONFIG_PATH=PREFIX/lib/pkgconfig ./build.sh

cd "$(dirname "$0")"
"$(pkg-config --variable=idlc via)" -o . hello.idl
for program in server client; do
        # shellcheck disable=SC2046    # the flags are several words
        ${CC:-cc} -std=gnu11 -O2 -Wall $program.c hello.c -o $program \
                $(pkg-config --cflags --libs via) "-Wl,-rpath,$(pkg-config --variable=libdir via)"
done
