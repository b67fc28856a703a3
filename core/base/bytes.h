/*
 * Unaligned little- and big-endian access, and the (pointer, length) pair used all over the engine.
 * Nothing here checks bounds: the caller has proved that the bytes exist.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct ese_bytes {
    const uint8_t *data; /* NULL only when size is 0 */
    size_t size;
} ese_bytes;

static inline uint16_t
ese_load_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
ese_load_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t
ese_load_le64(const uint8_t *p)
{
    return (uint64_t)ese_load_le32(p) | (uint64_t)ese_load_le32(p + 4) << 32;
}

static inline uint32_t
ese_load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline uint64_t
ese_load_be64(const uint8_t *p)
{
    return (uint64_t)ese_load_be32(p) << 32 | (uint64_t)ese_load_be32(p + 4);
}

static inline void
ese_store_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void
ese_store_le32(uint8_t *p, uint32_t v)
{
    ese_store_le16(p, (uint16_t)v);
    ese_store_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void
ese_store_le64(uint8_t *p, uint64_t v)
{
    ese_store_le32(p, (uint32_t)v);
    ese_store_le32(p + 4, (uint32_t)(v >> 32));
}

static inline void
ese_store_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void
ese_store_be32(uint8_t *p, uint32_t v)
{
    ese_store_be16(p, (uint16_t)(v >> 16));
    ese_store_be16(p + 2, (uint16_t)v);
}

static inline void
ese_store_be64(uint8_t *p, uint64_t v)
{
    ese_store_be32(p, (uint32_t)(v >> 32));
    ese_store_be32(p + 4, (uint32_t)v);
}

/* The engine's key order: unsigned bytes, a proper prefix is smaller. Returns <0, 0 or >0. */
static inline int
ese_bytes_compare(ese_bytes a, ese_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}
