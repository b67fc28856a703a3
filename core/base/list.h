/*
 * Intrusive doubly linked list: the node is a member of the element, the list is owned by the
 * parent. A node that is in no list points to itself, so removal is idempotent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct ese_list {
    struct ese_list *next;
    struct ese_list *prev;
} ese_list;

static inline void
ese_list_init(ese_list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool
ese_list_is_empty(const ese_list *list)
{
    return list->next == list;
}

static inline void
ese_list_append(ese_list *list, ese_list *node)
{
    node->prev = list->prev;
    node->next = list;
    list->prev->next = node;
    list->prev = node;
}

static inline void
ese_list_remove(ese_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    ese_list_init(node);
}

/* The element of `type` whose member `member` is `node`. */
#define ESE_LIST_ENTRY(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

#define ESE_LIST_FOREACH(node, list)                                                               \
    for (ese_list *node = (list)->next; node != (list); node = node->next)

/* As above, for a body that may remove `node`. */
#define ESE_LIST_FOREACH_SAFE(node, after, list)                                                   \
    for (ese_list *node = (list)->next, *after = node->next; node != (list);                       \
         node = after, after = node->next)
