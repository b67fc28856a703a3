/* What the files that change pages share. */
#pragma once

#include "page/page_edit.h"
#include "page/page_private.h"

/* A node to be: `flags` with ESE_PAGE_NODE_COMPRESSED exactly when n_prefix != 0. */
typedef struct ese_page__new_node {
    ese_bytes key; /* whole */
    size_t n_prefix;
    ese_bytes data;
    uint8_t flags;
} ese_page__new_node;

/* Puts it before line `line`; there is room. */
void ese_page__put_node(ese_page_mut *page, unsigned line, const ese_page__new_node *node);
