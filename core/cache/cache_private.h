/*
 * What the files of the page cache share: frames, the hash table that finds them, and the pool that owns them.
 *
 * INV-1  Frames are type-stable: their memory is a frame until the cache is destroyed, so a thread that holds no lock may look at one
 *        that is being evicted or given to another page. What it saw counts only once it has pinned the frame and found its key again.
 * INV-2  A frame with the bit VALID and at least one pin keeps its key and its bytes. Only a change of `state` from exactly VALID to 0 ends
 *        VALID.
 * INV-3  A page has at most one frame in its hash chain. From the claim to the end of the read that frame is `is_loading`, and who wants the
 *        page waits; so a page is read once, however many miss it at a time.
 *
 * States of a frame:  idle --claim--> loading --publish--> valid --evict--> idle;  loading --drop--> idle
 *
 * Locks, in the order in which they are taken:
 *   pool        memory: ring, idle list, slabs, used_bytes, growth of the table
 *   partition   the chains of the buckets whose number has the partition's low bits, and is_loading of their frames
 */
#pragma once

#include "base/list.h"
#include "cache/cache.h"
#include "os/os_thread.h"

#include <stdatomic.h>

enum {
    ESE_CACHE__PARTITIONS = 16, /* a power of two, at most the smallest table */
    ESE_CACHE__SLAB_FRAMES = 64,
    ESE_CACHE__RUN_BYTES = 256 * 1024, /* most that one read brings in */
    ESE_CACHE__RUN_PAGES = ESE_CACHE__RUN_BYTES / ESE_PAGE_SIZE_MIN,
    ESE_CACHE__STREAMS = 4, /* ascending scans of one file that are followed at the same time */
};

/* `state`: the number of pins, and this bit. */
#define ESE_CACHE__VALID UINT32_C(0x80000000)

typedef struct ese_cache__frame {
    ese_cache_page page; /* first: the public view; [state] its bytes belong to the frame */
    ese_cache *cache;    /* [const] */
    ese_list link;       /* [lock: pool] in ring or idle */
    _Atomic uint64_t
        key; /* [lock: partition to write] file id and page number, 0 = none; relaxed, `state` and `next` order it */
    struct ese_cache__frame
        *_Atomic next; /* [lock: partition to write] release; acquired by lookups without lock */
    _Atomic uint32_t state; /* [atomic: release in publish and unpin, acquire in pin and evict] */
    _Atomic bool is_referenced; /* [atomic: relaxed, a hint] the second chance */
    bool is_loading;            /* [lock: partition] */
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
    ese_os_cond loaded; /* some frame of the partition is no longer loading */
} ese_cache__partition;

struct ese_cache {
    ese_cache__table
        *_Atomic table; /* [lock: pool and all partitions to write] release; acquired by lookups */
    _Atomic bool
        is_over_limit; /* [atomic: sequentially consistent with `state`, see ese_cache__make_room] */
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
    ese_cache *cache;    /* [const] */
    ese_os_file *file;   /* [const] */
    uint64_t key_base;   /* [const] file id in the upper half */
    uint32_t page_size;  /* [const] */
    ese_pgno page_count; /* [const] */
    ese_cache__stream streams[ESE_CACHE__STREAMS];
    _Atomic uint32_t oldest_stream;
    _Atomic bool
        is_run_busy; /* [atomic: acquire to take, release to give back] guards run_buffer */
    uint8_t *run_buffer;
};

extern _Thread_local ese_cache_counters ese_cache__counters;

static inline uint64_t
ese_cache__hash(uint64_t key)
{
    return key * UINT64_C(0x9e3779b97f4a7c15) >> 32;
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

/* ---- cache_pool.c: memory and eviction */

typedef enum ese_cache__need {
    ESE_CACHE__WANTED, /* somebody waits for it: may exceed the limit when all else is pinned */
    ESE_CACHE__SPARE,  /* only if there is room */
} ese_cache__need;

/*
 * Takes a frame with bytes for a page of `page_size`; it is in no chain and not valid.
 * Takes: pool, partition.
 */
JET_ERR ese_cache__frame_take(ese_cache *cache, uint32_t page_size, ese_cache__need need,
                              ese_cache__frame **frame_out);

/* Gives back such a frame; NULL is fine. Takes: pool, partition. */
void ese_cache__frame_give(ese_cache__frame *frame);

/* Evicts until the pages and `room` more bytes stay within the limit, or all that is left is pinned. Takes: pool, partition. */
void ese_cache__trim(ese_cache *cache);

/* Evicts all pages of the file; waits for lookups in flight. Takes: pool, partition. */
void ese_cache__evict_file(ese_cache_file *file);

/* ---- cache_pin.c: chains; Holds: the partition of the key */

ese_cache__frame *ese_cache__chain_find(ese_cache *cache, uint64_t key);
void ese_cache__chain_insert(ese_cache__frame *frame, uint64_t key); /* as loading */
void ese_cache__chain_remove(ese_cache__frame *frame);

/* ---- cache_load.c */

/*
 * Reads the page that `frame`, claimed by the caller, stands for, and perhaps the pages behind it. On success it is published with one pin for the
 * caller; on an error the frame is given back. May block on: the disk.
 */
JET_ERR ese_cache__load(ese_cache_file *file, ese_cache__frame *frame);
