/*
 * Sums that do not depend on order. Two independent 64-bit hashes of each entry are added up: sets that differ have
 * equal sums only with a chance of about 2^-128, and never because two entries changed places.
 */
#include "maint/maint_private.h"

static const uint64_t multiplier_a = 0x9e3779b97f4a7c15u;
static const uint64_t multiplier_b = 0xd6e8feb86659fd93u;

static uint64_t
mix(uint64_t hash, uint64_t value, uint64_t multiplier)
{
    hash = (hash ^ value) * multiplier;
    hash ^= hash >> 32;
    hash *= multiplier;
    return hash ^ hash >> 29;
}

static uint64_t
hash_bytes(uint64_t hash, ese_bytes bytes, uint64_t multiplier)
{
    const uint8_t *at = bytes.data;
    size_t left = bytes.size;
    uint64_t tail = 0;

    for (; left >= 8; at += 8, left -= 8)
        hash = mix(hash, ese_load_le64(at), multiplier);
    for (size_t i = 0; i < left; i++)
        tail |= (uint64_t)at[i] << 8 * i;
    return mix(hash, tail ^ (uint64_t)bytes.size << 56, multiplier);
}

void
ese_maint__sum_add(ese_maint__sum *sum, ese_bytes key, ese_bytes bookmark)
{
    sum->a += hash_bytes(hash_bytes(1, key, multiplier_a), bookmark, multiplier_a);
    sum->b += hash_bytes(hash_bytes(2, key, multiplier_b), bookmark, multiplier_b);
    sum->n++;
}

void
ese_maint__sum_add_number(ese_maint__sum *sum, uint64_t number, uint32_t times)
{
    sum->a += mix(1, number, multiplier_a) * times;
    sum->b += mix(2, number, multiplier_b) * times;
    sum->n += times;
}

bool
ese_maint__sum_equal(const ese_maint__sum *a, const ese_maint__sum *b)
{
    return a->a == b->a && a->b == b->b && a->n == b->n;
}
