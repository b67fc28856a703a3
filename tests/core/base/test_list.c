/* The intrusive list: order, removal, walking while removing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

enum { N_ITEMS = 5 };

typedef struct item {
    int number;
    ese_list link;
} item;

typedef struct fixture {
    ese_list list;
    item items[N_ITEMS];
} fixture;

static void
fill(fixture *f)
{
    ese_list_init(&f->list);
    for (int i = 0; i < N_ITEMS; i++) {
        f->items[i].number = i;
        ese_list_append(&f->list, &f->items[i].link);
    }
}

static void
test_base_list__keeps_the_order_of_appending(void **state)
{
    fixture f;
    int expected = 0;

    (void)state;
    fill(&f);
    ESE_LIST_FOREACH (link, &f.list) {
        assert_int_equal(ESE_LIST_ENTRY(link, item, link)->number, expected);
        expected++;
    }
    assert_int_equal(expected, N_ITEMS);
}

static void
test_base_list__is_empty_only_without_elements(void **state)
{
    fixture f;

    (void)state;
    fill(&f);
    for (int i = 0; i < N_ITEMS; i++) {
        assert_false(ese_list_is_empty(&f.list));
        ese_list_remove(&f.items[i].link);
    }
    assert_true(ese_list_is_empty(&f.list));
}

static void
test_base_list__removing_twice_changes_nothing(void **state)
{
    fixture f;

    (void)state;
    fill(&f);
    ese_list_remove(&f.items[2].link);
    ese_list_remove(&f.items[2].link);
    assert_ptr_equal(f.items[1].link.next, &f.items[3].link);
    assert_ptr_equal(f.items[3].link.prev, &f.items[1].link);
    ese_list_append(&f.list, &f.items[2].link);
    assert_ptr_equal(f.list.prev, &f.items[2].link);
}

static void
test_base_list__can_be_emptied_while_walked(void **state)
{
    fixture f;
    int n = 0;

    (void)state;
    fill(&f);
    ESE_LIST_FOREACH_SAFE (link, after, &f.list) {
        ese_list_remove(link);
        n++;
    }
    assert_int_equal(n, N_ITEMS);
    assert_true(ese_list_is_empty(&f.list));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_list__keeps_the_order_of_appending),
        cmocka_unit_test(test_base_list__is_empty_only_without_elements),
        cmocka_unit_test(test_base_list__removing_twice_changes_nothing),
        cmocka_unit_test(test_base_list__can_be_emptied_while_walked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
