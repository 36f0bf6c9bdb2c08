/*
 * first_loop.c - libuv keeps a pipe from its first loop on: before any test counts its descriptors
 */
#include <uv.h>

__attribute__((constructor)) static void first_loop(void) {
        uv_loop_t loop;

        if (uv_loop_init(&loop) == 0)
                uv_loop_close(&loop);
}
