/*
 * Pages of a database that an old record could not find, because they were given up later in the log: trimmed, cut off, freed. What is left of them at the
 * end is damage. Recovery specification, section 5.10.
 */
#include "recovery/recovery_private.h"

enum { FIRST_ROOM = 64 };

static size_t
slot_of(const ese_recovery__lost_map *map, ese_pgno pgno)
{
    size_t i = (pgno * (size_t)2654435761u) & (map->room - 1);

    while (map->slots[i].pgno != 0 && map->slots[i].pgno != pgno)
        i = (i + 1) & (map->room - 1);
    return i;
}

static JET_ERR
grow(ese_recovery__lost_map *map)
{
    ese_recovery__lost_map larger = {.room = map->room == 0 ? FIRST_ROOM : 2 * map->room};
    JET_ERR err;

    ESE_TRY(ese_alloc(larger.room * sizeof *larger.slots, &larger.slots));
    for (size_t i = 0; i < map->room; i++) {
        if (map->slots[i].pgno != 0)
            larger.slots[slot_of(&larger, map->slots[i].pgno)] = map->slots[i];
    }
    larger.n = map->n;
    ese_free(&map->slots);
    *map = larger;
out:
    return err;
}

JET_ERR
ese_recovery__lost_add(ese_recovery__lost_map *map, ese_pgno pgno, JET_ERR why)
{
    JET_ERR err = JET_errSuccess;
    size_t i;

    if (2 * (map->n + 1) > map->room)
        ESE_TRY(grow(map));
    i = slot_of(map, pgno);
    if (map->slots[i].pgno == 0) { /* the first reason is the one that counts */
        map->slots[i] = (ese_recovery__lost){pgno, why};
        map->n++;
    }
out:
    return err;
}

bool
ese_recovery__lost_has(const ese_recovery__lost_map *map, ese_pgno pgno)
{
    return map->n != 0 && map->slots[slot_of(map, pgno)].pgno != 0;
}

/* Empties a slot and brings those behind it, which it may have kept from their place, nearer. */
static void
empty_slot(ese_recovery__lost_map *map, size_t i)
{
    size_t mask = map->room - 1;

    map->slots[i].pgno = 0;
    map->n--;
    for (size_t j = (i + 1) & mask; map->slots[j].pgno != 0; j = (j + 1) & mask) {
        ese_recovery__lost moved = map->slots[j];

        map->slots[j].pgno = 0;
        map->slots[slot_of(map, moved.pgno)] = moved;
    }
}

void
ese_recovery__lost_drop(ese_recovery__lost_map *map, ese_pgno first, uint32_t n_pages)
{
    size_t i = 0;

    if (n_pages == 1) {
        if (ese_recovery__lost_has(map, first))
            empty_slot(map, slot_of(map, first));
        return;
    }
    while (i < map->room && map->n != 0) {
        ese_pgno pgno = map->slots[i].pgno;

        if (pgno != 0 && pgno >= first && pgno - first < n_pages)
            empty_slot(map, i); /* another one may have come into it */
        else
            i++;
    }
}

const ese_recovery__lost *
ese_recovery__lost_any(const ese_recovery__lost_map *map)
{
    for (size_t i = 0; i < map->room; i++) {
        if (map->slots[i].pgno != 0)
            return &map->slots[i];
    }
    return NULL;
}

void
ese_recovery__lost_clear(ese_recovery__lost_map *map)
{
    ese_free(&map->slots);
    *map = (ese_recovery__lost_map){0};
}
