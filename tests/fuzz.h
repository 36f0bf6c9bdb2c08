#pragma once
/*
 * fuzz.h - what a fuzz harness defines: one function that is given bytes
 *
 * It returns 0, whatever the bytes; a crash, a leak or an abort() is the finding. It depends on
 * nothing but the bytes, so that an input which fails once fails always.
 */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
