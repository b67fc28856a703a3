/* The table of handles: full, empty again, and no value given out a second time. */
#include "api_test.h"

#include "api/api_private.h"

#include <stdlib.h>

enum { ROOM = 1 << 18 };

/* Fills the table with cursor handles; returns how many went in. */
static unsigned
fill(uint64_t *handles)
{
    static int object;
    unsigned n = 0;

    while (n < ROOM && ese_api__handle_create(ESE_API__CURSOR, &object, 5, &handles[n]) >= 0)
        n++;
    return n;
}

static int
compare_handles(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void
test_session_handle__no_value_comes_twice(void **state)
{
    uint64_t *handles = malloc(2 * ROOM * sizeof *handles);
    uint64_t owner = 0;
    unsigned n, n_again;

    (void)state;
    assert_non_null(handles);
    n = fill(handles);
    assert_int_equal(n, ROOM);
    for (unsigned i = 0; i < n; i++)
        ese_api__handle_retire(handles[i]);
    n_again = fill(handles + n);
    assert_int_equal(n_again, ROOM);
    for (unsigned i = 0; i < n; i++) {
        assert_true(ese_api__handle_is_past(handles[i]));
        assert_null(ese_api__handle_find(ESE_API__CURSOR, handles[i], &owner));
        assert_non_null(ese_api__handle_find(ESE_API__CURSOR, handles[n + i], &owner));
        assert_int_equal(owner, 5);
        assert_null(ese_api__handle_find(ESE_API__INSTANCE, handles[n + i], &owner));
        ese_api__handle_retire(handles[n + i]);
    }
    qsort(handles, 2 * ROOM, sizeof *handles, compare_handles);
    for (unsigned i = 1; i < 2 * ROOM; i++)
        assert_true(handles[i - 1] < handles[i]);
    assert_true(handles[0] != 0);
    free(handles);
}

static void
test_session_handle__a_full_table_is_out_of_memory(void **state)
{
    uint64_t *handles = malloc(ROOM * sizeof *handles);
    JET_INSTANCE instance = started("full"), other = 77;
    JET_SESID session = begun(instance), duplicate = 77;
    unsigned n;

    (void)state;
    assert_non_null(handles);
    n = fill(handles);
    assert_int_equal(n, ROOM - 2);
    assert_int_equal(JetDupSession(session, &duplicate), JET_errOutOfMemory);
    assert_int_equal(JetCreateInstanceA(&other, "other"), JET_errOutOfMemory);
    assert_int_equal(duplicate, 77);
    for (unsigned i = 0; i < n; i++)
        ese_api__handle_retire(handles[i]);
    assert_ok(JetDupSession(session, &duplicate));
    assert_ok(JetTerm(instance));
    free(handles);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_session_handle__no_value_comes_twice),
        API_TEST(test_session_handle__a_full_table_is_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
