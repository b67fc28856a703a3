/* Reading every page of a file in its order, in large pieces and past the cache. */
#include "maint/maint_private.h"

enum { PIECE_BYTES = 1024 * 1024 };

ese_maint__scanned
ese_maint__judge(uint8_t *bytes, uint32_t page_size, ese_pgno pgno)
{
    ese_maint__scanned scanned = {{bytes, page_size, pgno}, ESE_MAINT_PAGE_GOOD, NULL};

    switch (ese_page_checksum_verify(bytes, page_size, pgno)) {
    case ESE_PAGE_STATE_GOOD: break;
    case ESE_PAGE_STATE_CORRECTED: scanned.state = ESE_MAINT_PAGE_CORRECTED; break;
    case ESE_PAGE_STATE_BLANK: scanned.state = ESE_MAINT_PAGE_BLANK; return scanned;
    case ESE_PAGE_STATE_BAD:
        scanned.state = ESE_MAINT_PAGE_BAD_CHECKSUM;
        scanned.problem = "the checksum is wrong";
        return scanned;
    }
    if (ese_page_verify(&scanned.page) < JET_errSuccess) {
        scanned.state = ESE_MAINT_PAGE_BAD_STRUCTURE;
        scanned.problem = ese_err_text(JET_errDatabaseCorrupted);
    }
    return scanned;
}

JET_ERR
ese_maint__scan(const ese_maint__file *file, const ese_maint__scan_ops *ops)
{
    const uint32_t per_piece = PIECE_BYTES / file->page_size;
    uint8_t *bytes = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc_aligned(PIECE_BYTES, 64, &bytes));
    for (ese_pgno first = 1; first <= file->n_pages; first += per_piece) {
        ese_pgno left = file->n_pages - first + 1;
        uint32_t n = left < per_piece ? left : per_piece;
        uint64_t offset = ((uint64_t)first + 1) * file->page_size;

        ESE_TRY(ese_os_file_read(file->file, offset, bytes, (size_t)n * file->page_size));
        ese_os_file_prefetch(file->file, offset + PIECE_BYTES, PIECE_BYTES);
        for (uint32_t i = 0; i < n; i++) {
            ese_maint__scanned scanned =
                ese_maint__judge(bytes + (size_t)i * file->page_size, file->page_size, first + i);

            ESE_TRY(ops->visit(ops->self, &scanned));
        }
    }
out:
    ese_free(&bytes);
    return err;
}
