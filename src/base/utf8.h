/*
 * utf8.h - UTF-8 (RFC 3629): is it, and how long is the next character.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/rd.h"

/*
 * Bytes of the character at the start of the text: 1 to 4, or 0 when they are not UTF-8
 * (overlong forms, surrogates and numbers above U+10FFFF included) or the text is empty.
 */
size_t utf8_length(struct view text);
bool utf8_valid(struct view text);

#endif
