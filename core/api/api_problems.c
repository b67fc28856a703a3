/* The pages of a damaged file that were left out. Each is told once, however often it is met. */
#include "api/api_database.h"

#include <stdio.h>

enum { PROBLEMS_MAX = 1 << 16 };

void
ese_api_problems_init(ese_api_problems *problems)
{
    ese_os_mutex_init(&problems->lock);
}

void
ese_api_problems_destroy(ese_api_problems *problems)
{
    ese_free(&problems->items);
    ese_os_mutex_destroy(&problems->lock);
}

static bool
is_known_locked(const ese_api_problems *problems, uint32_t pgno, JET_ERR err)
{
    for (uint32_t i = 0; i < problems->n; i++) {
        if (problems->items[i].pgno == pgno && problems->items[i].err == err)
            return true;
    }
    return false;
}

static bool
make_room_locked(ese_api_problems *problems)
{
    uint32_t capacity = problems->capacity == 0 ? 16 : problems->capacity * 2;

    if (problems->n < problems->capacity)
        return true;
    if (problems->capacity >= PROBLEMS_MAX)
        return false;
    if (ese_realloc(capacity * sizeof *problems->items, &problems->items) < JET_errSuccess)
        return false;
    problems->capacity = capacity;
    return true;
}

void
ese_api_problems_add(ese_api_problems *problems, uint32_t pgno, JET_ERR err, const char *text)
{
    ese_os_mutex_lock(&problems->lock);
    if (!is_known_locked(problems, pgno, err)) {
        if (make_room_locked(problems)) {
            ese_problem *problem = &problems->items[problems->n++];

            problem->pgno = pgno;
            problem->err = err;
            snprintf(problem->text, sizeof problem->text, "%s", text);
        } else {
            problems->n_lost++;
        }
    }
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
