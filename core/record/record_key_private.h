/* What the files of key normalization share. */
#pragma once

#include "record/record_key.h"

enum {
    ESE_RECORD__KEY_GROUP = 8,     /* bytes of a binary value between two markers */
    ESE_RECORD__SORTKEY = 0x400,   /* LCMAP_SORTKEY */
    ESE_RECORD__UPPERCASE = 0x200, /* LCMAP_UPPERCASE */
};

/* How the values of a column are normalized. */
typedef enum ese_record__key_kind {
    ESE_RECORD__KEY_NONE,   /* no key column */
    ESE_RECORD__KEY_NUMBER, /* everything of one size, GUIDs too */
    ESE_RECORD__KEY_FIXED_BINARY,
    ESE_RECORD__KEY_BINARY, /* this and the following may be empty and are subject to var_seg_mac */
    ESE_RECORD__KEY_LATIN,
    ESE_RECORD__KEY_UNICODE,
} ese_record__key_kind;

ese_record__key_kind ese_record__key_kind_of(const ese_record_key_column *column);

/* Upper-cased UTF-16 unit, by simple mapping. */
uint16_t ese_record__upper(uint16_t unit);
