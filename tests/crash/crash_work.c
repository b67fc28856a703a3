/* Changes of rows, each made in the model and, by an actor that lives, in the engine. */
#include "crash.h"

#include <string.h>

typedef struct place {
    actor *a;
    const cursor *c;
    row *r;
    unsigned database;
    uint32_t number;
} place;

static void
set(const place *p, JET_COLUMNID columnid, const void *bytes, size_t n, JET_GRBIT grbit,
    uint32_t offset)
{
    JET_SETINFO info = {sizeof info, offset, 1};

    MUST(JetSetColumn(p->a->sesid, p->c->tableid, columnid, bytes, (uint32_t)n, grbit, &info));
}

static void
set_tags(const place *p, const values *v)
{
    JET_SETINFO info = {sizeof info, 0, 0};

    for (info.itagSequence = TAGS_MAX; info.itagSequence > v->n_tags; info.itagSequence--)
        MUST(JetSetColumn(p->a->sesid, p->c->tableid, p->c->tags, NULL, 0, 0, &info));
    for (info.itagSequence = 1; info.itagSequence <= v->n_tags; info.itagSequence++)
        MUST(JetSetColumn(p->a->sesid, p->c->tableid, p->c->tags, &v->tags[info.itagSequence - 1],
                          sizeof v->tags[0], 0, &info));
}

static void
prepare(const place *p, uint32_t kind)
{
    MUST(JetPrepareUpdate(p->a->sesid, p->c->tableid, kind));
}

static void
update(const place *p)
{
    MUST(JetUpdate(p->a->sesid, p->c->tableid, NULL, 0, NULL));
}

/* What follows from the version. */
static void
set_values(const place *p)
{
    values v;

    make_values(p->a, p->r, p->number, &v);
    set(p, p->c->number, &v.number, sizeof v.number, 0, 0);
    set(p, p->c->name, v.name, v.name_size, 0, 0);
    set_tags(p, &v);
}

static void
set_story(const place *p)
{
    set(p, p->c->story, p->r->story, p->r->story_size, 0, 0);
}

static void
go_to(const place *p)
{
    int32_t id = id_of(p->a, p->number);
    JET_ERR err;

    MUST(JetSetCurrentIndex(p->a->sesid, p->c->tableid, NULL));
    MUST(JetMakeKey(p->a->sesid, p->c->tableid, &id, sizeof id, JET_bitNewKey));
    err = JetSeek(p->a->sesid, p->c->tableid, JET_bitSeekEQ);
    if (err == JET_errRecordNotFound)
        fail("actor %u, database %u: row %d is not there", p->a->number, p->database, (int)id);
    must(err, "JetSeek", __FILE__, __LINE__);
}

/* ---- long values */

static uint32_t
draw_size(actor *a)
{
    switch (below(a, 8)) {
    case 0: return 0;
    case 1:
    case 2:
    case 3: return 1 + below(a, 200);
    case 4: return 1 + below(a, STORY_MAX_SIZE);
    default: return 1 + below(a, 2500);
    }
}

static void
fill(uint8_t *to, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(mix(seed + i / 16) >> i % 16);
}

static void
renew_story(place *p)
{
    uint32_t size = draw_size(p->a);
    uint8_t *story = keep_bytes(p->a, size);

    fill(story, size, ++p->a->next_version);
    p->r->story = story;
    p->r->story_size = size;
}

/* Appends to the story of a row or writes over a part of it. */
static void
edit_story(place *p)
{
    actor *a = p->a;
    row *r = p->r;
    bool is_append = below(a, 2) == 0;
    uint32_t size = 1 + below(a, 900);
    uint32_t at = is_append ? r->story_size : below(a, r->story_size);
    uint32_t all = at + size > r->story_size ? at + size : r->story_size;
    uint8_t *story = keep_bytes(a, all);

    memcpy(story, r->story, r->story_size);
    fill(story + at, size, ++a->next_version);
    r->story = story;
    r->story_size = all;
    if (!a->is_live)
        return;
    go_to(p);
    prepare(p, JET_prepReplace);
    set(p, p->c->story, story + at, size, is_append ? JET_bitSetAppendLV : JET_bitSetOverwriteLV,
        is_append ? 0 : at);
    update(p);
}

/* ---- rows */

static uint32_t
draw_version(const place *p)
{
    return (uint32_t)mix(p->number) % 1000 + ++p->a->next_version * 1000;
}

static void
insert_row(place *p)
{
    int32_t id = id_of(p->a, p->number);

    *p->r = (row){.exists = true, .version = draw_version(p)};
    renew_story(p);
    if (!p->a->is_live)
        return;
    prepare(p, JET_prepInsert);
    set(p, p->c->id, &id, sizeof id, 0, 0);
    set_values(p);
    if (p->r->story_size != 0)
        set_story(p);
    update(p);
}

static void
delete_row(place *p)
{
    p->r->exists = false;
    if (!p->a->is_live)
        return;
    go_to(p);
    MUST(JetDelete(p->a->sesid, p->c->tableid));
}

static void
replace_row(place *p)
{
    bool has_story = below(p->a, 3) == 0, has_values = !has_story || below(p->a, 2) == 0;

    if (has_story)
        renew_story(p);
    has_values = has_values || p->r->story_size == 0; /* NULL may have been there before */
    if (has_values)
        p->r->version = draw_version(p);
    if (!p->a->is_live)
        return;
    go_to(p);
    prepare(p, p->number % 2 == 0 ? JET_prepReplace : JET_prepReplaceNoLock);
    if (has_values)
        set_values(p);
    if (has_story)
        set_story(p);
    update(p);
}

/* From the row to the total, to which all add at the same time. */
static void
transfer(place *p)
{
    actor *a = p->a;
    int32_t amount = 1 + (int32_t)below(a, 1000), negative = -amount;

    p->r->balance -= amount;
    a->added[p->database] += amount;
    if (!a->is_live)
        return;
    go_to(p);
    MUST(JetEscrowUpdate(a->sesid, p->c->tableid, p->c->balance, &negative, sizeof negative, NULL,
                         0, NULL, 0));
    MUST(JetMove(a->sesid, p->c->total, (int32_t)JET_MoveFirst, 0));
    MUST(JetEscrowUpdate(a->sesid, p->c->total, p->c->sum, &amount, sizeof amount, NULL, 0, NULL,
                         0));
}

static void
change_row(actor *a, unsigned database)
{
    place p = {.a = a,
               .c = &a->cursors[database],
               .database = database,
               .number = below(a, a->world->options->n_rows)};
    uint32_t choice = below(a, 16);

    p.r = touch_row(a, database, p.number);
    if (!p.r->exists) {
        if (a->is_shrinking && choice < 12) {
            a->n_undo--; /* not touched after all */
            return;
        }
        insert_row(&p);
    } else if (choice < (a->is_shrinking ? 9u : 2u)) {
        delete_row(&p);
    } else if (choice < 11 && p.r->story_size != 0 && p.r->story_size < STORY_MAX_SIZE) {
        edit_story(&p);
    } else if (choice < 13) {
        transfer(&p);
    } else {
        replace_row(&p);
    }
    settle_row(a, database, p.number);
}

/* ---- transactions */

void
begin_level(actor *a)
{
    enter_level(a);
    if (a->is_live)
        MUST(JetBeginTransaction(a->sesid));
}

static void
commit(actor *a, JET_GRBIT grbit)
{
    world *w = a->world;
    bool is_last = a->level == 1;

    leave_level(a, true);
    if (is_last) {
        note_commit(a);
        if (w->commit_begins != NULL)
            w->commit_begins(a);
    }
    if (a->is_live)
        MUST(JetCommitTransaction(a->sesid, grbit));
    if (is_last && w->commit_ends != NULL)
        w->commit_ends(a, (grbit & JET_bitCommitLazyFlush) == 0);
}

void
end_level(actor *a, bool is_kept, JET_GRBIT grbit)
{
    if (is_kept) {
        commit(a, grbit);
        return;
    }
    leave_level(a, false);
    if (a->is_live)
        MUST(JetRollback(a->sesid, 0));
}

static void
end_transaction(actor *a)
{
    bool is_changed;

    while (a->level > 1)
        end_level(a, below(a, 4) != 0, 0);
    is_changed = a->n_undo != 0;
    end_level(a, below(a, 6) != 0, is_changed && below(a, 3) == 0 ? 0 : JET_bitCommitLazyFlush);
    if (below(a, 24) == 0)
        a->is_shrinking = !a->is_shrinking;
}

static unsigned
draw_database(actor *a)
{
    unsigned database = below(a, N_DATABASES);

    while (!a->world->is_attached[database])
        database = (database + 1) % N_DATABASES;
    return database;
}

void
take_step(actor *a)
{
    uint32_t choice = below(a, 40);

    if (a->level == 0)
        begin_level(a);
    else if (choice < 2 && a->level < LEVELS_MAX)
        begin_level(a);
    else if (choice < 4 && a->level > 1)
        end_level(a, choice == 3, 0);
    else if (choice < 8)
        end_transaction(a);
    else if (choice < 10)
        change_own(a, draw_database(a));
    else
        change_row(a, draw_database(a));
}

void
run_transaction(actor *a)
{
    do
        take_step(a);
    while (a->level != 0);
}
