/*
 * Handles. A handle is generation << 18 | slot. Slots are static, so that a stale or made-up handle can be
 * looked at without a lock, and so is what makes it invalid: the generation in the slot has moved on.
 *
 * A slot holds one word: generation << 8 | kind << 2 | state bits. Kind 0 is a free slot.
 *
 *   free --create--> idle (a session: taken) --retire--> free
 *   session: idle --take--> taken --give back--> idle;  idle --claim (JetTerm)--> taken | claimed
 *
 * INV-1  The generation of a slot only grows: no value is ever a live handle twice. A slot whose generations
 *        are used up stays free for ever.
 * INV-2  `object` and `owner` of a slot change only while it is free.
 * INV-3  An object behind a session handle is freed only by the thread that has taken the session.
 */
#include "api/api_private.h"

enum {
    SLOT_BITS = 18,
    SLOT_COUNT = 1 << SLOT_BITS,
    KIND_SHIFT = 2,
    GENERATION_SHIFT = 8,
    WORD_TAKEN = 1,
    WORD_CLAIMED = 2, /* by JetTerm; always with WORD_TAKEN */
    WORD_STATE = WORD_TAKEN | WORD_CLAIMED,
};

#define GENERATION_MAX                                                                             \
    (((uint64_t)1 << (64 - SLOT_BITS)) - 2) /* the last one could make a nil handle */

typedef struct slot {
    _Atomic uint64_t word;  /* [atomic: release at create and give back, acquire at lookup] */
    _Atomic uint64_t owner; /* [atomic: relaxed, ordered by word] */
    void *_Atomic object;   /* [atomic: relaxed, ordered by word] */
    _Atomic uint32_t
        next; /* [atomic: relaxed, ordered by free_list] slot + 1 of the next free one */
} slot;

static slot slots[SLOT_COUNT];
static _Atomic uint32_t n_used; /* [atomic: acq_rel] slots that were ever in use */
static _Atomic uint64_t
    free_list; /* [atomic: acq_rel] changes << 32 | slot + 1: the count prevents ABA */

static uint64_t
live_word(ese_api__object_kind kind, uint64_t handle)
{
    return handle >> SLOT_BITS << GENERATION_SHIFT | (uint64_t)kind << KIND_SHIFT;
}

static slot *
slot_of(uint64_t handle)
{
    return &slots[handle & (SLOT_COUNT - 1)];
}

static uint64_t
handle_of(uint32_t index, uint64_t word)
{
    return word >> GENERATION_SHIFT << SLOT_BITS | index;
}

static ese_api__object_kind
kind_of(uint64_t word)
{
    return (ese_api__object_kind)((word & ((1u << GENERATION_SHIFT) - 1)) >> KIND_SHIFT);
}

/* SLOT_COUNT when the free list is empty. */
static uint32_t
pop_free(void)
{
    uint64_t head = atomic_load_explicit(&free_list, memory_order_acquire);

    while ((uint32_t)head != 0) {
        uint32_t index = (uint32_t)head - 1;
        uint64_t next = atomic_load_explicit(&slots[index].next, memory_order_relaxed);

        if (atomic_compare_exchange_weak_explicit(&free_list, &head,
                                                  ((head >> 32) + 1) << 32 | next,
                                                  memory_order_acq_rel, memory_order_acquire))
            return index;
    }
    return SLOT_COUNT;
}

static void
push_free(uint32_t index)
{
    uint64_t head = atomic_load_explicit(&free_list, memory_order_relaxed);

    do {
        atomic_store_explicit(&slots[index].next, (uint32_t)head, memory_order_relaxed);
    } while (!atomic_compare_exchange_weak_explicit(&free_list, &head,
                                                    ((head >> 32) + 1) << 32 | (index + 1),
                                                    memory_order_acq_rel, memory_order_relaxed));
}

static uint32_t
fresh_slot(void)
{
    uint32_t n = atomic_load_explicit(&n_used, memory_order_relaxed);

    do {
        if (n == SLOT_COUNT)
            return SLOT_COUNT;
    } while (!atomic_compare_exchange_weak_explicit(&n_used, &n, n + 1, memory_order_acq_rel,
                                                    memory_order_relaxed));
    return n;
}

JET_ERR
ese_api__handle_create(ese_api__object_kind kind, void *object, uint64_t owner,
                       uint64_t *handle_out)
{
    uint32_t index = pop_free();
    uint64_t word;

    if (index == SLOT_COUNT)
        index = fresh_slot();
    if (index == SLOT_COUNT)
        return ese_raise(JET_errOutOfMemory, "all %d handles of the process are in use",
                         (int)SLOT_COUNT);
    word = atomic_load_explicit(&slots[index].word, memory_order_relaxed) +
           ((uint64_t)1 << GENERATION_SHIFT);
    word |= (uint64_t)kind << KIND_SHIFT;
    *handle_out =
        handle_of(index, word); /* an object that knows its handle is complete when it is found */
    atomic_store_explicit(&slots[index].owner, owner, memory_order_relaxed);
    atomic_store_explicit(&slots[index].object, object, memory_order_relaxed);
    atomic_store_explicit(&slots[index].word, kind == ESE_API__SESSION ? word | WORD_TAKEN : word,
                          memory_order_release);
    return JET_errSuccess;
}

void
ese_api__handle_retire(uint64_t handle)
{
    slot *s = slot_of(handle);

    atomic_store_explicit(&s->word, handle >> SLOT_BITS << GENERATION_SHIFT, memory_order_release);
    if (handle >> SLOT_BITS < GENERATION_MAX)
        push_free((uint32_t)(s - slots));
}

void *
ese_api__handle_find(ese_api__object_kind kind, uint64_t handle, uint64_t *owner_out)
{
    slot *s = slot_of(handle);
    uint64_t word = atomic_load_explicit(&s->word, memory_order_acquire);

    if ((word & ~(uint64_t)WORD_STATE) != live_word(kind, handle))
        return NULL;
    *owner_out = atomic_load_explicit(&s->owner, memory_order_relaxed);
    return atomic_load_explicit(&s->object, memory_order_relaxed);
}

bool
ese_api__handle_is_past(uint64_t handle)
{
    uint64_t word = atomic_load_explicit(&slot_of(handle)->word, memory_order_acquire);
    uint64_t generation = handle >> SLOT_BITS;
    uint64_t newest = word >> GENERATION_SHIFT;

    return generation != 0 && (generation < newest || (generation == newest && kind_of(word) == 0));
}

JET_ERR
ese_api__handle_take(JET_SESID sesid, ese_api_session **session_out)
{
    slot *s = slot_of(sesid);
    uint64_t idle = live_word(ESE_API__SESSION, sesid);
    uint64_t found = idle;

    if (atomic_compare_exchange_strong(&s->word, &found, idle | WORD_TAKEN)) {
        *session_out = atomic_load_explicit(&s->object, memory_order_relaxed);
        return JET_errSuccess;
    }
    if ((found & ~(uint64_t)WORD_STATE) != idle)
        return JET_errInvalidSesid;
    return (found & WORD_CLAIMED) != 0 ? JET_errTermInProgress : JET_errSessionSharingViolation;
}

void
ese_api__handle_give_back(JET_SESID sesid)
{
    /* Sequentially consistent: either JetTerm sees the session idle, or this thread sees JetTerm waiting. */
    atomic_store(&slot_of(sesid)->word, live_word(ESE_API__SESSION, sesid));
}

/* A session of the instance in any state of being used; its word in *word_out. */
static bool
is_session_of(slot *s, JET_INSTANCE instance, uint64_t *word_out)
{
    *word_out = atomic_load(&s->word);
    return kind_of(*word_out) == ESE_API__SESSION &&
           atomic_load_explicit(&s->owner, memory_order_relaxed) == instance;
}

static uint32_t
slots_in_use(void)
{
    return atomic_load_explicit(&n_used, memory_order_acquire);
}

bool
ese_api__handle_claim_all(JET_INSTANCE instance)
{
    bool is_anybody_inside = false;
    bool is_changed;

    /* A session that was inside could begin another one behind the scan: only a pass without news is the end. */
    do {
        is_changed = false;
        for (uint32_t i = 0; i < slots_in_use() && !is_anybody_inside; i++) {
            uint64_t word;

            if (!is_session_of(&slots[i], instance, &word) || (word & WORD_CLAIMED) != 0)
                continue;
            if ((word & WORD_TAKEN) == 0 &&
                atomic_compare_exchange_strong(&slots[i].word, &word, word | WORD_STATE))
                is_changed = true;
            else
                is_anybody_inside = true;
        }
    } while (is_changed && !is_anybody_inside);
    return !is_anybody_inside;
}

void
ese_api__handle_unclaim_all(JET_INSTANCE instance)
{
    for (uint32_t i = 0; i < slots_in_use(); i++) {
        uint64_t word;

        if (is_session_of(&slots[i], instance, &word) && (word & WORD_CLAIMED) != 0)
            ese_api__handle_give_back(handle_of(i, word));
    }
}

bool
ese_api__handle_any_claimed(JET_INSTANCE instance, bool (*visit)(ese_api_session *session))
{
    bool is_any = false;

    for (uint32_t i = 0; i < slots_in_use(); i++) {
        uint64_t word;

        if (is_session_of(&slots[i], instance, &word) && (word & WORD_CLAIMED) != 0 &&
            visit(atomic_load_explicit(&slots[i].object, memory_order_relaxed)))
            is_any = true;
    }
    return is_any;
}
