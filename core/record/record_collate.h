/* Unicode sort keys by the Windows weight table: keys specification, section 6. */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum {
    ESE_RECORD_COLLATE_VERSION = 0x6020f
}; /* NLS version whose weights are compiled in (Windows 10) */

/* Can keys be made by these flags of LCMapString? */
bool ese_record_collate_has_flags(uint32_t flags);

/*
 * Sort key of UTF-16LE `text` with LCMapString flags `flags`. Writes at most `room` bytes and returns the size of the whole key,
 * final 00 included. Other flags than ese_record_collate_has_flags knows are for the caller to refuse.
 */
size_t ese_record_collate(ese_bytes text, uint32_t flags, uint8_t *to, size_t room);

/* True when a key made here orders as keys of the given version (NLS, defined) and sort id do. */
bool ese_record_collate_is_known(uint64_t version, const uint8_t sort_id[16]);

/* Version (NLS, defined) and sort id of the keys made here. */
void ese_record_collate_made_with(uint64_t *version_out, uint8_t sort_id_out[16]);
