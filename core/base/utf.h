/*
 * Text conversion between UTF-8 (the A functions), UTF-16 (the W functions, columns of code page
 * 1200) and code page 1252 (names in the catalog, columns of code page 1252).
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

/*
 * They write at most `room` units, no terminator, and return the units the whole text needs.
 * Lone surrogates become U+FFFD in UTF-8; invalid UTF-8 gives JET_errUnicodeTranslationFail.
 */
JET_ERR ese_utf8_to_utf16(const char *from, size_t n, char16_t *to, size_t room, size_t *n_out);
/* A text as the disk has it, with its terminator; freed with ese_free. Errors as above, JET_errOutOfMemory. */
JET_ERR ese_utf8_to_utf16_stored(const char *from, uint8_t **bytes_out, size_t *size_out);
size_t ese_utf16_to_utf8(const uint8_t *from_le, size_t n_units, char *to, size_t room);
size_t ese_cp1252_to_utf8(const uint8_t *from, size_t n, char *to, size_t room);

/*
 * The inverse: JET_errUnicodeTranslationFail for invalid UTF-8, and for characters that code page 1252 does not have.
 */
JET_ERR ese_utf8_to_cp1252(const char *from, size_t n, uint8_t *to, size_t room, size_t *n_out);

/* Unicode code point of one byte of code page 1252; the five undefined bytes map to the control of
 * the same number. */
uint16_t ese_cp1252_to_unicode(uint8_t c);
