/*
 * Creation and end of caches and their files, and what is known about them.
 */
#include "cache/cache_private.h"

#include "base/alloc.h"

enum { FIRST_BUCKETS = 64 };

_Thread_local ese_cache_counters ese_cache__counters;

ese_cache_counters
ese_cache_thread_counters(void)
{
    return ese_cache__counters;
}

JET_ERR
ese_cache_create(size_t limit_bytes, ese_cache **cache_out)
{
    JET_ERR err;
    ese_cache *cache = NULL;
    ese_cache__table *table = NULL;

    ESE_TRY(ese_alloc(sizeof *cache, &cache));
    ESE_TRY(ese_alloc(sizeof *table + FIRST_BUCKETS * sizeof table->buckets[0], &table));
    table->mask = FIRST_BUCKETS - 1;
    atomic_init(&cache->table, table);
    atomic_init(&cache->limit_bytes, limit_bytes);
    ese_list_init(&cache->ring);
    ese_list_init(&cache->idle);
    ese_os_mutex_init(&cache->pool);
    for (unsigned i = 0; i < ESE_CACHE__PARTITIONS; i++) {
        ese_os_mutex_init(&cache->partitions[i].mutex);
        ese_os_cond_init(&cache->partitions[i].loaded);
        ese_os_cond_init(&cache->partitions[i].unlatched);
    }
    *cache_out = cache;
    cache = NULL;
out:
    ese_free(&cache);
    return err;
}

static void
free_tables(ese_cache *cache)
{
    ese_cache__table *table = atomic_load_explicit(&cache->table, memory_order_relaxed);

    while (table != NULL) {
        ese_cache__table *outgrown = table->outgrown;

        ese_free(&table);
        table = outgrown;
    }
}

void
ese_cache_destroy(ese_cache **cache_inout)
{
    ese_cache *cache = *cache_inout;

    if (cache == NULL)
        return;
    free_tables(cache);
    while (cache->slabs != NULL) {
        ese_cache__slab *slab = cache->slabs;

        cache->slabs = slab->next;
        ese_free(&slab->frames);
        ese_free(&slab);
    }
    for (unsigned i = 0; i < ESE_CACHE__PARTITIONS; i++) {
        ese_os_cond_destroy(&cache->partitions[i].unlatched);
        ese_os_cond_destroy(&cache->partitions[i].loaded);
        ese_os_mutex_destroy(&cache->partitions[i].mutex);
    }
    ese_os_mutex_destroy(&cache->pool);
    ese_free(cache_inout);
}

void
ese_cache_set_limit(ese_cache *cache, size_t limit_bytes)
{
    atomic_store_explicit(&cache->limit_bytes, limit_bytes, memory_order_relaxed);
    ese_cache__trim(cache);
}

void
ese_cache_set_gate(ese_cache *cache, ese_os_gate *gate)
{
    cache->gate = gate;
}

size_t
ese_cache_size(const ese_cache *cache)
{
    return ese_cache__used(cache);
}

/* Behind the header and its shadow, and never more than page numbers can name. */
static ese_pgno
count_pages(const ese_os_file *file, uint32_t page_size)
{
    uint64_t n = ese_os_file_size(file) / page_size;

    if (n < 2)
        return 0;
    return n - 2 > ESE_PAGE_PGNO_MAX ? ESE_PAGE_PGNO_MAX : (ese_pgno)(n - 2);
}

JET_ERR
ese_cache_attach(ese_cache *cache, ese_os_file *file, uint32_t page_size, ese_cache_file **file_out)
{
    JET_ERR err;
    ese_cache_file *attached = NULL;
    uint32_t id;

    if (!ese_page_size_is_legal(page_size))
        return ese_raise(JET_errInvalidParameter, "%s: %u is no page size", ese_os_file_path(file),
                         (unsigned)page_size);
    ESE_TRY(ese_alloc(sizeof *attached, &attached));
    id = atomic_fetch_add_explicit(&cache->last_file_id, 1, memory_order_relaxed) + 1;
    attached->cache = cache;
    attached->file = file;
    attached->key_base = (uint64_t)id << 32;
    attached->page_size = page_size;
    atomic_init(&attached->page_count, count_pages(file, page_size));
    ese_os_mutex_init(&attached->write);
    *file_out = attached;
out:
    return err;
}

void
ese_cache_detach(ese_cache_file **file_inout)
{
    ese_cache_file *file = *file_inout;

    if (file == NULL)
        return;
    ese_cache__evict_behind(file, 0);
    ese_os_mutex_destroy(&file->write);
    ese_free(&file->write_buffer);
    ese_free(&file->run_buffer);
    ese_free(file_inout);
}

uint32_t
ese_cache_page_size(const ese_cache_file *file)
{
    return file->page_size;
}

ese_pgno
ese_cache_page_count(const ese_cache_file *file)
{
    return atomic_load_explicit(&file->page_count, memory_order_relaxed);
}

void
ese_cache_set_page_count(ese_cache_file *file, ese_pgno n)
{
    ese_pgno before = atomic_exchange_explicit(&file->page_count, n, memory_order_relaxed);

    if (n < before)
        ese_cache__evict_behind(file, n);
}

void
ese_cache_set_write_ops(ese_cache_file *file, const ese_cache_write_ops *ops)
{
    file->ops = *ops;
    file->has_write_ops = true;
    if (ops->is_logged && file->page_size > ESE_OS_FILE_BLOCK) /* smaller ones are never torn so */
        ese_os_file_make_direct(file->file);
}

ese_os_file *
ese_cache_os_file(const ese_cache_file *file)
{
    return file->file;
}

const char *
ese_cache_path(const ese_cache_file *file)
{
    return ese_os_file_path(file->file);
}
