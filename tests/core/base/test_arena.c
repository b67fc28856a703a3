/* Arenas, and the pool that short-lived ones take their blocks from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/fault.h"

enum { N = 600, SIZE = 1000, LARGE = 1 << 20 };

static int
no_fault_and_no_leak(void **state)
{
    (void)state;
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    return ese_alloc_live() == 0 ? 0 : -1;
}

/* Pieces that are zero, and dirty afterwards. */
static void
fill(ese_arena *arena)
{
    for (unsigned i = 0; i < N; i++) {
        uint8_t *piece = NULL;

        assert_int_equal(ese_arena_alloc(arena, SIZE, &piece), JET_errSuccess);
        for (unsigned j = 0; j < SIZE; j++)
            assert_int_equal(piece[j], 0);
        memset(piece, 0xa5, SIZE);
    }
}

static void
test_base_arena__gives_zeros_from_used_blocks(void **state)
{
    ese_arena_pool pool = {0};
    ese_arena first = {.pool = &pool}, second = {.pool = &pool};

    (void)state;
    fill(&first);
    ese_arena_clear(&first);
    fill(&second);
    ese_arena_clear(&second);
    ese_arena_pool_clear(&pool);
}

static void
test_base_arena__needs_no_allocator_for_what_the_pool_has(void **state)
{
    ese_arena_pool pool = {0};
    ese_arena arena = {.pool = &pool};
    static const uint8_t word[] = "word";
    ese_bytes copy = {NULL, 0};

    (void)state;
    fill(&arena);
    ese_arena_clear(&arena);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, true);
    assert_int_equal(ese_arena_copy(&arena, (ese_bytes){word, sizeof word}, &copy), JET_errSuccess);
    assert_memory_equal(copy.data, word, sizeof word);
    assert_int_equal(ese_arena_copy(&arena, (ese_bytes){word, LARGE}, &copy), JET_errOutOfMemory);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    ese_arena_clear(&arena);
    ese_arena_pool_clear(&pool);
}

static void
test_base_arena__keeps_little_of_much(void **state)
{
    ese_arena_pool pool = {0};
    ese_arena arena = {.pool = &pool};
    uint8_t *piece = NULL;
    int64_t kept;

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        fill(&arena);
    assert_int_equal(ese_arena_alloc(&arena, LARGE, &piece), JET_errSuccess);
    ese_arena_clear(&arena);
    kept = ese_alloc_live();
    assert_in_range(kept, 1, N);
    ese_arena_pool_clear(&pool);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_base_arena__gives_zeros_from_used_blocks,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_base_arena__needs_no_allocator_for_what_the_pool_has,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_base_arena__keeps_little_of_much, no_fault_and_no_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
