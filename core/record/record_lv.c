/* References, keys and roots of long values. Ids of 64 bits have bit 63 set, which tells the two generations apart. */
#include "record/record_lv.h"

#define LID64_MARK     0x8000000000000000U
#define LID64_RESERVED 0x7f00000000000000U

enum {
    LID32_MAX = 0x7fffffff,
    ROOT_SIZE = 8,
    ROOT_FLAGS_SIZE = 9, /* with a byte of flags, for encrypted columns */
    ROOT_FLAG_ENCRYPTED = 1,
};

static bool
is_lid32(uint64_t lid)
{
    return lid >= 1 && lid <= LID32_MAX;
}

static bool
is_lid64(uint64_t lid)
{
    return (lid & LID64_MARK) != 0 && (lid & LID64_RESERVED) == 0;
}

static JET_ERR
refuse(const char *what, ese_bytes bytes)
{
    return ese_raise(JET_errDatabaseCorrupted, "%zu bytes are no %s of a long value", bytes.size,
                     what);
}

JET_ERR
ese_record_lv_reference(ese_bytes reference, uint64_t *lid_out)
{
    uint64_t lid = 0;

    if (reference.size == 4)
        lid = ese_load_le32(reference.data);
    else if (reference.size == 8)
        lid = ese_load_le64(reference.data);
    if (reference.size == 8 ? !is_lid64(lid) : !is_lid32(lid))
        return refuse("reference", reference);
    *lid_out = lid;
    return JET_errSuccess;
}

size_t
ese_record_lv_reference_encode(uint64_t lid, uint8_t to[8])
{
    if (is_lid64(lid)) {
        ese_store_le64(to, lid);
        return 8;
    }
    ese_store_le32(to, (uint32_t)lid);
    return 4;
}

size_t
ese_record_lv_root_key(uint64_t lid, uint8_t key[ESE_RECORD_LV_KEY_MAX])
{
    if (is_lid64(lid)) {
        ese_store_be64(key, lid);
        return 8;
    }
    ese_store_be32(key, (uint32_t)lid);
    return 4;
}

size_t
ese_record_lv_chunk_key(uint64_t lid, uint32_t offset, uint8_t key[ESE_RECORD_LV_KEY_MAX])
{
    size_t size = ese_record_lv_root_key(lid, key);

    ese_store_be32(key + size, offset);
    return size + 4;
}

JET_ERR
ese_record_lv_split_key(ese_bytes key, ese_record_lv_kind *kind_out, uint64_t *lid_out,
                        uint32_t *offset_out)
{
    bool is_wide = key.size == 12 || (key.size == 8 && (key.data[0] & 0x80) != 0);
    size_t lid_size = is_wide ? 8 : 4;
    uint64_t lid;

    if (key.size != 4 && key.size != 8 && key.size != 12)
        return refuse("key", key);
    lid = is_wide ? ese_load_be64(key.data) : ese_load_be32(key.data);
    if (is_wide ? !is_lid64(lid) : !is_lid32(lid))
        return refuse("key", key);
    *kind_out = key.size == lid_size ? ESE_RECORD_LV_ROOT : ESE_RECORD_LV_CHUNK;
    *lid_out = lid;
    *offset_out = key.size == lid_size ? 0 : ese_load_be32(key.data + lid_size);
    return JET_errSuccess;
}

JET_ERR
ese_record_lv_root_decode(ese_bytes data, ese_record_lv_root *root_out)
{
    if (data.size != ROOT_SIZE && data.size != ROOT_FLAGS_SIZE)
        return refuse("root", data);
    *root_out = (ese_record_lv_root){
        .refcount = ese_load_le32(data.data),
        .size = ese_load_le32(data.data + 4),
        .is_encrypted = data.size == ROOT_FLAGS_SIZE && (data.data[8] & ROOT_FLAG_ENCRYPTED) != 0,
    };
    return JET_errSuccess;
}

size_t
ese_record_lv_root_encode(const ese_record_lv_root *root, uint8_t to[ESE_RECORD_LV_ROOT_MAX])
{
    ese_store_le32(to, root->refcount);
    ese_store_le32(to + 4, root->size);
    if (!root->is_encrypted)
        return ROOT_SIZE;
    to[8] = ROOT_FLAG_ENCRYPTED;
    return ROOT_FLAGS_SIZE;
}

uint32_t
ese_record_limit(uint32_t page_size, uint32_t key_most)
{
    enum {
        HEADER_SMALL = 40, /* of a page */
        HEADER_LARGE = 80,
        TAGS = 8, /* of the external header and the node */
        KEY_SMALL = 255,
        KEY_SIZES = 2, /* a size in front of the key, in large pages one of a prefix, too */
    };
    uint32_t key = key_most + KEY_SIZES;

    if (page_size > 8192)
        return page_size - HEADER_LARGE - TAGS - KEY_SIZES - key;
    return page_size - HEADER_SMALL - TAGS - KEY_SIZES - (key > KEY_SMALL ? key : KEY_SMALL);
}

uint32_t
ese_record_lv_chunk_size(uint32_t page_size)
{
    enum {
        NODE_OVERHEAD_SMALL = 82,
        CHUNK_16K = 4050, /* large pages hold four chunks, small ones exactly one */
        CHUNK_32K = 8150,
    };

    if (page_size <= 8192)
        return page_size - NODE_OVERHEAD_SMALL;
    return page_size <= 16384 ? CHUNK_16K : CHUNK_32K;
}
