/*
 * The public header has the binary layout of the Windows header. Sizes and offsets are settled when
 * this file compiles; what only shows at run time (bits, signs, the two forms of text) has tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <string.h>

#include "esent.h"

#define STRUCT(type, size) static_assert(sizeof(type) == (size), #type);
#define FIELD(type, name, offset, size)                                                            \
    static_assert(offsetof(type, name) == (offset) && sizeof(((type *)0)->name) == (size),         \
                  #type "." #name);
#include "esent_layout.def"
#undef STRUCT
#undef FIELD

static_assert(sizeof(JET_API_PTR) == 8 && sizeof(void *) == 8, "64 bits");
static_assert(sizeof(JET_INSTANCE) == 8 && sizeof(JET_SESID) == 8 && sizeof(JET_TABLEID) == 8, "");
static_assert(sizeof(JET_LS) == 8 && sizeof(JET_HANDLE) == 8 && sizeof(JET_OSSNAPID) == 8, "");
static_assert(sizeof(JET_DBID) == 4 && sizeof(JET_COLUMNID) == 4 && sizeof(JET_GRBIT) == 4, "");
static_assert(sizeof(JET_COLTYP) == 4 && sizeof(JET_OBJTYP) == 4 && sizeof(JET_CBTYP) == 4, "");
static_assert(sizeof(JET_ERR) == 4 && (JET_ERR)-1 < 0, "a signed code");
static_assert(sizeof(JET_DATESERIAL) == 8 && sizeof(WCHAR) == 2, "");
static_assert(sizeof(JET_ERRCAT) == 4 && sizeof(JET_RELOP) == 4, "enums of Windows take 4 bytes");
static_assert(JET_errcatUnknown == 0 && JET_errcatObsolete == 16, "categories are numbered");
static_assert(JET_relopEquals == 0 && JET_relopBitmaskNotEqualsZero == 8, "operators are numbered");

#if JET_bitObjectSystem != 0x80000000 || JET_dbidNil != 0xFFFFFFFF || JET_errInvalidSesid >= 0
#    error "constants must be usable by the preprocessor"
#endif
#if JET_sesidNil != UINT64_MAX || JET_bitForceCloseAndDetach != 3 || JET_MovePrevious != -1
#    error "constants must be usable by the preprocessor"
#endif

/* The byte at `offset` of the object, after one field of it was set. */
static unsigned
byte_at(const void *object, size_t offset)
{
    return ((const unsigned char *)object)[offset];
}

static void
test_include_logtime__keeps_milliseconds_in_the_bits_of_windows(void **state)
{
    JET_LOGTIME time = {0};

    (void)state;
    time.fTimeIsUTC = 1;
    assert_int_equal(byte_at(&time, 6), 0x01);
    time.bMillisecondsLow = 0x55;
    assert_int_equal(byte_at(&time, 6), 0xAB);
    assert_int_equal(time.bFiller1, (int8_t)0xAB);
    time.bMillisecondsHigh = 5;
    assert_int_equal(byte_at(&time, 7), 0x0A);
    time.fReserved = 1;
    assert_int_equal(byte_at(&time, 7), 0x0B);
    time.fUnused = 0xF;
    assert_int_equal(byte_at(&time, 7), 0xFB);
}

static void
test_include_bklogtime__keeps_the_snapshot_flag_in_the_lowest_bit(void **state)
{
    JET_BKLOGTIME time = {0};

    (void)state;
    time.fOSSnapshot = 1;
    assert_int_equal(byte_at(&time, 7), 0x01);
    time.bMillisecondsHigh = 7;
    assert_int_equal(byte_at(&time, 7), 0x0F);
    time.fReserved = 0xF;
    assert_int_equal(byte_at(&time, 7), 0xFF);
    time.fTimeIsUTC = 1;
    time.bMillisecondsLow = 0x40;
    assert_int_equal(byte_at(&time, 6), 0x81);
}

static void
test_include_flags__share_their_word_with_the_bits(void **state)
{
    JET_CONVERT_A convert_a = {0};
    JET_CONVERT_W convert_w = {0};
    JET_DBINFOUPGRADE upgrade = {0};

    (void)state;
    convert_a.fSchemaChangesOnly = 1;
    assert_int_equal(convert_a.fFlags, 1);
    convert_w.fSchemaChangesOnly = 1;
    assert_int_equal(convert_w.fFlags, 1);
    upgrade.fUpgradable = 1;
    assert_int_equal(upgrade.ulFlags, 1);
    upgrade.fAlreadyUpgraded = 1;
    assert_int_equal(upgrade.ulFlags, 3);
}

static void
test_include_enumcolumn__single_value_lies_over_the_value_list(void **state)
{
    JET_ENUMCOLUMNVALUE value = {0};
    JET_ENUMCOLUMN column = {0};

    (void)state;
    column.cEnumColumnValue = 7;
    column.rgEnumColumnValue = &value;
    assert_int_equal(column.cbData, 7);
    assert_ptr_equal(column.pvData, &value);
}

/* The name a bare name stands for. */
#define NAME(name)      NAME_TEXT(name)
#define NAME_TEXT(name) #name

static void
test_include_bare_names__are_the_byte_text_forms(void **state)
{
    (void)state;
    assert_string_equal(NAME(JetInit3), "JetInit3A");
    assert_string_equal(NAME(JetOpenTable), "JetOpenTableA");
    assert_string_equal(NAME(JET_RSTINFO), "JET_RSTINFO_A");
    assert_string_equal(NAME(JET_INDEXCREATE3), "JET_INDEXCREATE3_A");
    assert_string_equal(NAME(JetMove), "JetMove");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_include_logtime__keeps_milliseconds_in_the_bits_of_windows),
        cmocka_unit_test(test_include_bklogtime__keeps_the_snapshot_flag_in_the_lowest_bit),
        cmocka_unit_test(test_include_flags__share_their_word_with_the_bits),
        cmocka_unit_test(test_include_enumcolumn__single_value_lies_over_the_value_list),
        cmocka_unit_test(test_include_bare_names__are_the_byte_text_forms),
    };
    return cmocka_run_group_tests_name("include: esent.h", tests, NULL, NULL);
}
