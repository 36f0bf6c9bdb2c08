#pragma once
/*
 * doc_text.h - what a comment says, without what makes it one
 *
 * Slashes, stars and the blanks around them are taken off; what is not UTF-8 becomes '?'.
 */
#include "buf.h"

void doc_add_line(struct buf *buf, const char *text, size_t len);
void doc_add_block(struct buf *buf, const char *text, size_t len);
