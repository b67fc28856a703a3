/*
 * Where a page is split, and which keys become the prefixes of the two pages.
 *
 * A page is looked at once: what each line takes and what it has in common with the line before it stand in an outline, from which the
 * best prefix of any range of lines and the bytes such a range takes follow.
 *
 * INV-1  What is chosen fits. Lines that take W bytes beside an old prefix of P bytes take W + P at most beside the best new one: the line
 *        that has most in common with the old prefix shares with each other line at least what the old one did.
 *
 * Format: database-file specification, section 6.4.
 */
#include "page/page_edit_private.h"

enum {
    LINES_MAX = 4096, /* a page has fewer tags, and one line may come */
    TAG_SIZE = 4,
    PREFIX_COST = 2,    /* bytes of the second size of a compressed node */
    ROOT_LINE_SIZE = 6, /* the only line of a root above its first level: an empty key, a child */
    RUN_LENGTH = 3,     /* lines put down one behind the other are no chance */
};

/* The lines after the operation; sizes include tags. */
typedef struct outline {
    unsigned n;
    unsigned room;              /* bytes for tag 0 and lines on the split page */
    unsigned room_new;          /* on the new one */
    unsigned n_prefix;          /* bytes of the old prefix */
    uint16_t weight[LINES_MAX]; /* bytes a line takes beside the old prefix */
    uint16_t size[LINES_MAX];   /* bytes it takes without a prefix */
    uint16_t key_size[LINES_MAX];
    uint16_t common[LINES_MAX]; /* bytes its key has in common with that of the line before */
} outline;

/* ---- The lines ---- */

unsigned
ese_page__count_entries(const ese_page *page, const ese_page_split *split)
{
    return ese_page_line_count(page) + (split->oper == ESE_PAGE_SPLIT_INSERT ? 1 : 0);
}

ese_page_node
ese_page__entry(const ese_page *page, const ese_page_split *split, unsigned line)
{
    bool is_oper = split->oper != ESE_PAGE_SPLIT_NONE && line == split->oper_line;
    bool is_inserted = split->oper == ESE_PAGE_SPLIT_INSERT;
    ese_page_node node;

    if (is_oper && is_inserted)
        return (ese_page_node){
            .suffix = split->oper_key, .data = split->oper_data, .flags = split->oper_flags};
    node = ese_page_line(page, is_inserted && line > split->oper_line ? line - 1 : line);
    if (is_oper) {
        node.data = split->oper_data;
        node.flags = (uint8_t)((node.flags & ESE_PAGE_NODE_COMPRESSED) | split->oper_flags);
    }
    return node;
}

static size_t
common_of_nodes(const ese_page_node *a, const ese_page_node *b)
{
    uint8_t key_a[ESE_PAGE_KEY_MAX], key_b[ESE_PAGE_KEY_MAX];

    if (a->prefix.size == b->prefix.size)
        return a->prefix.size + ese_page__count_common(a->suffix, b->suffix);
    return ese_page__count_common(
        (ese_bytes){key_a, ese_page_node_copy_key(a, key_a, sizeof key_a)},
        (ese_bytes){key_b, ese_page_node_copy_key(b, key_b, sizeof key_b)});
}

static void
describe(const ese_page *page, const ese_page_split *split, outline *o)
{
    unsigned area = page->size - ese_page_header_size(page->size);
    ese_page_node before = {0};

    o->n = ese_page__count_entries(page, split);
    o->n_prefix = (unsigned)ese_page_external_header(page).size;
    o->room_new = area - TAG_SIZE;
    o->room = o->n_prefix + ese_page_free_bytes(page);
    for (unsigned i = 0; i < o->n; i++) {
        ese_page_node node = ese_page__entry(page, split, i);
        size_t key_size = ese_page_node_key_size(&node);
        size_t n_prefix = node.prefix.size;

        if (split->oper == ESE_PAGE_SPLIT_INSERT && i == split->oper_line)
            n_prefix = ese_page_shared_prefix(page, split->oper_key);
        o->weight[i] = (uint16_t)ese_page_node_size(n_prefix, key_size, node.data.size);
        o->size[i] = (uint16_t)ese_page_node_size(0, key_size, node.data.size);
        o->key_size[i] = (uint16_t)key_size;
        o->common[i] = i == 0 ? 0 : (uint16_t)common_of_nodes(&before, &node);
        before = node;
    }
    for (unsigned i = 0; i < ese_page_line_count(page); i++)
        o->room += TAG_SIZE + (ese_load_le16(ese_page_tag(page, i + ese_page_reserved_tags(page))) &
                               ese_page_tag_mask(page));
}

/* ---- Prefixes ---- */

/* Bytes a line saves beside a prefix with which it has `common` bytes in common. */
static unsigned
saving_of(unsigned common)
{
    return common > PREFIX_COST ? common - PREFIX_COST : 0;
}

/*
 * Adds to sums[i - from] what the lines before line i save if its key is the prefix. The bytes two lines have in common are the fewest
 * of all neighbours between them. `narrow` holds those before line i where fewer are common than anywhere between there and i: up to
 * the last of them all lines have the same number in common with i, and beyond it what they have with that one.
 */
static void
sum_savings_before(const outline *o, unsigned from, unsigned to, uint32_t *sums)
{
    uint16_t narrow[LINES_MAX];
    unsigned n = 0;

    sums[0] = 0;
    for (unsigned i = from + 1; i < to; i++) {
        unsigned common = o->common[i];
        unsigned last;

        while (n != 0 && o->common[narrow[n - 1]] >= common)
            n--;
        last = n == 0 ? from : narrow[n - 1];
        sums[i - from] = (i - last) * saving_of(common) + (n == 0 ? 0 : sums[last - from]);
        narrow[n++] = (uint16_t)i;
    }
}

/* The same for the lines behind line i, from the last one down; adds the total to sums. */
static void
add_savings_behind(const outline *o, unsigned from, unsigned to, uint32_t *sums)
{
    uint16_t narrow[LINES_MAX];
    uint32_t behind[LINES_MAX];
    unsigned n = 0;

    behind[to - 1 - from] = 0;
    for (unsigned i = to - 1; i > from; i--) {
        unsigned common = o->common[i]; /* of lines i - 1 and i */
        unsigned first;

        while (n != 0 && o->common[narrow[n - 1]] >= common)
            n--;
        first = n == 0 ? to : narrow[n - 1];
        behind[i - 1 - from] =
            (first - i) * saving_of(common) + (n == 0 ? 0 : behind[first - 1 - from]);
        sums[i - 1 - from] += behind[i - 1 - from];
        narrow[n++] = (uint16_t)i;
    }
}

/* The line of [from, to) whose key, as the prefix, saves most bytes, and the bytes; -1 when none saves any. */
static int
find_best_prefix(const outline *o, unsigned from, unsigned to, unsigned *saved_out)
{
    uint32_t sums[LINES_MAX];
    unsigned most = 0;
    int best = -1;

    sum_savings_before(o, from, to, sums);
    add_savings_behind(o, from, to, sums);
    for (unsigned i = from; i < to; i++) {
        unsigned own = saving_of(o->key_size[i]);
        unsigned saved = sums[i - from] + own;

        if (saved > most + o->key_size[i]) {
            most = saved - o->key_size[i];
            best = (int)i;
        }
    }
    *saved_out = most;
    return best;
}

/* Chooses the prefix of the lines [from, to) and says whether they then fit in `room` bytes. */
static bool
choose_prefix(const outline *o, unsigned from, unsigned to, unsigned room, int *prefix_out)
{
    unsigned saved;
    unsigned bytes = 0;

    *prefix_out = find_best_prefix(o, from, to, &saved);
    for (unsigned i = from; i < to; i++)
        bytes += o->size[i];
    return bytes - saved <= room;
}

static bool
choose_prefixes(const outline *o, unsigned line, ese_page_split *split)
{
    int prefix = -1, new_prefix = -1;

    if (!choose_prefix(o, 0, line, o->room, &prefix) ||
        !choose_prefix(o, line, o->n, o->room_new, &new_prefix))
        return false;
    split->line = line;
    split->prefix_line = prefix;
    split->new_prefix_line = new_prefix < 0 ? -1 : new_prefix - (int)line;
    return true;
}

/* ---- Places to split at ---- */

/*
 * The line nearest to the half by bytes, of those that leave fewer than `most` bytes on the page; 0 when with none of them both
 * pages are sure to fit (INV-1).
 */
static unsigned
find_even_line(const outline *o, unsigned most)
{
    unsigned total = 0, left = 0, best = 0, best_difference = UINT32_MAX;

    for (unsigned i = 0; i < o->n; i++)
        total += o->weight[i];
    for (unsigned line = 1; line < o->n; line++) {
        unsigned right, difference;

        left += o->weight[line - 1];
        right = total - left;
        difference = left > right ? left - right : right - left;
        if (left + o->n_prefix <= most && right + o->n_prefix <= o->room_new &&
            difference < best_difference) {
            best = line;
            best_difference = difference;
        }
    }
    return best;
}

/* The line up to which no more than `most` bytes, prefix included, stay, at most `line`. */
static unsigned
limit_line(const outline *o, unsigned line, unsigned most)
{
    unsigned left = o->n_prefix;

    for (unsigned i = 0; i < line; i++) {
        left += o->weight[i];
        if (left > most)
            return i;
    }
    return line;
}

static unsigned
offset_of_line(const ese_page *page, unsigned line)
{
    return ese_load_le16(ese_page_tag(page, line + ese_page_reserved_tags(page)) + 2) &
           ese_page_tag_mask(page);
}

static unsigned
end_of_line(const ese_page *page, unsigned line)
{
    const uint8_t *tag = ese_page_tag(page, line + ese_page_reserved_tags(page));

    return offset_of_line(page, line) + (ese_load_le16(tag) & ese_page_tag_mask(page));
}

/* Did the lines from `line` on, one after the other in the direction of `step`, come to the page last? New bytes go behind all others. */
static bool
is_run(const ese_page *page, unsigned line, int step)
{
    unsigned end = ese_load_le16(page->bytes + ESE_PAGE__USED_END_OFFSET);

    for (unsigned i = 0; i < RUN_LENGTH; i++) {
        unsigned at = (unsigned)((int)line + step * (int)i);

        if (end_of_line(page, at) != end)
            return false;
        end = offset_of_line(page, at);
    }
    return true;
}

/*
 * Where lines arrive in order, the page they leave behind keeps what it has and the next ones find an empty page before them. 0: this
 * is no such place.
 */
static unsigned
find_hot_line(const ese_page *page, const ese_page_split *split, const outline *o)
{
    unsigned n_before = ese_page_line_count(page);
    unsigned line = split->oper_line;

    /* The end of a level, whose last key is infinite: also for a page that is split before its child is. */
    if ((ese_page_flags(page) & ESE_PAGE_LEAF) == 0)
        return line + 1 == n_before && o->key_size[o->n - 1] == 0 ? line : 0;
    if (split->oper != ESE_PAGE_SPLIT_INSERT)
        return 0;
    if (line >= RUN_LENGTH && is_run(page, line - 1, -1))
        return line + 1 < o->n ? line + 1 : line;
    if (line + RUN_LENGTH <= n_before && is_run(page, line, 1))
        return line + 1;
    return 0;
}

/* Behind all lines of the last leaf, and those are not none. */
static bool
is_append(const ese_page *page, const ese_page_split *split)
{
    const uint32_t levels = ESE_PAGE_ROOT | ESE_PAGE_LEAF;

    return (ese_page_flags(page) & levels) == ESE_PAGE_LEAF && ese_page_next(page) == 0 &&
           split->oper == ESE_PAGE_SPLIT_INSERT && split->oper_line != 0 &&
           split->oper_line == ese_page_line_count(page);
}

/* ---- Choices ---- */

static bool
choose_vertical(const ese_page *page, outline *o, ese_page_split *split)
{
    split->type = ESE_PAGE_SPLIT_VERTICAL;
    split->line = 0;
    split->prefix_line = -1;
    if (o->room < o->n_prefix + TAG_SIZE + ROOT_LINE_SIZE)
        return false;
    if (!choose_prefix(o, 0, o->n, o->room_new, &split->new_prefix_line)) {
        split->oper = ESE_PAGE_SPLIT_NONE;
        describe(page, split, o);
        if (o->n == 0 || !choose_prefix(o, 0, o->n, o->room_new, &split->new_prefix_line))
            return false;
    }
    split->n_lines = o->n;
    return true;
}

/* The new page gets the new line, whose key is its prefix when the line before it would save by it. */
static void
choose_append(const ese_page *page, ese_page_split *split)
{
    unsigned last = split->oper_line;
    unsigned room = page->size - ese_page_header_size(page->size) - TAG_SIZE;
    ese_page_node before = ese_page_line(page, last - 1);
    ese_page_node node = ese_page__entry(page, split, last);
    bool is_worth = saving_of((unsigned)common_of_nodes(&before, &node)) > 0;
    bool fits = ese_page_node_size(0, node.suffix.size, node.data.size) + PREFIX_COST <= room;

    split->type = ESE_PAGE_SPLIT_APPEND;
    split->line = last;
    split->n_lines = last + 1;
    split->prefix_line = -1;
    split->new_prefix_line = is_worth && fits ? 0 : -1;
}

/* Without the operation every line will do, and where it stands is an end of a page afterwards. */
static bool
choose_without_oper(const ese_page *page, outline *o, ese_page_split *split)
{
    unsigned line = split->oper_line;

    split->oper = ESE_PAGE_SPLIT_NONE;
    describe(page, split, o);
    split->n_lines = o->n;
    return line > 0 && line < o->n && choose_prefixes(o, line, split);
}

static bool
choose_right(const ese_page *page, unsigned density, outline *o, ese_page_split *split)
{
    unsigned line = find_hot_line(page, split, o);
    unsigned kept = density >= 100 ? o->room : o->room * density / 100;

    split->type = ESE_PAGE_SPLIT_RIGHT;
    split->n_lines = o->n;
    if (line != 0) {
        line = limit_line(o, line, kept);
        if (line != 0 && choose_prefixes(o, line, split))
            return true;
    }
    line = find_even_line(o, o->room);
    if (line != 0 && choose_prefixes(o, line, split))
        return true;
    line = split->oper_line;
    if (line > 0 && choose_prefixes(o, line, split))
        return true;
    if (line + 1 < o->n && choose_prefixes(o, line + 1, split))
        return true;
    return choose_without_oper(page, o, split);
}

/* All but appends. */
static bool
choose_by_outline(const ese_page *page, unsigned density, ese_page_split *split)
{
    outline o;

    describe(page, split, &o);
    if (split->oper != ESE_PAGE_SPLIT_NONE && o.size[split->oper_line] > o.room_new)
        return false;
    if ((ese_page_flags(page) & ESE_PAGE_ROOT) != 0)
        return choose_vertical(page, &o, split);
    return o.n >= 2 && choose_right(page, density, &o, split);
}

bool
ese_page_split_choose(const ese_page *page, unsigned density, ese_page_split *split_inout)
{
    ese_page_split split = *split_inout;
    size_t node_size = ese_page_node_size(0, split.oper_key.size, split.oper_data.size);

    if (split.oper != ESE_PAGE_SPLIT_NONE &&
        (node_size > ese_page_node_max(page->size) + TAG_SIZE ||
         split.oper_key.size > ESE_PAGE_KEY_MAX))
        return false;
    if (is_append(page, &split))
        choose_append(page, &split);
    else if (!choose_by_outline(page, density, &split))
        return false;
    *split_inout = split;
    return true;
}
