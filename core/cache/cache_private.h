/*
 * What the files of the page cache share: frames, the hash table that finds them, and the pool that owns them.
 *
 * INV-1  Frames are type-stable: their memory is a frame until the cache is destroyed, so a thread that holds no lock may look at one
 *        that is being evicted or given to another page. What it saw counts only once it has pinned the frame and found its key again.
 * INV-2  A frame that is VALID and pinned keeps its bytes, whatever becomes of the page, unless it is WRITING. It keeps its key as long as it is
 *        VALID. VALID ends by a change of `state` from exactly VALID (or VALID and DIRTY, when the file goes) to 0, or to SUPERSEDED by who has the latch.
 * INV-3  A page has at most one frame in its hash chain. From the claim to the end of the read that frame is `is_loading`, and who wants the
 *        page waits; so a page is read once, however many miss it at a time.
 * INV-4  A page that is DIRTY, or whose change is not yet visible, has its frame in the chain. So nothing is read from the file into the place of a
 *        changed page: reading begins with a claim, and a claim with an empty place.
 * INV-5  WRITING is set only while the pin of the holder of the latch is the only one. Who adds a pin and finds it set takes the pin back
 *        and waits. So a pin that counts never sees bytes change.
 * INV-6  A page is written to the file by the holder of its latch. So the writes of a page have one order, the one of its changes.
 * INV-7  What is noted of changes that are not in the file (lgpos_begin) is in some frame of the ring from the note to the end of the write. A copy takes over what its old image
 *        has; that leaves the old image later, and with the pool held: whoever goes through the whole ring with the pool held meets one of the two.
 *
 * States of a frame (bits beside the number of pins; `copy` has none of them and no key):
 *
 *     idle --claim--> loading --publish--> VALID --evict--> idle;  loading --drop--> idle
 *     VALID --latch--> VALID LATCHED --make_writable, nobody else has it pinned--> VALID LATCHED WRITING --unlatch--> VALID DIRTY
 *     VALID LATCHED --make_writable, others have it pinned--> (stays; beside it: idle --> copy)
 *         --unlatch changed--> SUPERSEDED --last unpin--> idle, copy --> VALID DIRTY;  --unlatch unchanged--> VALID, copy --> idle
 *     a page made from nothing is a copy beside the frame it will supersede, or a loading frame: --unlatch changed--> VALID DIRTY
 *     VALID DIRTY --latch, write, unlatch--> VALID
 *
 * Locks, in the order in which they are taken:
 *   latch       (bits of `state`) of pages: who holds one waits for another only in the order of cache.h; who holds the write lock never waits
 *   write       of a file: its write buffer
 *   pool        memory: ring, idle list, slabs, used_bytes, growth of the table
 *   partition   the chains of the buckets whose number has the partition's low bits, and is_loading of their frames
 */
#pragma once

#include "base/list.h"
#include "cache/cache.h"
#include "os/os_thread.h"

#include <stdalign.h>
#include <stdatomic.h>

enum {
    ESE_CACHE__PARTITIONS = 16, /* a power of two, at most the smallest table */
    ESE_CACHE__SLAB_FRAMES = 64,
    ESE_CACHE__LINE = 64,              /* bytes of a line of the processor's cache */
    ESE_CACHE__RUN_BYTES = 256 * 1024, /* most that one read brings in */
    ESE_CACHE__RUN_PAGES = ESE_CACHE__RUN_BYTES / ESE_PAGE_SIZE_MIN,
    ESE_CACHE__STREAMS = 4, /* ascending scans of one file that are followed at the same time */
};

/* `state`: the number of pins, and these bits. */
#define ESE_CACHE__VALID   UINT32_C(0x80000000) /* key and bytes are those of a page */
#define ESE_CACHE__WRITING UINT32_C(0x40000000) /* its bytes change in place */
#define ESE_CACHE__LATCHED                                                                         \
    UINT32_C(0x20000000) /* one of the pins is that of the holder of the latch */
#define ESE_CACHE__AWAITED                                                                         \
    UINT32_C(0x10000000) /* somebody waits for the latch: `unlatched` of the partition */
#define ESE_CACHE__SUPERSEDED                                                                      \
    UINT32_C(0x08000000)                      /* an old image: its memory goes with its last pin */
#define ESE_CACHE__DIRTY UINT32_C(0x04000000) /* differs from the page in the file */
#define ESE_CACHE__PINS  UINT32_C(0x03ffffff)

typedef struct ese_cache__frame {
    /* What a lookup needs stands together, in one line of the processor's cache. */
    alignas(ESE_CACHE__LINE)
        ese_cache_page page; /* first: the public view; [state] its bytes belong to the frame */
    _Atomic uint64_t
        key; /* [lock: partition to write] file id and page number, 0 = none; relaxed, `state` and `next` order it */
    struct ese_cache__frame
        *_Atomic next; /* [lock: partition to write] release; acquired by lookups without lock */
    _Atomic uint32_t
        state; /* [atomic: release in publish, unpin and unlatch, acquire in pin, latch and evict] */
    _Atomic bool is_referenced; /* [atomic: relaxed, a hint] the second chance */
    bool is_loading;            /* [lock: partition] */
    bool is_blank;              /* [latch] of a copy or loading frame: made from nothing */
    ese_cache *cache;           /* [const] */

    ese_list link;                /* [lock: pool] in ring or idle */
    ese_cache_file *file;         /* [lock: pool to write, while in no chain] whose page it is */
    struct ese_cache__frame *old; /* [latch] of a copy: the image whose place it takes */
    uint64_t lgpos_modify;        /* [latch] of the last change that is not in the file */
    _Atomic uint64_t
        lgpos_begin; /* [latch to write] relaxed; smallest of those changes, UINT64_MAX = none */
} ese_cache__frame;

typedef struct ese_cache__slab {
    struct ese_cache__slab *next;
    ese_cache__frame *frames;
} ese_cache__slab;

/* Tables only grow. An outgrown one stays, because a thread without lock may be looking at it; all of them together are smaller than the last. */
typedef struct ese_cache__table {
    struct ese_cache__table *outgrown;
    uint64_t mask; /* buckets - 1 */
    ese_cache__frame *_Atomic buckets[];
} ese_cache__table;

typedef struct ese_cache__partition {
    ese_os_mutex mutex;
    ese_os_cond loaded;    /* some frame of the partition is no longer loading */
    ese_os_cond unlatched; /* some page that was AWAITED is no longer latched */
} ese_cache__partition;

struct ese_cache {
    ese_cache__table
        *_Atomic table; /* [lock: pool and all partitions to write] release; acquired by lookups */
    _Atomic bool
        is_over_limit; /* [atomic: sequentially consistent with `state`, see ese_cache__make_room] */
    ese_os_gate *gate;             /* [const] since the first write; NULL: none */
    _Atomic size_t limit_bytes;    /* [atomic: relaxed] */
    _Atomic size_t used_bytes;     /* [lock: pool to write] relaxed */
    _Atomic uint32_t last_file_id; /* [atomic: relaxed] */
    ese_os_mutex pool;
    ese_list ring;   /* [lock: pool] frames with bytes, the next one for the clock hand first */
    ese_list idle;   /* [lock: pool] frames without */
    size_t n_ring;   /* [lock: pool] */
    size_t n_frames; /* [lock: pool] */
    ese_cache__slab *slabs; /* [lock: pool] */
    ese_cache__partition partitions[ESE_CACHE__PARTITIONS];
};

/* One ascending run of misses. Heuristic, so relaxed: a torn pair costs a read that is too short or too long. */
typedef struct ese_cache__stream {
    _Atomic ese_pgno next;
    _Atomic uint32_t n_pages; /* of the last read */
} ese_cache__stream;

struct ese_cache_file {
    ese_cache *cache;   /* [const] */
    ese_os_file *file;  /* [const] */
    uint64_t key_base;  /* [const] file id in the upper half */
    uint32_t page_size; /* [const] */
    _Atomic ese_pgno
        page_count;     /* [atomic: relaxed; who learns of a page learnt it from who counted it] */
    bool has_write_ops; /* [const] after set_write_ops, as `ops` */
    ese_cache_write_ops ops;
    ese_os_mutex write;    /* never waits for a latch while it is held */
    uint8_t *write_buffer; /* [lock: write] */
    ese_cache__stream streams[ESE_CACHE__STREAMS];
    _Atomic uint32_t oldest_stream;
    _Atomic bool
        is_run_busy; /* [atomic: acquire to take, release to give back] guards run_buffer */
    uint8_t *run_buffer;
};

extern _Thread_local ese_cache_counters ese_cache__counters;

/* Pages that follow one another have buckets that do: those of one file never share one while the table is larger than the file. */
static inline uint64_t
ese_cache__hash(uint64_t key)
{
    return (key & UINT32_MAX) + (key >> 32) * UINT64_C(0x9e3779b1);
}

static inline ese_cache__partition *
ese_cache__partition_of(ese_cache *cache, uint64_t key)
{
    return &cache->partitions[ese_cache__hash(key) & (ESE_CACHE__PARTITIONS - 1)];
}

static inline size_t
ese_cache__used(const ese_cache *cache)
{
    return atomic_load_explicit(&cache->used_bytes, memory_order_relaxed);
}

static inline size_t
ese_cache__limit(const ese_cache *cache)
{
    return atomic_load_explicit(&cache->limit_bytes, memory_order_relaxed);
}

static inline ese_cache__frame *
ese_cache__frame_of(ese_cache_page *page)
{
    return (ese_cache__frame *)(void *)page; /* its first member */
}

static inline uint8_t *
ese_cache__bytes_of(const ese_cache__frame *frame)
{
    return (uint8_t *)(uintptr_t)
        frame->page.page.bytes; /* allocated by the cache, shown to others as constant */
}

static inline uint64_t
ese_cache__key_of(const ese_cache__frame *frame)
{
    return atomic_load_explicit(&frame->key, memory_order_relaxed);
}

static inline uint64_t
ese_cache__offset_of(const ese_cache_file *file, ese_pgno pgno)
{
    return ((uint64_t)pgno + 1) * file->page_size;
}

/* ---- cache_pool.c: memory and eviction */

typedef enum ese_cache__need {
    ESE_CACHE__WANTED, /* somebody waits for it: may exceed the limit when all else is pinned */
    ESE_CACHE__SPARE,  /* only if there is room */
} ese_cache__need;

/*
 * Takes a frame with bytes for a page of the file; it is in no chain and not valid. May write changed pages for it when it is WANTED;
 * when that fails and all else is pinned, its error. Takes: write, pool, partition.
 */
JET_ERR ese_cache__frame_take(ese_cache_file *file, ese_cache__need need,
                              ese_cache__frame **frame_out);

/* Gives back such a frame; NULL is fine. Takes: pool, partition. */
void ese_cache__frame_give(ese_cache__frame *frame);

/* Evicts until the pages stay within the limit, or all that is left is pinned or cannot be written. Takes: write, pool, partition. */
void ese_cache__trim(ese_cache *cache);

/* Evicts all pages behind `last` of the file, changed ones too; waits for lookups and writes in flight. Takes: pool, partition. */
void ese_cache__evict_behind(ese_cache_file *file, ese_pgno last);

/* ---- cache_pin.c: chains; Holds: the partition of the key */

ese_cache__frame *ese_cache__chain_find(ese_cache *cache, uint64_t key);
void ese_cache__chain_insert(ese_cache__frame *frame, uint64_t key); /* as loading */
void ese_cache__chain_remove(ese_cache__frame *frame);
void ese_cache__chain_replace(ese_cache__frame *old, ese_cache__frame *frame);

/* ---- cache_pin.c: frames */

/* A frame that had the key a moment ago; NULL proves nothing. */
ese_cache__frame *ese_cache__find(ese_cache *cache, uint64_t key);

/* Takes a pin back; the frame may go. Takes: write, pool, partition. */
void ese_cache__unpin(ese_cache__frame *frame);

/* Gives the memory of a SUPERSEDED frame back, if it has no pins. Takes: pool. */
void ese_cache__reclaim(ese_cache__frame *frame);

/* ---- cache_load.c */

/*
 * Reads the page that `frame`, claimed by the caller, stands for, and perhaps the pages behind it. On success it is published with one pin for the
 * caller; on an error the frame is given back. May block on: the disk.
 */
JET_ERR ese_cache__load(ese_cache_file *file, ese_cache__frame *frame);

/* Makes a claimed frame a valid page, with `pins` (and perhaps DIRTY) added to its state. Takes: partition. */
void ese_cache__publish(ese_cache__frame *frame, uint32_t pins);

/* Gives up a claim; who waits for the page tries for himself. Takes: partition, pool. */
void ese_cache__drop(ese_cache__frame *frame);

/* ---- cache_latch.c */

/* Latches and pins the frame if it has the key, is not latched, and has all of `bits`; never waits. */
bool ese_cache__try_latch(ese_cache__frame *frame, uint64_t key, uint32_t bits);

/* Latches and pins the frame of the page, waiting for who has it; NULL when the page is not in the cache. Takes: partition. */
ese_cache__frame *ese_cache__latch_cached(ese_cache *cache, uint64_t key);

/* Gives latch and pin of a valid frame back and takes `bits` from its state; evicts nothing. Takes: partition. */
void ese_cache__unlatch(ese_cache__frame *frame, uint32_t bits);

/* ---- cache_write.c */

typedef enum ese_cache__reach {
    ESE_CACHE__COLD_ONES, /* neighbours that are not in use */
    ESE_CACHE__ALL,
} ese_cache__reach;

/* Writes a latched DIRTY frame, and changed neighbours that can be latched at once; unlatches all of them. Takes: write, partition. */
JET_ERR ese_cache__write_out(ese_cache__frame *frame, ese_cache__reach reach);
