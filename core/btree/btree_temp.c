#include "btree/btree_temp.h"

#include "base/alloc.h"

enum {
    HEADER_PAGES = 2, /* nothing stands there; pages have the places they have in every database */
    INITIAL_PAGES = 64 - HEADER_PAGES,
    EXTENSION_BYTES = 1 << 20,
};

static const char file_name[] = "tmp.edb"; /* in a folder */

struct ese_btree_temp {
    ese_cache *cache;      /* [const] */
    ese_txn_store *store;  /* [const] */
    char *path;            /* [const] */
    uint32_t page_size;    /* [const] */
    ese_os_mutex lock;     /* who makes the file */
    ese_os_file *file;     /* [lock] */
    ese_cache_file *pages; /* [lock] */
    ese_log_db log;        /* [lock] */
    ese_btree_db *_Atomic
        db; /* [lock to write; atomic: release when it is complete, acquire by who uses it] NULL: not made yet */
};

/* A path that ends with a separator, or is a folder, gets a name behind it. */
static JET_ERR
make_path(const char *path, char **path_out)
{
    size_t size = strlen(path);
    bool is_folder = size == 0 || path[size - 1] == '/' || ese_os_folder_exists(path);
    bool has_separator = size == 0 || path[size - 1] == '/';
    char *full = NULL;
    JET_ERR err = ese_alloc(size + 1 + sizeof file_name, &full);

    if (err < JET_errSuccess)
        return err;
    memcpy(full, path, size + 1);
    if (is_folder && !has_separator)
        full[size++] = '/';
    if (is_folder)
        memcpy(full + size, file_name, sizeof file_name);
    *path_out = full;
    return JET_errSuccess;
}

JET_ERR
ese_btree_temp_create(const ese_btree_temp_options *options, ese_btree_temp **temp_out)
{
    ese_btree_temp *temp = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *temp, &temp));
    ESE_TRY(make_path(options->path, &temp->path));
    temp->cache = options->cache;
    temp->store = options->store;
    temp->page_size = options->page_size;
    ese_os_mutex_init(&temp->lock);
    *temp_out = temp;
    temp = NULL;
out:
    ese_free(&temp);
    return err;
}

static void
drop(ese_btree_temp *temp, ese_btree_db **db_inout)
{
    ese_btree_db_destroy(db_inout);
    ese_cache_detach(&temp->pages);
    ese_os_file_close(&temp->file);
}

void
ese_btree_temp_destroy(ese_btree_temp **temp_inout)
{
    ese_btree_temp *temp = *temp_inout;
    ese_btree_db *db;

    if (temp == NULL)
        return;
    /* Relaxed: nobody else is left. */
    db = atomic_load_explicit(&temp->db, memory_order_relaxed);
    drop(temp, &db);
    ese_os_mutex_destroy(&temp->lock);
    ese_free(&temp->path);
    ese_free(temp_inout);
}

/* Holds: lock. */
static JET_ERR
make_database(ese_btree_temp *temp)
{
    const ese_cache_write_ops ops = {.self = NULL}; /* nothing has to survive */
    ese_btree_db *db = NULL;
    JET_ERR err;

    ESE_TRY(ese_os_file_open_for(temp->path, ESE_OS_FILE_TEMPORARY, &temp->file));
    ESE_TRY(
        ese_os_file_resize(temp->file, (uint64_t)(INITIAL_PAGES + HEADER_PAGES) * temp->page_size));
    ESE_TRY(ese_cache_attach(temp->cache, temp->file, temp->page_size, &temp->pages));
    ese_cache_set_write_ops(temp->pages, &ops);
    temp->log.file = temp->pages;
    /* Relaxed: nobody else knows it yet. */
    atomic_store_explicit(&temp->log.dbtime, 1, memory_order_relaxed);
    atomic_store_explicit(&temp->log.objid_last, 1, memory_order_relaxed);
    ESE_TRY(ese_btree_db_create(&temp->log, temp->store, &db));
    ese_btree_db_set_extension(db, EXTENSION_BYTES / temp->page_size);
    ESE_TRY(ese_btree_db_format(db, INITIAL_PAGES));
    /* Release: matches the acquire below. */
    atomic_store_explicit(&temp->db, db, memory_order_release);
out:
    if (err < JET_errSuccess)
        drop(temp, &db);
    return err;
}

JET_ERR
ese_btree_temp_db(ese_btree_temp *temp, ese_btree_db **db_out)
{
    /* Acquire: matches the release above. */
    ese_btree_db *db = atomic_load_explicit(&temp->db, memory_order_acquire);
    JET_ERR err = JET_errSuccess;

    if (db == NULL) {
        ese_os_mutex_lock(&temp->lock);
        /* Relaxed: the lock orders those who make it. */
        if (atomic_load_explicit(&temp->db, memory_order_relaxed) == NULL)
            err = make_database(temp);
        db = atomic_load_explicit(&temp->db, memory_order_relaxed);
        ese_os_mutex_unlock(&temp->lock);
    }
    if (err >= JET_errSuccess)
        *db_out = db;
    return err;
}
