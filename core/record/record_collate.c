/*
 * Sort keys: for each level of comparison the weights of all characters, levels separated by 01, 00 at the end.
 *   primary 01 diacritic 01 case 01 extra (kana) 01 special (hyphens, apostrophes) 00
 *
 * INV-1  No memory: the text is walked once per level, and a level that adds nothing is known from the first walk.
 *        Common text (default flags, no accents, no hyphen) is therefore walked once.
 * INV-2  The key is written as far as there is room, and measured to its end.
 */
#include "record/record_collate.h"
#include "record/record_collate_private.h"

/* LCMapString flags. */
enum {
    LCMAP_UPPERCASE = 0x200,
    LCMAP_SORTKEY = 0x400,
    LCMAP_BYTEREV = 0x800,
    NORM_IGNORECASE = 0x1,
    NORM_IGNORENONSPACE = 0x2,
    NORM_IGNORESYMBOLS = 0x4,
    SORT_STRINGSORT = 0x1000,
    NORM_IGNOREKANATYPE = 0x10000,
    NORM_IGNOREWIDTH = 0x20000,
};

/* Scripts with a meaning of their own. */
enum {
    SCRIPT_NONE = 0,
    SCRIPT_MARK = 1,
    SCRIPT_KANA_SPECIAL = 3,
    SCRIPT_IDEOGRAPH = 5,
    SCRIPT_PUNCTUATION = 6,
    SCRIPT_SYMBOL_FIRST = 7,
    SCRIPT_SYMBOL_LAST = 12,
    SCRIPT_KANA = 0x22,
};

/* Bits of the case weight. */
enum {
    CASE_FULL_WIDTH = 0x01,
    CASE_UPPER = 0x18,
    CASE_HIRAGANA = 0x20,
    CASE_ALL = 0x3f,
};

enum {
    SEPARATOR = 1,
    WEIGHT_MIN = 2,  /* weights up to this one carry no information at the end of a level */
    KANA_LENGTH = 1, /* alphabetic weight of length marks; 0 is that of repetition marks */
    KANA_ALONE = 0xff,
    KANA_EXTRA = 0xc4,
    EXTRA_SEPARATOR = 0xff,
};

/* A character that sorts as two others. The second may itself be one. */
typedef struct expansion {
    uint16_t unit, first, second;
} expansion;

static const expansion expansions[] = {
    {0x00c6, 'A', 'E'},       {0x00de, 'T', 'H'},       {0x00df, 's', 's'},
    {0x00e6, 'a', 'e'},       {0x00fe, 't', 'h'},       {0x0132, 'I', 'J'},
    {0x0133, 'i', 'j'},       {0x0152, 'O', 'E'},       {0x0153, 'o', 'e'},
    {0x01c4, 'D', 0x017d},    {0x01c5, 'D', 0x017e},    {0x01c6, 'd', 0x017e},
    {0x01c7, 'L', 'J'},       {0x01c8, 'L', 'j'},       {0x01c9, 'l', 'j'},
    {0x01ca, 'N', 'J'},       {0x01cb, 'N', 'j'},       {0x01cc, 'n', 'j'},
    {0x01f1, 'D', 'Z'},       {0x01f2, 'D', 'z'},       {0x01f3, 'd', 'z'},
    {0x0587, 0x0565, 0x0582}, {0x05f0, 0x05d5, 0x05d5}, {0x05f1, 0x05d5, 0x05d9},
    {0x05f2, 0x05d9, 0x05d9}, {0xfb00, 'f', 'f'},       {0xfb01, 'f', 'i'},
    {0xfb02, 'f', 'l'},       {0xfb03, 'f', 0xfb01},    {0xfb04, 'f', 0xfb02},
    {0xfb05, 0x017f, 't'},    {0xfb06, 's', 't'},       {0xfb13, 0x0574, 0x0576},
    {0xfb14, 0x0574, 0x0565}, {0xfb15, 0x0574, 0x056b}, {0xfb16, 0x057e, 0x0576},
    {0xfb17, 0x0574, 0x056d}, {0xfb4f, 0x05d0, 0x05dc},
};

typedef struct sort_weight {
    uint8_t script, alphabetic, diacritic, letter_case;
} sort_weight;

/* What a character does to the levels. */
typedef enum sort_role {
    ROLE_SKIP,
    ROLE_LETTER,
    ROLE_IDEOGRAPH,
    ROLE_MARK,    /* changes the diacritic weight of the character before */
    ROLE_SPECIAL, /* only its place counts, after everything else */
    ROLE_KANA,
} sort_role;

typedef struct walk {
    const uint8_t *next;
    const uint8_t *end;
    uint16_t pending; /* second half of an expansion, 0 = none */
    uint32_t flags;
    sort_weight kana; /* the last character, for marks that repeat it; script 0 = none */
} walk;

typedef struct sink {
    uint8_t *to;
    size_t room;
    size_t size;
    size_t flip; /* 1: bytes change places in pairs (LCMAP_BYTEREV), else 0 */
} sink;

/* What the first walk found out. */
typedef struct levels {
    bool has_diacritic, has_special, has_kana;
} levels;

static void
put(sink *key, unsigned byte)
{
    size_t at = key->size ^ key->flip;

    if (at < key->room)
        key->to[at] = (uint8_t)byte;
    key->size++;
}

/* The `i`th weight after `first` where the two bytes at `shift` count together, from 2 to 255 each. */
static uint32_t
advance(uint32_t first, uint32_t i, unsigned shift)
{
    enum { PER_BYTE = 254 };
    uint32_t n = (first >> (shift + 8) & 0xff) * PER_BYTE + (first >> shift & 0xff) - 2 + i;

    return (first & ~(0xffffU << shift)) | (n / PER_BYTE) << (shift + 8) |
           (n % PER_BYTE + 2) << shift;
}

static sort_weight
unpack(uint32_t packed)
{
    return (sort_weight){(uint8_t)(packed >> 24), (uint8_t)(packed >> 16), (uint8_t)(packed >> 8),
                         (uint8_t)packed};
}

static sort_weight
weight_of(unsigned unit)
{
    ese_record__weight_block block = ese_record__weight_blocks[unit >> 8];
    uint32_t low = unit & 0xff, packed;

    switch (block.rule) {
    case ESE_RECORD__WEIGHTS_IDEOGRAPH: packed = advance(block.value, low, 8); break;
    case ESE_RECORD__WEIGHTS_LETTER: packed = advance(block.value, low, 16); break;
    case ESE_RECORD__WEIGHTS_PRIVATE:
        packed = advance(block.value, low / 4, 16) + ((low % 4) * 65 << 8);
        break;
    default: packed = ese_record__weights[block.value][low]; break;
    }
    return unpack(packed);
}

static const expansion *
find_expansion(unsigned unit)
{
    size_t low = 0, high = sizeof expansions / sizeof expansions[0];

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (expansions[middle].unit == unit)
            return &expansions[middle];
        if (expansions[middle].unit < unit)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static walk
start_walk(ese_bytes text, uint32_t flags)
{
    return (walk){.next = text.data, .end = text.data + text.size / 2 * 2, .flags = flags};
}

/*
 * The table has kana in rows of eight: the alphabetic weight of a, i, u, e and o is 2 to 6, that of another syllable the same within a row
 * of its own. The n, which ends in no vowel, stands outside the rows.
 */
static uint8_t
vowel_of(uint8_t alphabetic)
{
    enum { ROW = 8, OUTSIDE = 0x80 };

    return alphabetic < OUTSIDE ? alphabetic % ROW : alphabetic;
}

/* Marks for repetition stand for the character before them, marks for length for its vowel; alone they are a character of their own. */
static sort_role
repeat_kana(walk *w, sort_weight *weight_inout)
{
    sort_weight mark = *weight_inout;

    if (w->kana.script == SCRIPT_NONE) {
        *weight_inout = (sort_weight){KANA_ALONE, KANA_ALONE, mark.diacritic, WEIGHT_MIN};
        return ROLE_LETTER;
    }
    *weight_inout = w->kana;
    if (w->kana.script != SCRIPT_KANA)
        return w->kana.script == SCRIPT_IDEOGRAPH ? ROLE_IDEOGRAPH : ROLE_LETTER;
    weight_inout->diacritic = mark.diacritic;
    if (mark.alphabetic == KANA_LENGTH) {
        weight_inout->alphabetic = vowel_of(weight_inout->alphabetic);
        weight_inout->letter_case &= (uint8_t)~CASE_FULL_WIDTH;
        weight_inout->letter_case |= mark.letter_case & CASE_FULL_WIDTH;
    }
    return ROLE_KANA;
}

static sort_role
role_of(walk *w, sort_weight *weight_inout)
{
    sort_role role = ROLE_LETTER;

    switch (weight_inout->script) {
    case SCRIPT_NONE: return ROLE_SKIP;
    case SCRIPT_MARK: return ROLE_MARK;
    case SCRIPT_KANA_SPECIAL:
        if (weight_inout->alphabetic <= KANA_LENGTH)
            return repeat_kana(w, weight_inout);
        weight_inout->script = SCRIPT_KANA;
        role = ROLE_KANA;
        break;
    case SCRIPT_IDEOGRAPH: role = ROLE_IDEOGRAPH; break;
    default:
        if (weight_inout->script > SCRIPT_SYMBOL_LAST || weight_inout->script < SCRIPT_PUNCTUATION)
            break;
        if ((w->flags & NORM_IGNORESYMBOLS) != 0)
            return ROLE_SKIP;
        if (weight_inout->script == SCRIPT_PUNCTUATION && (w->flags & SORT_STRINGSORT) == 0)
            return ROLE_SPECIAL;
        break;
    }
    w->kana = *weight_inout;
    return role;
}

/* The next character that counts; false at the end of the text. */
static bool
next_weight(walk *w, sort_weight *weight_out, sort_role *role_out)
{
    sort_role role = ROLE_SKIP;
    sort_weight weight = {0};

    while (role == ROLE_SKIP) {
        unsigned unit = w->pending;

        w->pending = 0;
        if (unit == 0) {
            if (w->next == w->end)
                return false;
            unit = ese_load_le16(w->next);
            w->next += 2;
        }
        weight = weight_of(unit);
        if (weight.script == SCRIPT_NONE) {
            const expansion *found = find_expansion(unit);

            if (found == NULL)
                continue;
            w->pending = found->second;
            weight = weight_of(found->first);
        }
        role = role_of(w, &weight);
    }
    *weight_out = weight;
    *role_out = role;
    return true;
}

/* The fast path: letters, digits and symbols of ASCII have a primary weight and nothing else of interest. */
static void
put_ascii(walk *w, sink *key)
{
    const uint32_t *weights = ese_record__weights[ese_record__weight_blocks[0].value];
    uint32_t script_min =
        (w->flags & NORM_IGNORESYMBOLS) != 0 ? SCRIPT_SYMBOL_LAST + 1 : SCRIPT_SYMBOL_FIRST;
    uint32_t packed = 0;

    for (; w->pending == 0 && w->next != w->end && w->next[1] == 0 && w->next[0] < 0x80;
         w->next += 2) {
        uint32_t here = weights[w->next[0]];

        if (here >> 24 < script_min)
            break;
        packed = here;
        put(key, packed >> 24);
        put(key, packed >> 16 & 0xff);
    }
    if (packed != 0)
        w->kana = unpack(packed);
}

static levels
put_primary(ese_bytes text, uint32_t flags, sink *key)
{
    levels found = {0};
    walk w = start_walk(text, flags);
    sort_weight weight;
    sort_role role;

    for (put_ascii(&w, key); next_weight(&w, &weight, &role); put_ascii(&w, key)) {
        switch (role) {
        case ROLE_MARK: found.has_diacritic = true; continue;
        case ROLE_SPECIAL: found.has_special = true; continue;
        case ROLE_IDEOGRAPH:
            put(key, 0xfd);
            put(key, 0xff);
            put(key, weight.alphabetic);
            put(key, weight.diacritic);
            continue;
        case ROLE_KANA: found.has_kana = true; break;
        default: break;
        }
        found.has_diacritic |= weight.diacritic > WEIGHT_MIN;
        put(key, weight.script);
        put(key, weight.alphabetic);
    }
    return found;
}

static void
put_diacritic(ese_bytes text, uint32_t flags, sink *key)
{
    walk w = start_walk(text, flags);
    sort_weight weight;
    sort_role role;
    size_t kept = key->size;
    unsigned last = 0;
    bool has_last = false;

    while (next_weight(&w, &weight, &role)) {
        if (role == ROLE_SPECIAL)
            continue;
        if (role == ROLE_MARK && has_last) {
            last = (last + weight.diacritic) & 0xff;
            continue;
        }
        if (has_last) {
            put(key, last);
            kept = last > WEIGHT_MIN ? key->size : kept;
        }
        last = role == ROLE_IDEOGRAPH ? WEIGHT_MIN : weight.diacritic;
        has_last = true;
    }
    if (last > WEIGHT_MIN) {
        put(key, last);
        kept = key->size;
    }
    key->size = kept;
}

static unsigned
case_mask(uint32_t flags)
{
    unsigned mask = CASE_ALL;

    if ((flags & NORM_IGNORECASE) != 0)
        mask &= ~(unsigned)CASE_UPPER;
    if ((flags & NORM_IGNOREWIDTH) != 0)
        mask &= ~(unsigned)CASE_FULL_WIDTH;
    if ((flags & NORM_IGNOREKANATYPE) != 0)
        mask &= ~(unsigned)CASE_HIRAGANA;
    return mask;
}

static void
put_case(ese_bytes text, uint32_t flags, sink *key)
{
    walk w = start_walk(text, flags);
    sort_weight weight;
    sort_role role;
    size_t kept = key->size;
    unsigned mask = case_mask(flags);

    while (next_weight(&w, &weight, &role)) {
        unsigned masked = WEIGHT_MIN;

        if (role == ROLE_SPECIAL || role == ROLE_MARK)
            continue;
        if (role == ROLE_LETTER)
            masked = weight.letter_case & mask;
        put(key, masked);
        kept = masked > WEIGHT_MIN ? key->size : kept;
    }
    key->size = kept;
}

/* One bit of each kana: the first value of the bit is the lesser, so it is the set bit that ends silently. */
static void
put_kana_bit(ese_bytes text, uint32_t flags, unsigned bit, sink *key)
{
    walk w = start_walk(text, flags);
    sort_weight weight;
    sort_role role;
    size_t kept = key->size;
    unsigned mask = case_mask(flags) & bit;

    while (next_weight(&w, &weight, &role)) {
        if (role != ROLE_KANA)
            continue;
        put(key, KANA_EXTRA | (weight.letter_case & mask));
        kept = (weight.letter_case & mask) == 0 ? key->size : kept;
    }
    key->size = kept;
    put(key, EXTRA_SEPARATOR);
}

/* Hiragana or katakana, full or half width. */
static void
put_extra(ese_bytes text, uint32_t flags, sink *key)
{
    put(key, EXTRA_SEPARATOR);
    put(key, WEIGHT_MIN);
    put_kana_bit(text, flags, CASE_HIRAGANA, key);
    put_kana_bit(text, flags, CASE_FULL_WIDTH, key);
}

/* Place (counted down, in characters of the primary level) and weights of each special character. */
static void
put_special(ese_bytes text, uint32_t flags, sink *key)
{
    walk w = start_walk(text, flags);
    sort_weight weight;
    sort_role role;
    unsigned place = 0xffff;
    unsigned mask = case_mask(flags);

    while (next_weight(&w, &weight, &role)) {
        if (role == ROLE_SPECIAL) {
            put(key, place >> 8 & 0xff);
            put(key, place & 0xff);
            put(key, weight.alphabetic);
            put(key, ((weight.letter_case & mask) | (unsigned)weight.diacritic << 3) & 0xff);
        } else if (role != ROLE_MARK) {
            place -= role == ROLE_IDEOGRAPH ? 2 : 1;
        }
    }
}

size_t
ese_record_collate(ese_bytes text, uint32_t flags, uint8_t *to, size_t room)
{
    enum { IGNORES_CASE = NORM_IGNORECASE | NORM_IGNOREWIDTH };
    sink key = {.to = to, .room = room, .flip = (flags & LCMAP_BYTEREV) != 0};
    levels found = put_primary(text, flags, &key);

    put(&key, SEPARATOR);
    if (found.has_diacritic && (flags & NORM_IGNORENONSPACE) == 0)
        put_diacritic(text, flags, &key);
    put(&key, SEPARATOR);
    if ((flags & IGNORES_CASE) != IGNORES_CASE)
        put_case(text, flags, &key);
    put(&key, SEPARATOR);
    if (found.has_kana)
        put_extra(text, flags, &key);
    put(&key, SEPARATOR);
    if (found.has_special)
        put_special(text, flags, &key);
    put(&key, 0);
    if (key.flip != 0 && key.size % 2 != 0 && key.size <= room)
        to[key.size - 1] = 0; /* it has no partner */
    return key.size;
}

bool
ese_record_collate_has_flags(uint32_t flags)
{
    const uint32_t norms = NORM_IGNORECASE | NORM_IGNORENONSPACE | NORM_IGNORESYMBOLS |
                           SORT_STRINGSORT | NORM_IGNOREKANATYPE | NORM_IGNOREWIDTH;
    uint32_t rest = flags & ~norms;

    return flags == LCMAP_UPPERCASE || rest == LCMAP_SORTKEY ||
           rest == (LCMAP_SORTKEY | LCMAP_BYTEREV);
}

/* {00000001-57ee-1e5c-00b4-d0000bb1e11e}: the default order, the same in all releases. */
static const uint8_t default_order[16] = {0x01, 0,    0,    0,    0xee, 0x57, 0x5c, 0x1e,
                                          0x00, 0xb4, 0xd0, 0x00, 0x0b, 0xb1, 0xe1, 0x1e};

bool
ese_record_collate_is_known(uint64_t version, const uint8_t sort_id[16])
{
    uint32_t nls = (uint32_t)(version >> 32);
    uint32_t defined = (uint32_t)version;

    /* The weights of 6.2.d, 6.2.e (Windows 8.1) and 6.2.f order alike. */
    return nls == defined && nls >= 0x6020d && nls <= ESE_RECORD_COLLATE_VERSION &&
           memcmp(sort_id, default_order, sizeof default_order) == 0;
}

void
ese_record_collate_made_with(uint64_t *version_out, uint8_t sort_id_out[16])
{
    *version_out = (uint64_t)ESE_RECORD_COLLATE_VERSION << 32 | ESE_RECORD_COLLATE_VERSION;
    memcpy(sort_id_out, default_order, sizeof default_order);
}
