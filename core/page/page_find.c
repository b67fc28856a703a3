/*
 * Keys of a verified page: compared and searched without putting prefix and suffix together.
 */
#include "page/page_private.h"

#include "base/prefetch.h"

enum {
    MANY_LINES = 8, /* of a leaf that is searched: three steps have a line at least */
    FEW_LINES = 6,  /* fewer are wanted all */
};

/* The sought key, and what can be known of it before a line is looked at. */
typedef struct search_target {
    ese_bytes key;
    ese_bytes data;       /* compared where keys are equal; NULL = not compared */
    size_t n_common;      /* bytes that the key shares with the prefix key of the page */
    int prefix_order;     /* order of a node whose prefix is longer than that */
    uint64_t head;        /* target_head of the key from its begin on, and */
    uint64_t head_common; /* from n_common on */
    size_t tail_offset;   /* of `tail` in the key */
    uint8_t tail[16];     /* the last eight bytes of the key, or all of it, and zeros */
} search_target;

static ese_bytes
skip(ese_bytes bytes, size_t n)
{
    return n == 0 ? bytes : (ese_bytes){bytes.data + n, bytes.size - n};
}

/* Order as far as both reach. */
static int
compare_common(ese_bytes a, ese_bytes b)
{
    size_t n = a.size < b.size ? a.size : b.size;

    return n == 0 ? 0 : memcmp(a.data, b.data, n);
}

int
ese_page__compare_pairs(ese_bytes a1, ese_bytes a2, ese_bytes b1, ese_bytes b2)
{
    int order;
    ese_bytes rest;

    if (a1.size > b1.size) {
        order = ese_page__compare_pairs(b1, b2, a1, a2);
        return (order < 0) - (order > 0);
    }
    rest = skip(b1, a1.size);
    order = compare_common(a1, b1);
    if (order == 0)
        order = compare_common(a2, rest);
    if (order != 0)
        return order;
    if (a2.size < rest.size)
        return -1;
    return ese_bytes_compare(skip(a2, rest.size), b2);
}

int
ese_page_node_compare_key(const ese_page_node *node, ese_bytes key)
{
    return ese_page__compare_pairs(node->prefix, node->suffix, key, (ese_bytes){NULL, 0});
}

size_t
ese_page_node_copy_key(const ese_page_node *node, uint8_t *to, size_t room)
{
    size_t n_prefix = node->prefix.size < room ? node->prefix.size : room;
    size_t n_suffix = node->suffix.size < room - n_prefix ? node->suffix.size : room - n_prefix;

    if (n_prefix != 0)
        memcpy(to, node->prefix.data, n_prefix);
    if (n_suffix != 0)
        memcpy(to + n_prefix, node->suffix.data, n_suffix);
    return ese_page_node_key_size(node);
}

static size_t
common_size(ese_bytes a, ese_bytes b)
{
    size_t n = 0;

    while (n < a.size && n < b.size && a.data[n] == b.data[n])
        n++;
    return n;
}

/* Eight bytes of the sought key from `at` on, as a number, zero bytes standing for missing ones. */
static inline uint64_t
target_head(const search_target *target, size_t at)
{
    return ese_load_be64(at + 8 <= target->key.size ? target->key.data + at
                                                    : target->tail + (at - target->tail_offset));
}

static void
make_target(const ese_page *page, ese_bytes key, search_target *target_out)
{
    ese_bytes prefix_key = ese_page_external_header(page);
    size_t n = common_size(prefix_key, key);

    target_out->key = key;
    target_out->data = (ese_bytes){NULL, 0};
    target_out->n_common = n;
    target_out->prefix_order =
        n < prefix_key.size && n < key.size && prefix_key.data[n] < key.data[n] ? -1 : 1;
    target_out->tail_offset = key.size > 8 ? key.size - 8 : 0;
    memset(target_out->tail, 0, sizeof target_out->tail);
    if (key.size >= 8)
        memcpy(target_out->tail, key.data + target_out->tail_offset, 8);
    else if (key.size != 0)
        memcpy(target_out->tail, key.data, key.size);
    target_out->head = target_head(target_out, 0);
    target_out->head_common = target_head(target_out, n);
}

/* Order of a node relative to the target: two numbers are compared where eight or sixteen bytes decide. */
static inline int
compare_node(const ese_page_node *node, const search_target *target)
{
    size_t at = node->prefix.size;
    ese_bytes suffix = node->suffix;
    uint64_t head, sought;
    int order;

    if (at > target->n_common)
        return target->prefix_order;
    head = ese_page__suffix_head(suffix);
    sought = target_head(target, at);
    if (head == sought && suffix.size > 8 && target->key.size - at > 8) {
        at += 8;
        suffix = skip(suffix, 8);
        head = ese_page__suffix_head(suffix);
        sought = target_head(target, at);
    }
    if (head != sought)
        return head < sought ? -1 : 1;
    order = ese_page__compare_behind_head(suffix, skip(target->key, at));
    if (order == 0 && target->data.data != NULL)
        order = ese_bytes_compare(node->data, target->data);
    return order;
}

/* Lines that take part in a search: not the one whose key is infinite. */
static unsigned
count_finite_lines(const ese_page *page)
{
    unsigned n = ese_page_line_count(page);
    ese_page_node last;

    if (n == 0 || (ese_page_flags(page) & ESE_PAGE_LEAF) != 0)
        return n;
    last = ese_page_line(page, n - 1);
    return ese_page_node_key_size(&last) == 0 ? n - 1 : n;
}

/* Where the lines of a page are: the part of decoding one that is the same for all. */
typedef struct line_places {
    const uint8_t *tags; /* of line 0; those of the others lie below it */
    const uint8_t *base; /* of offsets */
    unsigned mask;
    bool is_large;
} line_places;

static line_places
places_of(const ese_page *page)
{
    return (line_places){
        .tags = ese_page_tag(page, ese_page_reserved_tags(page)),
        .base = page->bytes + ese_page_header_size(page->size),
        .mask = ese_page_tag_mask(page),
        .is_large = ese_page_is_large(page),
    };
}

/* All that a line says, when its head is not enough. */
static bool
is_before_in_full(const ese_page *page, unsigned line, const search_target *target, int least)
{
    ese_page_node node = ese_page_line(page, line);

    return compare_node(&node, target) < least;
}

/*
 * Is the order of a line relative to the target less than `least` (0 or 1)? The first eight bytes of the suffix nearly always tell, so that only what they need is
 * decoded.
 */
static inline bool
is_before(const ese_page *page, const line_places *places, unsigned line,
          const search_target *target, int least)
{
    const uint8_t *tag = places->tags - 4 * (size_t)line;
    unsigned offset = ese_load_le16(tag + 2);
    const uint8_t *at = places->base + (offset & places->mask);
    unsigned flags = places->is_large ? at[1] >> 5 : offset >> 13;
    uint64_t head, sought = target->head;

    if ((flags & ESE_PAGE_NODE_COMPRESSED) != 0) {
        size_t n_prefix = ese_load_le16(at) & ESE_PAGE_NODE_SIZE_MASK;

        if (n_prefix > target->n_common)
            return target->prefix_order < least;
        at += 2;
        sought = n_prefix == target->n_common ? target->head_common : target_head(target, n_prefix);
    }
    head = ese_page__suffix_head((ese_bytes){at + 2, ese_load_le16(at) & ESE_PAGE_NODE_SIZE_MASK});
    return head != sought ? head < sought : is_before_in_full(page, line, target, least);
}

static inline void
fetch_line(const line_places *places, unsigned line)
{
    const uint8_t *tag = places->tags - 4 * (size_t)line;

    ese_prefetch(places->base + (ese_load_le16(tag + 2) & places->mask));
}

/* The first three lines that a search among `n` from `from` on may look at. */
static inline void
fetch_two_steps(const line_places *places, unsigned from, unsigned n)
{
    unsigned half = n / 2;

    fetch_line(places, from + half);
    fetch_line(places, from + half / 2);
    fetch_line(places, from + half + 1 + (n - half - 1) / 2);
}

/*
 * The lines of a leaf are seldom in the processor's cache, and each step of a search would wait for another one: those that the first steps may look at
 * are asked for together, and so are the last ones.
 */
static void
fetch_first_steps(const line_places *places, unsigned n)
{
    unsigned half = n / 2;

    if (n < MANY_LINES)
        return;
    fetch_line(places, half);
    fetch_two_steps(places, 0, half);
    fetch_two_steps(places, half + 1, n - half - 1);
}

/* First line whose order relative to the target is at least `least`. In each step it is one of `n` lines from `from` on, or the one behind them. */
static unsigned
find_first(const ese_page *page, const search_target *target, int least)
{
    const line_places places = places_of(page);
    const bool is_leaf = (ese_page_flags(page) & ESE_PAGE_LEAF) != 0;
    unsigned from = 0;
    unsigned n = count_finite_lines(page);

    if (is_leaf)
        fetch_first_steps(&places, n);
    while (n > 0) {
        unsigned half = n / 2;

        if (is_before(page, &places, from + half, target, least)) {
            from += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
        if (is_leaf && n < FEW_LINES && half >= FEW_LINES / 2) {
            for (unsigned i = 0; i < n; i++)
                fetch_line(&places, from + i);
        }
    }
    return from;
}

/*
 * On an internal page of a non-unique tree key and data are sought as one string. One byte more
 * than a separator can have is enough of it: what is longer than every separator needs no end.
 */
static unsigned
find_joined(const ese_page *page, ese_bytes key, ese_bytes data, int least)
{
    uint8_t joined[ESE_PAGE_KEY_MAX + 1];
    size_t n_key = key.size < sizeof joined ? key.size : sizeof joined;
    size_t n_data = data.size < sizeof joined - n_key ? data.size : sizeof joined - n_key;
    search_target target;

    if (n_key != 0)
        memcpy(joined, key.data, n_key);
    if (n_data != 0)
        memcpy(joined + n_key, data.data, n_data);
    make_target(page, (ese_bytes){joined, n_key + n_data}, &target);
    return find_first(page, &target, least);
}

static unsigned
find(const ese_page *page, ese_bytes key, ese_bytes data, int least)
{
    uint32_t flags = ese_page_flags(page);
    bool has_data = data.data != NULL && (flags & ESE_PAGE_NON_UNIQUE) != 0;
    search_target target;

    if (has_data && (flags & ESE_PAGE_LEAF) == 0)
        return find_joined(page, key, data, least);
    make_target(page, key, &target);
    if (has_data)
        target.data = data;
    return find_first(page, &target, least);
}

unsigned
ese_page_find_ge(const ese_page *page, ese_bytes key, ese_bytes data)
{
    return find(page, key, data, 0);
}

unsigned
ese_page_find_gt(const ese_page *page, ese_bytes key, ese_bytes data)
{
    return find(page, key, data, 1);
}

bool
ese_page_is_between(const ese_page *page, unsigned line, ese_bytes key, ese_bytes data)
{
    search_target target;

    make_target(page, key, &target);
    if ((ese_page_flags(page) & ESE_PAGE_NON_UNIQUE) != 0)
        target.data = data;
    return (line == 0 || is_before_in_full(page, line - 1, &target, 0)) &&
           (line == ese_page_line_count(page) || !is_before_in_full(page, line, &target, 1));
}
