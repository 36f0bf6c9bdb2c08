#pragma once
/*
 * alloc.h - counts what is allocated, and lets the n-th allocation fail, for every n
 *
 *      struct alloc_turns turns = { 0 };
 *      while (alloc_turn(&turns)) { r = thing(); CHECK(r == 0 || alloc_failed()); }
 *
 * The first turn has its first allocation fail, the second its second, and so on; in the last
 * one none does. Each must leave as much allocated as there was. For programs that
 * tests/meson.build links with 'alloc' : true; sees what the program and the library ask for,
 * not what libc does for itself.
 */
#include <stdbool.h>

struct alloc_turns {
        unsigned long n;
        long          live;
};

bool alloc_turn(struct alloc_turns *turns);
bool alloc_failed(void);                        /* whether one has, since alloc_fail() */

void alloc_fail(unsigned long nth);             /* from now on; 0: none */
unsigned long alloc_count(void);                /* so far */
long alloc_live(void);                          /* not freed yet */
