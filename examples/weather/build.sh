#!/bin/sh -e
# Builds ./station and ./ask against an installed Via, with nothing but cc and pkg-config.
# If Via is where pkg-config does not look: PKG_CONFIG_PATH=PREFIX/lib/pkgconfig ./build.sh

cd "$(dirname "$0")"
link="$(pkg-config --cflags --libs via) -Wl,-rpath,$(pkg-config --variable=libdir via)"
"$(pkg-config --variable=idlc via)" -o . weather.idl
${CC:-cc} -std=gnu11 -O2 -Wall station.c weather.c $link -o station
${CC:-cc} -std=gnu11 -O2 -Wall ask.c weather.c $link -o ask
