/* Fuzz target: everything that can be read from the bytes of a record, and of the nodes of long values. */
#include "record/record.h"
#include "record/record_lv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Volatile, so that every byte of a part is really read. */
static volatile uint8_t touched;

static void
touch(ese_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        touched = bytes.data[i];
}

static void
read_tagged(const ese_record *record)
{
    ese_record_tagged tagged, found;
    ese_record_value value;
    uint64_t lid;

    for (uint32_t i = 0; i < record->n_tagged; i++) {
        if (ese_record_tagged_at(record, i, &tagged) < 0)
            continue;
        (void)ese_record_tagged_find(record, tagged.id, tagged.is_derived, &found);
        for (uint32_t k = 0; k < tagged.n_values; k++) {
            if (ese_record_tagged_value(&tagged, k, &value) < 0)
                continue;
            touch(value.bytes);
            if ((value.form & ESE_RECORD_SEPARATED) != 0)
                (void)ese_record_lv_reference(value.bytes, &lid);
        }
    }
}

static void
read_record(ese_bytes bytes, uint32_t page_size)
{
    ese_record record;
    ese_record_state state;
    ese_bytes value;

    if (ese_record_open(bytes, page_size, &record) < 0)
        return;
    for (uint16_t id = 1; id <= ESE_RECORD_FIXED_LAST; id++) {
        ese_record_place place = {id, (uint16_t)(4 * id), 4};

        if (ese_record_fixed(&record, place, &state, &value) == 0 && state == ESE_RECORD_VALUE)
            touch(value);
    }
    for (uint32_t id = ESE_RECORD_VARIABLE_FIRST; id <= ESE_RECORD_VARIABLE_LAST; id++) {
        if (ese_record_variable(&record, id, &state, &value) == 0 && state == ESE_RECORD_VALUE)
            touch(value);
    }
    read_tagged(&record);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ese_bytes bytes = {data, size};
    ese_record_lv_kind kind;
    ese_record_lv_root root;
    uint64_t lid;
    uint32_t offset;

    read_record(bytes, 4096);
    read_record(bytes, 32768);
    (void)ese_record_lv_split_key(bytes, &kind, &lid, &offset);
    (void)ese_record_lv_root_decode(bytes, &root);
    return 0;
}
