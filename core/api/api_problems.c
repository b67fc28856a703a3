/* The pages of a damaged file that were left out. Each is told once, however often it is met. */
#include "api/api_database.h"

#include <stdio.h>

enum { PROBLEMS_MIN = 16, PROBLEMS_MAX = 1 << 16 /* powers of two */ };

void
ese_api_problems_init(ese_api_problems *problems)
{
    ese_os_mutex_init(&problems->lock);
}

void
ese_api_problems_destroy(ese_api_problems *problems)
{
    ese_free(&problems->items);
    ese_free(&problems->places);
    ese_os_mutex_destroy(&problems->lock);
}

/*
 * Where the problem stands in the table of places, or the free slot for it. A damaged file can have as many problems as pages, and each
 * is met again and again: they are not looked through one by one. The table is twice as large as the array.
 */
static uint32_t *
find_slot_locked(const ese_api_problems *problems, uint32_t pgno, JET_ERR err)
{
    uint32_t mask = 2 * problems->capacity - 1;
    uint32_t at = (pgno * 0x9e3779b1u ^ (uint32_t)err * 0x85ebca6bu) & mask;

    for (; problems->places[at] != 0; at = (at + 1) & mask) {
        const ese_problem *problem = &problems->items[problems->places[at] - 1];

        if (problem->pgno == pgno && problem->err == err)
            break;
    }
    return &problems->places[at];
}

static bool
grow_locked(ese_api_problems *problems)
{
    uint32_t capacity = problems->capacity == 0 ? PROBLEMS_MIN : problems->capacity * 2;
    uint32_t *places = NULL;

    if (problems->capacity >= PROBLEMS_MAX ||
        ese_alloc(2 * capacity * sizeof *places, &places) < JET_errSuccess)
        return false;
    if (ese_realloc(capacity * sizeof *problems->items, &problems->items) < JET_errSuccess) {
        ese_free(&places);
        return false;
    }
    ese_free(&problems->places);
    problems->places = places;
    problems->capacity = capacity;
    for (uint32_t i = 0; i < problems->n; i++)
        *find_slot_locked(problems, problems->items[i].pgno, problems->items[i].err) = i + 1;
    return true;
}

static void
add_locked(ese_api_problems *problems, uint32_t pgno, JET_ERR err, const char *text)
{
    ese_problem *problem;

    if (problems->capacity != 0 && *find_slot_locked(problems, pgno, err) != 0)
        return;
    if (problems->n == problems->capacity && !grow_locked(problems)) {
        problems->n_lost++;
        return;
    }
    *find_slot_locked(problems, pgno, err) = problems->n + 1;
    problem = &problems->items[problems->n++];
    problem->pgno = pgno;
    problem->err = err;
    snprintf(problem->text, sizeof problem->text, "%s", text);
}

void
ese_api_problems_add(ese_api_problems *problems, uint32_t pgno, JET_ERR err, const char *text)
{
    ese_os_mutex_lock(&problems->lock);
    add_locked(problems, pgno, err, text);
    ese_os_mutex_unlock(&problems->lock);
}

/* What could not be recorded is told as one last problem. */
bool
ese_api_problems_get(ese_api_problems *problems, uint32_t index, ese_problem *problem_out)
{
    bool exists;

    ese_os_mutex_lock(&problems->lock);
    exists = index < problems->n;
    if (exists) {
        *problem_out = problems->items[index];
    } else if (index == problems->n && problems->n_lost != 0) {
        exists = true;
        *problem_out = (ese_problem){.err = JET_errOutOfMemory};
        snprintf(problem_out->text, sizeof problem_out->text,
                 "%u more problems were met and not recorded", (unsigned)problems->n_lost);
    }
    ese_os_mutex_unlock(&problems->lock);
    return exists;
}
