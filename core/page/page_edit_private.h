/* What the files that change pages share. */
#pragma once

#include "page/page_edit.h"
#include "page/page_private.h"

enum { ESE_PAGE__USED_END_OFFSET = 32 };

/* Bytes that two strings begin with alike. */
static inline size_t
ese_page__count_common(ese_bytes a, ese_bytes b)
{
    size_t most = a.size < b.size ? a.size : b.size;
    size_t n = 0;

    while (n + 8 <= most && ese_load_le64(a.data + n) == ese_load_le64(b.data + n))
        n += 8;
    while (n < most && a.data[n] == b.data[n])
        n++;
    return n;
}

/* A node to be: `flags` with ESE_PAGE_NODE_COMPRESSED exactly when n_prefix != 0. */
typedef struct ese_page__new_node {
    ese_bytes key; /* whole */
    size_t n_prefix;
    ese_bytes data;
    uint8_t flags;
} ese_page__new_node;

/* Puts it before line `line`; there is room. */
void ese_page__put_node(ese_page_mut *page, unsigned line, const ese_page__new_node *node);

/* The size of the common beginning if a node with this key should leave it out, else 0; not for roots. */
size_t ese_page__worthy_prefix(ese_bytes prefix, ese_bytes key);

/* The page that `from` is, without lines and with another tag 0; what it does not use is zero. */
void ese_page__start_over(const ese_page *from, ese_bytes external_header, ese_page_mut *page);

/* The lines of a page that is split, after the operation. */
unsigned ese_page__count_entries(const ese_page *page, const ese_page_split *split);
ese_page_node ese_page__entry(const ese_page *page, const ese_page_split *split, unsigned line);
