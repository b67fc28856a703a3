/*
 * JET_IdxInfoCreateIndex, 2 and 3: an index described as JetCreateIndex wants it. What the structure points at follows it
 * in the buffer of the caller.
 */
#include "api/api_info.h"

#include "base/utf.h"

enum { ALIGNMENT = 8 };

/* The buffer behind the structure. A part that does not fit makes the whole answer too small. */
typedef struct tail {
    uint8_t *to;
    size_t room;
    size_t used;
    bool is_full;
    ese_api_text_form form;
} tail;

/* What is behind the structure, from the first place where any part may stand: the buffer itself need not be aligned. */
static tail
tail_of(const ese_api_answer *answer, size_t size)
{
    tail rest = {
        .to = (uint8_t *)answer->to + size, .room = answer->room - size, .form = answer->form};
    size_t gap = -(uintptr_t)rest.to & (ALIGNMENT - 1);

    rest.used = gap < rest.room ? gap : rest.room;
    return rest;
}

static void *
take(tail *rest, size_t size)
{
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    uint8_t *place = rest->to + rest->used;

    if (rest->is_full || rounded > rest->room - rest->used) {
        rest->is_full = true;
        return NULL;
    }
    memset(place, 0, rounded);
    rest->used += rounded;
    return place;
}

/* One piece of text, without terminator; returns its size in bytes. Measures only when `to` is NULL. */
static size_t
put_text(const tail *rest, const char *utf8, uint8_t *to)
{
    const ese_bytes text = {(const uint8_t *)utf8, strlen(utf8)};
    size_t n_units = 0;
    char16_t units[4 * ESE_SCHEMA_NAME_MAX];
    size_t room = sizeof units / sizeof units[0];

    if (rest->form == ESE_API_TEXT_A) {
        if (to != NULL)
            memcpy(to, text.data, text.size);
        return text.size;
    }
    if (ese_utf8_to_utf16(utf8, text.size, units, room, &n_units) < JET_errSuccess)
        return 0;
    n_units = n_units < room ? n_units : room;
    if (to != NULL)
        memcpy(to, units, n_units * sizeof units[0]);
    return n_units * sizeof units[0];
}

static size_t
unit_size(const tail *rest)
{
    return rest->form == ESE_API_TEXT_A ? sizeof(char) : sizeof(char16_t);
}

static void *
take_text(tail *rest, const char *utf8)
{
    void *place = take(rest, put_text(rest, utf8, NULL) + unit_size(rest));

    if (place != NULL)
        put_text(rest, utf8, place);
    return place;
}

/* "+first\0-second\0\0" */
static void *
take_key(tail *rest, const ese_schema_index *index, uint32_t *size_out)
{
    size_t unit = unit_size(rest), size = unit;
    uint8_t *place, *at;

    for (unsigned i = 0; i < index->n_segments; i++)
        size += put_text(rest, index->segments[i].column->name, NULL) + 2 * unit;
    *size_out = (uint32_t)size;
    place = take(rest, size);
    at = place;
    for (unsigned i = 0; place != NULL && i < index->n_segments; i++) {
        *at = index->segments[i].is_descending ? '-' : '+';
        at += unit;
        at += put_text(rest, index->segments[i].column->name, at) + unit;
    }
    return place;
}

static JET_CONDITIONALCOLUMN_A *
take_conditions(tail *rest, const ese_schema_index *index)
{
    JET_CONDITIONALCOLUMN_A *conditions;

    if (index->n_conditions == 0)
        return NULL;
    conditions = take(rest, index->n_conditions * sizeof *conditions);
    for (unsigned i = 0; conditions != NULL && i < index->n_conditions; i++) {
        const ese_schema_segment *condition = &index->conditions[i];

        conditions[i].cbStruct = sizeof *conditions;
        conditions[i].szColumnName = take_text(rest, condition->column->name);
        conditions[i].grbit = condition->must_be_null ? JET_bitIndexColumnMustBeNull
                                                      : JET_bitIndexColumnMustBeNonNull;
    }
    return conditions;
}

static JET_TUPLELIMITS *
take_tuple_limits(tail *rest, const ese_schema_index *index)
{
    JET_TUPLELIMITS *limits = take(rest, sizeof *limits);

    if (limits != NULL)
        *limits = (JET_TUPLELIMITS){
            .chLengthMin = index->tuple.length_min,
            .chLengthMax = index->tuple.length_max,
            .chToIndexMax = index->tuple.to_index_max,
            .cchIncrement = index->tuple.increment,
            .ichStart = index->tuple.start,
        };
    return limits;
}

static JET_UNICODEINDEX *
take_unicode(tail *rest, const ese_schema_index *index)
{
    JET_UNICODEINDEX *unicode = take(rest, sizeof *unicode);

    if (unicode != NULL)
        *unicode = (JET_UNICODEINDEX){ese_api_info_lcid(index), index->rules.lcmap_flags};
    return unicode;
}

/* A locale name is UTF-16 in both forms of the function. */
static JET_UNICODEINDEX2 *
take_unicode2(tail *rest, const ese_schema_index *index)
{
    JET_UNICODEINDEX2 *unicode = take(rest, sizeof *unicode);
    ese_api_text_form form = rest->form;

    if (unicode == NULL)
        return NULL;
    rest->form = ESE_API_TEXT_W;
    unicode->szLocaleName = take_text(rest, index->locale);
    rest->form = form;
    unicode->dwMapFlags = index->rules.lcmap_flags;
    return unicode;
}

static JET_SPACEHINTS *
take_hints(tail *rest, const ese_schema_index *index)
{
    JET_SPACEHINTS *hints = take(rest, sizeof *hints);

    if (hints == NULL)
        return NULL;
    *hints = index->hints;
    hints->cbStruct = sizeof *hints;
    if (hints->ulInitialDensity == 0)
        hints->ulInitialDensity = index->density;
    return hints;
}

/* The A structures stand for the W ones: they differ in the types of pointers only. */
_Static_assert(sizeof(JET_INDEXCREATE_A) == sizeof(JET_INDEXCREATE_W) &&
                   sizeof(JET_INDEXCREATE2_A) == sizeof(JET_INDEXCREATE2_W) &&
                   sizeof(JET_INDEXCREATE3_A) == sizeof(JET_INDEXCREATE3_W),
               "both forms have one layout");

static size_t
size_of_level(uint32_t level)
{
    switch (level) {
    case JET_IdxInfoCreateIndex: return sizeof(JET_INDEXCREATE_A);
    case JET_IdxInfoCreateIndex2: return sizeof(JET_INDEXCREATE2_A);
    default: return sizeof(JET_INDEXCREATE3_A);
    }
}

static JET_GRBIT
grbit_of(const ese_schema_index *index)
{
    JET_GRBIT grbit = ese_schema_index_grbit(index) | JET_bitIndexUnicode | JET_bitIndexKeyMost;

    return index->is_tuple ? grbit | JET_bitIndexTupleLimits : grbit;
}

/* Everything but the locale, as members of the structure of level 2. */
static JET_INDEXCREATE2_A
describe(const ese_schema_index *index, tail *rest)
{
    JET_INDEXCREATE2_A create = {
        .grbit = grbit_of(index),
        .ulDensity = index->density,
        .cConditionalColumn = index->n_conditions,
        .cbKeyMost = index->rules.key_most,
    };

    create.szIndexName = take_text(rest, index->name);
    create.szKey = take_key(rest, index, &create.cbKey);
    create.rgconditionalcolumn = take_conditions(rest, index);
    if (index->is_tuple)
        create.ptuplelimits = take_tuple_limits(rest, index);
    else
        create.cbVarSegMac = index->rules.var_seg_mac;
    return create;
}

static JET_INDEXCREATE3_A
with_locale_name(const JET_INDEXCREATE2_A *create)
{
    JET_INDEXCREATE3_A named = {
        .szIndexName = create->szIndexName,
        .szKey = create->szKey,
        .cbKey = create->cbKey,
        .grbit = create->grbit,
        .ulDensity = create->ulDensity,
        .rgconditionalcolumn = create->rgconditionalcolumn,
        .cConditionalColumn = create->cConditionalColumn,
        .cbKeyMost = create->cbKeyMost,
        .pSpacehints = create->pSpacehints,
    };

    if ((create->grbit & JET_bitIndexTupleLimits) != 0)
        named.ptuplelimits = create->ptuplelimits;
    else
        named.cbVarSegMac = create->cbVarSegMac;
    return named;
}

JET_ERR
ese_api_info_create_index(const ese_schema_index *index, uint32_t level,
                          const ese_api_answer *answer)
{
    size_t size = size_of_level(level);
    tail rest;
    JET_INDEXCREATE2_A create;
    JET_INDEXCREATE3_A named;
    JET_UNICODEINDEX2 *locale = NULL;
    JET_ERR err = ese_api_answer_check(answer, size);

    if (err < JET_errSuccess)
        return err;
    rest = tail_of(answer, size);
    create = describe(index, &rest);
    create.cbStruct = (uint32_t)size;
    if (level != JET_IdxInfoCreateIndex)
        create.pSpacehints = take_hints(&rest, index);
    if (level == JET_IdxInfoCreateIndex3)
        locale = take_unicode2(&rest, index);
    else
        create.pidxunicode = take_unicode(&rest, index);
    if (rest.is_full)
        return ese_raise(JET_errBufferTooSmall, "%u bytes are too few for the index",
                         (unsigned)answer->room);
    if (level != JET_IdxInfoCreateIndex3) {
        memcpy(answer->to, &create, size); /* level 1 is the beginning of level 2 */
        return JET_errSuccess;
    }
    named = with_locale_name(&create);
    named.cbStruct = (uint32_t)size;
    named.pidxunicode = locale;
    memcpy(answer->to, &named, size);
    return JET_errSuccess;
}
