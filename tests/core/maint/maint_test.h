/* What the tests of maintenance share: a damaged copy of a fixture, and the findings about it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ese.h"
#include "maint/maint.h"
#include "test_fixture.h"
#include "test_image.h"

#include <stdio.h>
#include <string.h>

enum { FINDINGS_MAX = 64 };

typedef struct recorded {
    ese_maint_severity severity;
    ese_maint_area area;
    uint32_t pgno;
    char table[64], index[64], text[200];
} recorded;

typedef struct findings {
    unsigned n;
    recorded found[FINDINGS_MAX];
    ese_maint_summary summary;
    JET_ERR err;
} findings;

static inline void
record_finding(void *self, const ese_maint_finding *finding)
{
    findings *all = self;
    recorded *to = &all->found[all->n < FINDINGS_MAX ? all->n : FINDINGS_MAX - 1];

    all->n++;
    to->severity = finding->severity;
    to->area = finding->area;
    to->pgno = finding->pgno;
    snprintf(to->table, sizeof to->table, "%s", finding->table == NULL ? "" : finding->table);
    snprintf(to->index, sizeof to->index, "%s", finding->index == NULL ? "" : finding->index);
    snprintf(to->text, sizeof to->text, "%s", finding->text);
}

static inline findings
check_path(const char *path)
{
    findings all = {0};
    ese_maint_watcher watcher = {&all, record_finding, NULL};

    all.err = ese_maint_check(path, &watcher, &all.summary);
    return all;
}

static inline void
print_findings(const findings *all)
{
    for (unsigned i = 0; i < all->n && i < FINDINGS_MAX; i++)
        print_message("  area %d, page %u, table %s, index %s: %s\n", (int)all->found[i].area,
                      (unsigned)all->found[i].pgno, all->found[i].table, all->found[i].index,
                      all->found[i].text);
}

/* The first finding of the area whose text contains the words; fails the test when there is none. */
static inline const recorded *
expect_finding(const findings *all, ese_maint_area area, const char *words)
{
    for (unsigned i = 0; i < all->n && i < FINDINGS_MAX; i++) {
        if (all->found[i].area == area && strstr(all->found[i].text, words) != NULL)
            return &all->found[i];
    }
    print_findings(all);
    fail_msg("no finding in area %d says '%s'", (int)area, words);
    return NULL;
}

/* ---- Pages of a fixture ---- */

typedef struct wanted_page {
    ese_maint_use use;
    const char *table, *index; /* index NULL: the table, or its long values */
    bool is_long_value;
    uint32_t pgno; /* out: the first such page with a line, leaf pages only; 0 = none */
} wanted_page;

static inline bool
is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static inline JET_ERR
match_page(void *self, const ese_maint_page *page)
{
    wanted_page *wanted = self;

    if (wanted->pgno == 0 && page->use == wanted->use && is_same(page->table, wanted->table) &&
        is_same(page->index, wanted->index) && page->is_long_value == wanted->is_long_value &&
        (page->state != ESE_MAINT_PAGE_GOOD || (page->level == 0 && page->n_lines != 0)))
        wanted->pgno = page->pgno;
    return JET_errSuccess;
}

static inline uint32_t
find_page(const char *path, wanted_page wanted)
{
    ese_maint_page_visitor visitor = {&wanted, match_page, NULL};

    TEST_OK(ese_maint_list_pages(path, &visitor));
    assert_int_not_equal(wanted.pgno, 0);
    return wanted.pgno;
}

/* ---- A damaged copy ---- */

typedef struct copy {
    test_image image;
    int64_t live;
} copy;

/* Copies a fixture; the test is left when there is no Python to make it. */
static inline void
copy_open(copy *made, const char *fixture)
{
    const char *path = test_fixture(fixture);

    if (path == NULL)
        skip();
    made->live = ese_live_allocations();
    assert_true(test_image_open(&made->image, path));
}

static inline void
copy_close(copy *made)
{
    test_image_close(&made->image);
    assert_int_equal(ese_live_allocations(), made->live);
}

/* The two bytes of the offset in the tag of a line; small pages only, whose top bits are the flags of the node. */
static inline uint8_t *
tag_offset(const copy *made, uint32_t pgno, unsigned line)
{
    return test_image_page(&made->image, pgno) + made->image.page_size - 4 * (line + 2) + 2;
}

static inline ese_page
page_of(const copy *made, uint32_t pgno)
{
    return (ese_page){test_image_page(&made->image, pgno), made->image.page_size, pgno};
}
