/*
 * Text and values between languages and columns. Languages have UTF-8, columns UTF-16 (code page 1200) or one byte a
 * character (code page 1252, and 0, which means the same).
 *
 * A lone surrogate is encoded like any other character (three bytes), so that no text is ever lost or changed.
 */
#pragma once

#include "object_model.h"

enum { ESE_MODEL_CP_UTF16 = 1200, ESE_MODEL_CP_LATIN = 1252 };

/* Units of UTF-16 for one byte of code page 1252; bytes without a character stand for the control of that number. */
uint16_t ese_model_latin_unit(uint8_t byte);

/*
 * Bytes of UTF-8 for a value of a text column, at most 3 for each byte of it. `out` NULL: only their number. Half a unit of
 * UTF-16 at the end (fixed columns of odd width) is the character of that number.
 */
size_t ese_model_utf8_from_column(uint32_t cp, const void *data, size_t size, char *out);

/* False for other code pages: the value stays bytes. */
bool ese_model_is_text(uint32_t cp);

enum { ESE_MODEL__ROOM_MIN = 16 };

/* Bytes, and the memory to free with them. */
typedef struct ese_model_bytes {
    const void *data;
    size_t size;
    void *owned;
    uint8_t room[256]; /* where `data` points for a short value */
} ese_model_bytes;

/* The value as the column stores it. JET_errInvalidParameter when no value of that type can be it. */
JET_ERR ese_model__encode(const ese_model_segment *segment, const ese_model_value *value,
                          ese_model_bytes *bytes_out);

/* The same into room of the caller, of at least as many bytes as ese_model__encoded_room says. NULL has no bytes. */
size_t ese_model__encoded_room(const ese_model_value *value);
JET_ERR ese_model__encode_to(const ese_model_segment *segment, const ese_model_value *value,
                             uint8_t *out, size_t *size_out);
