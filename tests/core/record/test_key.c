/* Index keys: exact bytes for every type, truncation, and order of keys = order of values. */
#include "record_test.h"

#include "record/record_key.h"

enum { DESCENDING = 1, FIXED = 2, DOTNET = 4, NULLS_HIGH = 8, UNICODE = 16 };

static ese_record_key_rules
rules_of(unsigned options)
{
    return (ese_record_key_rules){
        .lcmap_flags = 0x30401,
        .sort_nulls_high = (options & NULLS_HIGH) != 0,
        .dotnet_guid = (options & DOTNET) != 0,
        .key_most = ESE_RECORD_KEY_MOST_DEFAULT,
        .var_seg_mac = ESE_RECORD_KEY_MOST_DEFAULT,
    };
}

static ese_record_key_column
column_of(unsigned coltyp, unsigned options)
{
    return (ese_record_key_column){
        .coltyp = (uint8_t)coltyp,
        .code_page = (options & UNICODE) != 0 ? 1200 : 1252,
        .is_fixed = (options & FIXED) != 0,
        .is_descending = (options & DESCENDING) != 0,
    };
}

static void
append(ese_record_key *key, const ese_record_key_rules *rules, ese_record_key_column column,
       const ese_bytes *value)
{
    uint8_t *exact = test_exact_copy(value != NULL ? *value : (ese_bytes){0});
    ese_bytes copy = {exact, value != NULL ? value->size : 0};

    assert_int_equal(ese_record_key_append(key, rules, &column, value != NULL ? &copy : NULL),
                     JET_errSuccess);
    free(exact);
}

static void
assert_key(unsigned coltyp, unsigned options, const ese_bytes *value, const char *hex)
{
    ese_record_key_rules rules = rules_of(options);
    ese_record_key key;
    char what[40];

    snprintf(what, sizeof what, "type %u, options %u", coltyp, options);
    ese_record_key_start(&key);
    append(&key, &rules, column_of(coltyp, options), value);
    test_assert_bytes((ese_bytes){key.bytes, key.size}, hex, what);
}

/* ---- exact bytes */

typedef struct vector {
    unsigned coltyp;
    unsigned options;
    const char *value; /* hexadecimal, NULL for the null value */
    const char *key;
} vector;

static const vector numbers[] = {
    {JET_coltypBit, 0, "00", "7f00"},
    {JET_coltypBit, 0, "01", "7fff"},
    {JET_coltypBit, 0, "ff", "7fff"},
    {JET_coltypBit, 0, NULL, "00"},
    {JET_coltypUnsignedByte, 0, "00", "7f00"},
    {JET_coltypUnsignedByte, 0, "7f", "7f7f"},
    {JET_coltypUnsignedByte, 0, "80", "7f80"},
    {JET_coltypUnsignedByte, 0, "ff", "7fff"},
    {JET_coltypUnsignedByte, 0, NULL, "00"},
    {JET_coltypShort, 0, "0080", "7f0000"},
    {JET_coltypShort, 0, "18fc", "7f7c18"},
    {JET_coltypShort, 0, "ffff", "7f7fff"},
    {JET_coltypShort, 0, "0000", "7f8000"},
    {JET_coltypShort, 0, "0100", "7f8001"},
    {JET_coltypShort, 0, "ff00", "7f80ff"},
    {JET_coltypShort, 0, "0001", "7f8100"},
    {JET_coltypShort, 0, "ff7f", "7fffff"},
    {JET_coltypShort, 0, NULL, "00"},
    {JET_coltypUnsignedShort, 0, "0080", "7f8000"},
    {JET_coltypUnsignedShort, 0, "18fc", "7ffc18"},
    {JET_coltypUnsignedShort, 0, "ffff", "7fffff"},
    {JET_coltypUnsignedShort, 0, "0000", "7f0000"},
    {JET_coltypUnsignedShort, 0, "0100", "7f0001"},
    {JET_coltypUnsignedShort, 0, "ff00", "7f00ff"},
    {JET_coltypUnsignedShort, 0, "0001", "7f0100"},
    {JET_coltypUnsignedShort, 0, "ff7f", "7f7fff"},
    {JET_coltypUnsignedShort, 0, NULL, "00"},
    {JET_coltypLong, 0, "00000080", "7f00000000"},
    {JET_coltypLong, 0, "0000ffff", "7f7fff0000"},
    {JET_coltypLong, 0, "ffffffff", "7f7fffffff"},
    {JET_coltypLong, 0, "00000000", "7f80000000"},
    {JET_coltypLong, 0, "01000000", "7f80000001"},
    {JET_coltypLong, 0, "04030201", "7f81020304"},
    {JET_coltypLong, 0, "ffffff7f", "7fffffffff"},
    {JET_coltypLong, 0, NULL, "00"},
    {JET_coltypUnsignedLong, 0, "00000080", "7f80000000"},
    {JET_coltypUnsignedLong, 0, "0000ffff", "7fffff0000"},
    {JET_coltypUnsignedLong, 0, "ffffffff", "7fffffffff"},
    {JET_coltypUnsignedLong, 0, "00000000", "7f00000000"},
    {JET_coltypUnsignedLong, 0, "01000000", "7f00000001"},
    {JET_coltypUnsignedLong, 0, "04030201", "7f01020304"},
    {JET_coltypUnsignedLong, 0, "ffffff7f", "7f7fffffff"},
    {JET_coltypUnsignedLong, 0, NULL, "00"},
    {JET_coltypLongLong, 0, "00*7 80", "7f 00*8"},
    {JET_coltypLongLong, 0, "00000000ffffffff", "7f7fffffff00000000"},
    {JET_coltypLongLong, 0, "ff*8", "7f7f ff*7"},
    {JET_coltypLongLong, 0, "00*8", "7f80 00*7"},
    {JET_coltypLongLong, 0, "01 00*7", "7f8000000000000001"},
    {JET_coltypLongLong, 0, "0807060504030201", "7f8102030405060708"},
    {JET_coltypLongLong, 0, "ff*7 7f", "7f ff*8"},
    {JET_coltypLongLong, 0, NULL, "00"},
    {JET_coltypCurrency, 0, "00*7 80", "7f 00*8"},
    {JET_coltypCurrency, 0, "00000000ffffffff", "7f7fffffff00000000"},
    {JET_coltypCurrency, 0, "ff*8", "7f7f ff*7"},
    {JET_coltypCurrency, 0, "00*8", "7f80 00*7"},
    {JET_coltypCurrency, 0, "01 00*7", "7f8000000000000001"},
    {JET_coltypCurrency, 0, "0807060504030201", "7f8102030405060708"},
    {JET_coltypCurrency, 0, "ff*7 7f", "7f ff*8"},
    {JET_coltypCurrency, 0, NULL, "00"},
    {JET_coltypBit, DESCENDING, "00", "80ff"},
    {JET_coltypBit, DESCENDING, "01", "8000"},
    {JET_coltypBit, DESCENDING, "ff", "8000"},
    {JET_coltypBit, DESCENDING, NULL, "ff"},
    {JET_coltypUnsignedByte, DESCENDING, "00", "80ff"},
    {JET_coltypUnsignedByte, DESCENDING, "7f", "8080"},
    {JET_coltypUnsignedByte, DESCENDING, "80", "807f"},
    {JET_coltypUnsignedByte, DESCENDING, "ff", "8000"},
    {JET_coltypUnsignedByte, DESCENDING, NULL, "ff"},
    {JET_coltypShort, DESCENDING, "0080", "80ffff"},
    {JET_coltypShort, DESCENDING, "18fc", "8083e7"},
    {JET_coltypShort, DESCENDING, "ffff", "808000"},
    {JET_coltypShort, DESCENDING, "0000", "807fff"},
    {JET_coltypShort, DESCENDING, "0100", "807ffe"},
    {JET_coltypShort, DESCENDING, "ff00", "807f00"},
    {JET_coltypShort, DESCENDING, "0001", "807eff"},
    {JET_coltypShort, DESCENDING, "ff7f", "800000"},
    {JET_coltypShort, DESCENDING, NULL, "ff"},
    {JET_coltypUnsignedShort, DESCENDING, "0080", "807fff"},
    {JET_coltypUnsignedShort, DESCENDING, "18fc", "8003e7"},
    {JET_coltypUnsignedShort, DESCENDING, "ffff", "800000"},
    {JET_coltypUnsignedShort, DESCENDING, "0000", "80ffff"},
    {JET_coltypUnsignedShort, DESCENDING, "0100", "80fffe"},
    {JET_coltypUnsignedShort, DESCENDING, "ff00", "80ff00"},
    {JET_coltypUnsignedShort, DESCENDING, "0001", "80feff"},
    {JET_coltypUnsignedShort, DESCENDING, "ff7f", "808000"},
    {JET_coltypUnsignedShort, DESCENDING, NULL, "ff"},
    {JET_coltypLong, DESCENDING, "00000080", "80ffffffff"},
    {JET_coltypLong, DESCENDING, "0000ffff", "808000ffff"},
    {JET_coltypLong, DESCENDING, "ffffffff", "8080000000"},
    {JET_coltypLong, DESCENDING, "00000000", "807fffffff"},
    {JET_coltypLong, DESCENDING, "01000000", "807ffffffe"},
    {JET_coltypLong, DESCENDING, "04030201", "807efdfcfb"},
    {JET_coltypLong, DESCENDING, "ffffff7f", "8000000000"},
    {JET_coltypLong, DESCENDING, NULL, "ff"},
    {JET_coltypUnsignedLong, DESCENDING, "00000080", "807fffffff"},
    {JET_coltypUnsignedLong, DESCENDING, "0000ffff", "800000ffff"},
    {JET_coltypUnsignedLong, DESCENDING, "ffffffff", "8000000000"},
    {JET_coltypUnsignedLong, DESCENDING, "00000000", "80ffffffff"},
    {JET_coltypUnsignedLong, DESCENDING, "01000000", "80fffffffe"},
    {JET_coltypUnsignedLong, DESCENDING, "04030201", "80fefdfcfb"},
    {JET_coltypUnsignedLong, DESCENDING, "ffffff7f", "8080000000"},
    {JET_coltypUnsignedLong, DESCENDING, NULL, "ff"},
    {JET_coltypLongLong, DESCENDING, "00*7 80", "80 ff*8"},
    {JET_coltypLongLong, DESCENDING, "00000000ffffffff", "8080000000ffffffff"},
    {JET_coltypLongLong, DESCENDING, "ff*8", "8080 00*7"},
    {JET_coltypLongLong, DESCENDING, "00*8", "807f ff*7"},
    {JET_coltypLongLong, DESCENDING, "01 00*7", "807ffffffffffffffe"},
    {JET_coltypLongLong, DESCENDING, "0807060504030201", "807efdfcfbfaf9f8f7"},
    {JET_coltypLongLong, DESCENDING, "ff*7 7f", "80 00*8"},
    {JET_coltypLongLong, DESCENDING, NULL, "ff"},
    {JET_coltypCurrency, DESCENDING, "00*7 80", "80 ff*8"},
    {JET_coltypCurrency, DESCENDING, "00000000ffffffff", "8080000000ffffffff"},
    {JET_coltypCurrency, DESCENDING, "ff*8", "8080 00*7"},
    {JET_coltypCurrency, DESCENDING, "00*8", "807f ff*7"},
    {JET_coltypCurrency, DESCENDING, "01 00*7", "807ffffffffffffffe"},
    {JET_coltypCurrency, DESCENDING, "0807060504030201", "807efdfcfbfaf9f8f7"},
    {JET_coltypCurrency, DESCENDING, "ff*7 7f", "80 00*8"},
    {JET_coltypCurrency, DESCENDING, NULL, "ff"},
    {JET_coltypLong, 0, "05000000", "7f80000005"},
    {JET_coltypIEEESingle, 0, "00000000", "7f80000000"},
    {JET_coltypIEEESingle, 0, "00000080", "7f7fffffff"},
    {JET_coltypIEEESingle, 0, "0000803f", "7fbf800000"},
    {JET_coltypIEEESingle, 0, "000080bf", "7f407fffff"},
    {JET_coltypIEEESingle, 0, "db0f4940", "7fc0490fdb"},
    {JET_coltypIEEESingle, 0, "ffff7f7f", "7fff7fffff"},
    {JET_coltypIEEESingle, 0, "ffff7fff", "7f00800000"},
    {JET_coltypIEEESingle, 0, "01000000", "7f80000001"},
    {JET_coltypIEEESingle, 0, "01000080", "7f7ffffffe"},
    {JET_coltypIEEESingle, 0, "0000807f", "7fff800000"},
    {JET_coltypIEEESingle, 0, "000080ff", "7f007fffff"},
    {JET_coltypIEEESingle, 0, "0000c07f", "7fffc00000"},
    {JET_coltypIEEESingle, 0, "0000c0ff", "7f003fffff"},
    {JET_coltypIEEESingle, 0, NULL, "00"},
    {JET_coltypIEEEDouble, 0, "00*8", "7f80 00*7"},
    {JET_coltypIEEEDouble, 0, "00*7 80", "7f7f ff*7"},
    {JET_coltypIEEEDouble, 0, "000000000000f03f", "7fbff0000000000000"},
    {JET_coltypIEEEDouble, 0, "000000000000f0bf", "7f400fffffffffffff"},
    {JET_coltypIEEEDouble, 0, "182d4454fb210940", "7fc00921fb54442d18"},
    {JET_coltypIEEEDouble, 0, "ffffffffffffef7f", "7fffefffffffffffff"},
    {JET_coltypIEEEDouble, 0, "ffffffffffffefff", "7f0010000000000000"},
    {JET_coltypIEEEDouble, 0, "01 00*7", "7f8000000000000001"},
    {JET_coltypIEEEDouble, 0, "0100000000000080", "7f7ffffffffffffffe"},
    {JET_coltypIEEEDouble, 0, "000000000000f07f", "7ffff0000000000000"},
    {JET_coltypIEEEDouble, 0, "000000000000f0ff", "7f000fffffffffffff"},
    {JET_coltypIEEEDouble, 0, "000000000000f87f", "7ffff8000000000000"},
    {JET_coltypIEEEDouble, 0, "000000000000f8ff", "7f0007ffffffffffff"},
    {JET_coltypIEEEDouble, 0, NULL, "00"},
    {JET_coltypDateTime, 0, "00*8", "7f80 00*7"},
    {JET_coltypDateTime, 0, "000000000000f03f", "7fbff0000000000000"},
    {JET_coltypDateTime, 0, "000000000000f0bf", "7f400fffffffffffff"},
    {JET_coltypDateTime, 0, "00000000d0d5e140", "7fc0e1d5d000000000"},
    {JET_coltypDateTime, 0, "00000000341024c1", "7f3edbefcbffffffff"},
    {JET_coltypDateTime, 0, NULL, "00"},
    {JET_coltypGUID, 0, "00112233445566778899aabbccddeeff", "7faabbccddeeff88996677445500112233"},
    {JET_coltypGUID, 0, "00*16", "7f 00*16"},
    {JET_coltypGUID, 0, "ff*16", "7f ff*16"},
    {JET_coltypGUID, 0, NULL, "00"},
    {JET_coltypIEEESingle, DESCENDING, "00000000", "807fffffff"},
    {JET_coltypIEEESingle, DESCENDING, "00000080", "8080000000"},
    {JET_coltypIEEESingle, DESCENDING, "0000803f", "80407fffff"},
    {JET_coltypIEEESingle, DESCENDING, "000080bf", "80bf800000"},
    {JET_coltypIEEESingle, DESCENDING, "db0f4940", "803fb6f024"},
    {JET_coltypIEEESingle, DESCENDING, "ffff7f7f", "8000800000"},
    {JET_coltypIEEESingle, DESCENDING, "ffff7fff", "80ff7fffff"},
    {JET_coltypIEEESingle, DESCENDING, "01000000", "807ffffffe"},
    {JET_coltypIEEESingle, DESCENDING, "01000080", "8080000001"},
    {JET_coltypIEEESingle, DESCENDING, "0000807f", "80007fffff"},
    {JET_coltypIEEESingle, DESCENDING, "000080ff", "80ff800000"},
    {JET_coltypIEEESingle, DESCENDING, "0000c07f", "80003fffff"},
    {JET_coltypIEEESingle, DESCENDING, "0000c0ff", "80ffc00000"},
    {JET_coltypIEEESingle, DESCENDING, NULL, "ff"},
    {JET_coltypIEEEDouble, DESCENDING, "00*8", "807f ff*7"},
    {JET_coltypIEEEDouble, DESCENDING, "00*7 80", "8080 00*7"},
    {JET_coltypIEEEDouble, DESCENDING, "000000000000f03f", "80400fffffffffffff"},
    {JET_coltypIEEEDouble, DESCENDING, "000000000000f0bf", "80bff0000000000000"},
    {JET_coltypIEEEDouble, DESCENDING, "182d4454fb210940", "803ff6de04abbbd2e7"},
    {JET_coltypIEEEDouble, DESCENDING, "ffffffffffffef7f", "800010000000000000"},
    {JET_coltypIEEEDouble, DESCENDING, "ffffffffffffefff", "80ffefffffffffffff"},
    {JET_coltypIEEEDouble, DESCENDING, "01 00*7", "807ffffffffffffffe"},
    {JET_coltypIEEEDouble, DESCENDING, "0100000000000080", "808000000000000001"},
    {JET_coltypIEEEDouble, DESCENDING, "000000000000f07f", "80000fffffffffffff"},
    {JET_coltypIEEEDouble, DESCENDING, "000000000000f0ff", "80fff0000000000000"},
    {JET_coltypIEEEDouble, DESCENDING, "000000000000f87f", "800007ffffffffffff"},
    {JET_coltypIEEEDouble, DESCENDING, "000000000000f8ff", "80fff8000000000000"},
    {JET_coltypIEEEDouble, DESCENDING, NULL, "ff"},
    {JET_coltypDateTime, DESCENDING, "00*8", "807f ff*7"},
    {JET_coltypDateTime, DESCENDING, "000000000000f03f", "80400fffffffffffff"},
    {JET_coltypDateTime, DESCENDING, "000000000000f0bf", "80bff0000000000000"},
    {JET_coltypDateTime, DESCENDING, "00000000d0d5e140", "803f1e2a2fffffffff"},
    {JET_coltypDateTime, DESCENDING, "00000000341024c1", "80c124103400000000"},
    {JET_coltypDateTime, DESCENDING, NULL, "ff"},
    {JET_coltypGUID, DESCENDING, "00112233445566778899aabbccddeeff",
     "8055443322110077669988bbaaffeeddcc"},
    {JET_coltypGUID, DESCENDING, "00*16", "80 ff*16"},
    {JET_coltypGUID, DESCENDING, "ff*16", "80 00*16"},
    {JET_coltypGUID, DESCENDING, NULL, "ff"},
    {JET_coltypGUID, DOTNET, "01112131415161718191a1b1c1d1e1f1",
     "7f31211101514171618191a1b1c1d1e1f1"},
};

static const vector binaries[] = {
    {JET_coltypBinary, 0, NULL, "00"},
    {JET_coltypBinary, 0, "", "40"},
    {JET_coltypBinary, 0, "01", "7f01 00*7 01"},
    {JET_coltypBinary, 0, "0102", "7f010200000000000002"},
    {JET_coltypBinary, 0, "010203", "7f010203000000000003"},
    {JET_coltypBinary, 0, "01020304", "7f010203040000000004"},
    {JET_coltypBinary, 0, "0102030405", "7f010203040500000005"},
    {JET_coltypBinary, 0, "010203040506", "7f010203040506000006"},
    {JET_coltypBinary, 0, "01020304050607", "7f010203040506070007"},
    {JET_coltypBinary, 0, "0102030405060708", "7f010203040506070808"},
    {JET_coltypBinary, 0, "010203040506070809", "7f01020304050607080909 00*7 01"},
    {JET_coltypBinary, 0, "0102030405060708090a", "7f010203040506070809090a00000000000002"},
    {JET_coltypBinary, 0, "0102030405060708090a0b0c0d0e0f10",
     "7f010203040506070809090a0b0c0d0e0f1008"},
    {JET_coltypBinary, 0, "0102030405060708090a0b0c0d0e0f1011",
     "7f010203040506070809090a0b0c0d0e0f100911 00*7 01"},
    {JET_coltypBinary, 0, "0102030405060708090a0b0c0d0e0f101112131415161718",
     "7f010203040506070809090a0b0c0d0e0f1009111213141516171808"},
    {JET_coltypBinary, 0, "0102030405060708090a0b0c0d0e0f10111213141516171819",
     "7f010203040506070809090a0b0c0d0e0f100911121314151617180919 00*7 01"},
    {JET_coltypBinary, 0, "00", "7f 00*8 01"},
    {JET_coltypBinary, 0, "00*8", "7f 00*8 08"},
    {JET_coltypBinary, 0, "ff*9", "7f ff*8 09ff 00*7 01"},
    {JET_coltypBinary, 0,
     "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2"
     "f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d"
     "5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8"
     "c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9ba"
     "bbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcddde",
     "7f010203040506070809090a0b0c0d0e0f1009111213141516171809191a1b1c1d1e1f20092122232425262728092"
     "92a2b2c2d2e2f3009313233343536373809393a3b3c3d3e3f4009414243444546474809494a4b4c4d4e4f50095152"
     "53545556575809595a5b5c5d5e5f6009616263646566676809696a6b6c6d6e6f7009717273747576777809797a7b7"
     "c7d7e7f8009818283848586878809898a8b8c8d8e8f9009919293949596979809999a9b9c9d9e9fa009a1a2a3a4a5"
     "a6a7a809a9aaabacadaeafb009b1b2b3b4b5b6b7b809b9babbbcbdbebfc009c1c2c3c4c5c6c7c809c9cacbcccdcec"
     "fd009d1d2d3d4d5d6d7d809d9dadbdcddde000006"},
    {JET_coltypBinary, 0,
     "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2"
     "f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d"
     "5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8"
     "c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9ba"
     "bbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e"
     "9",
     "7f010203040506070809090a0b0c0d0e0f1009111213141516171809191a1b1c1d1e1f20092122232425262728092"
     "92a2b2c2d2e2f3009313233343536373809393a3b3c3d3e3f4009414243444546474809494a4b4c4d4e4f50095152"
     "53545556575809595a5b5c5d5e5f6009616263646566676809696a6b6c6d6e6f7009717273747576777809797a7b7"
     "c7d7e7f8009818283848586878809898a8b8c8d8e8f9009919293949596979809999a9b9c9d9e9fa009a1a2a3a4a5"
     "a6a7a809a9aaabacadaeafb009b1b2b3b4b5b6b7b809b9babbbcbdbebfc009c1c2c3c4c5c6c7c809c9cacbcccdcec"
     "fd009d1d2d3d4d5d6d7d809d9dadbdcdddedfe009e1e2"},
    {JET_coltypBinary, 0,
     "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2"
     "f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d"
     "5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8"
     "c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9ba"
     "bbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e"
     "9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f1011121314151617"
     "18191a1b1c1d1e1f202122232425262728292a2b2c",
     "7f010203040506070809090a0b0c0d0e0f1009111213141516171809191a1b1c1d1e1f20092122232425262728092"
     "92a2b2c2d2e2f3009313233343536373809393a3b3c3d3e3f4009414243444546474809494a4b4c4d4e4f50095152"
     "53545556575809595a5b5c5d5e5f6009616263646566676809696a6b6c6d6e6f7009717273747576777809797a7b7"
     "c7d7e7f8009818283848586878809898a8b8c8d8e8f9009919293949596979809999a9b9c9d9e9fa009a1a2a3a4a5"
     "a6a7a809a9aaabacadaeafb009b1b2b3b4b5b6b7b809b9babbbcbdbebfc009c1c2c3c4c5c6c7c809c9cacbcccdcec"
     "fd009d1d2d3d4d5d6d7d809d9dadbdcdddedfe009e1e2"},
    {JET_coltypBinary, FIXED, NULL, "00"},
    {JET_coltypBinary, FIXED, "0102030405060708090a", "7f0102030405060708090a"},
    {JET_coltypLongBinary, 0, NULL, "00"},
    {JET_coltypLongBinary, 0, "", "40"},
    {JET_coltypLongBinary, 0, "01020304050607", "7f010203040506070007"},
    {JET_coltypLongBinary, 0, "0102030405060708", "7f010203040506070808"},
    {JET_coltypLongBinary, 0, "010203040506070809", "7f01020304050607080909 00*7 01"},
    {JET_coltypLongBinary, 0,
     "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2"
     "f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d"
     "5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8"
     "c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9ba"
     "bbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e"
     "9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f1011121314151617"
     "18191a1b1c1d1e1f202122232425262728292a2b2c",
     "7f010203040506070809090a0b0c0d0e0f1009111213141516171809191a1b1c1d1e1f20092122232425262728092"
     "92a2b2c2d2e2f3009313233343536373809393a3b3c3d3e3f4009414243444546474809494a4b4c4d4e4f50095152"
     "53545556575809595a5b5c5d5e5f6009616263646566676809696a6b6c6d6e6f7009717273747576777809797a7b7"
     "c7d7e7f8009818283848586878809898a8b8c8d8e8f9009919293949596979809999a9b9c9d9e9fa009a1a2a3a4a5"
     "a6a7a809a9aaabacadaeafb009b1b2b3b4b5b6b7b809b9babbbcbdbebfc009c1c2c3c4c5c6c7c809c9cacbcccdcec"
     "fd009d1d2d3d4d5d6d7d809d9dadbdcdddedfe009e1e2"},
    {JET_coltypBinary, DESCENDING, NULL, "ff"},
    {JET_coltypBinary, DESCENDING, "", "bf"},
    {JET_coltypBinary, DESCENDING, "01", "80fe ff*7 fe"},
    {JET_coltypBinary, DESCENDING, "0102030405060708", "80fefdfcfbfaf9f8f7f7"},
    {JET_coltypBinary, DESCENDING, "010203040506070809", "80fefdfcfbfaf9f8f7f6f6 ff*7 fe"},
    {JET_coltypBinary, DESCENDING, "0102030405060708090a",
     "80fefdfcfbfaf9f8f7f6f6f5fffffffffffffd"},
    {JET_coltypBinary, DESCENDING, "00", "80 ff*8 fe"},
    {JET_coltypBinary, DESCENDING, "00*8", "80 ff*8 f7"},
    {JET_coltypBinary, DESCENDING, "ff*9", "80 00*8 f600 ff*7 fe"},
    {JET_coltypBinary, DESCENDING | FIXED, NULL, "ff"},
    {JET_coltypBinary, DESCENDING | FIXED, "0102030405060708090a", "80fefdfcfbfaf9f8f7f6f5"},
    {JET_coltypLongBinary, DESCENDING, NULL, "ff"},
    {JET_coltypLongBinary, DESCENDING, "", "bf"},
    {JET_coltypLongBinary, DESCENDING, "0102030405060708", "80fefdfcfbfaf9f8f7f7"},
    {JET_coltypLongBinary, DESCENDING, "010203040506070809", "80fefdfcfbfaf9f8f7f6f6 ff*7 fe"},
};

static void
assert_vectors(const vector *vectors, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        test_bytes bytes = {.size = 0};
        ese_bytes value;

        if (vectors[i].value != NULL)
            test_parse(vectors[i].value, &bytes);
        value = test_view(&bytes);
        assert_key(vectors[i].coltyp, vectors[i].options, vectors[i].value != NULL ? &value : NULL,
                   vectors[i].key);
    }
}

static void
test_record_key_append__normalizes_numbers_and_guids(void **unused)
{
    (void)unused;
    assert_vectors(numbers, sizeof numbers / sizeof numbers[0]);
}

static void
test_record_key_append__normalizes_binary_values(void **unused)
{
    (void)unused;
    assert_vectors(binaries, sizeof binaries / sizeof binaries[0]);
}

typedef struct text_vector {
    unsigned options;
    const char *text;
    const char *key;
} text_vector;

static const text_vector texts[] = {
    {0, NULL, "00"},
    {0, "", "40"},
    {0, "a", "7f4100"},
    {0, "A", "7f4100"},
    {0, "b", "7f4200"},
    {0, "B", "7f4200"},
    {0, "z", "7f5a00"},
    {0, "Z", "7f5a00"},
    {0, "abc", "7f41424300"},
    {0, "ABC", "7f41424300"},
    {0, "aBc", "7f41424300"},
    {0, "abc def", "7f4142432044454600"},
    {0, "abc  def", "7f414243202044454600"},
    {0, "abc ", "7f4142432000"},
    {0, " abc", "7f2041424300"},
    {0, "a-b", "7f412d4200"},
    {0, "a'b", "7f41274200"},
    {0, "a_b", "7f415f4200"},
    {0, "a.b", "7f412e4200"},
    {0, "coop", "7f434f4f5000"},
    {0, "co-op", "7f434f2d4f5000"},
    {0, "0", "7f3000"},
    {0, "9", "7f3900"},
    {0, "10", "7f313000"},
    {0, "2", "7f3200"},
    {0, "-1", "7f2d3100"},
    {0, "1.5", "7f312e3500"},
    {0, "!", "7f2100"},
    {0, "\"", "7f2200"},
    {0, "#", "7f2300"},
    {0, "$", "7f2400"},
    {0, "%", "7f2500"},
    {0, "&", "7f2600"},
    {0, "(", "7f2800"},
    {0, ")", "7f2900"},
    {0, "*", "7f2a00"},
    {0, "+", "7f2b00"},
    {0, ",", "7f2c00"},
    {0, "/", "7f2f00"},
    {0, ":", "7f3a00"},
    {0, ";", "7f3b00"},
    {0, "<", "7f3c00"},
    {0, "=", "7f3d00"},
    {0, ">", "7f3e00"},
    {0, "?", "7f3f00"},
    {0, "@", "7f4000"},
    {0, "[", "7f5b00"},
    {0, "\\", "7f5c00"},
    {0, "]", "7f5d00"},
    {0, "^", "7f5e00"},
    {0, "`", "7f6000"},
    {0, "{", "7f7b00"},
    {0, "|", "7f7c00"},
    {0, "}", "7f7d00"},
    {0, "~", "7f7e00"},
    {0, "The quick brown fox", "7f54484520515549434b2042524f574e20464f5800"},
    {0, "a\011b", "7f41094200"},
    {0, "\001", "7f0100"},
    {DESCENDING, NULL, "ff"},
    {DESCENDING, "", "bf"},
    {DESCENDING, "a", "80beff"},
    {DESCENDING, "abc", "80bebdbcff"},
    {DESCENDING, "co-op", "80bcb0d2b0afff"},
    {0, "\200", "7f8000"},
    {0, "\351", "7fe900"},
    {0, "\377", "7fff00"},
    {FIXED, "abc       ", "7f414243 20*7 00"},
    {FIXED, "abcdefghij", "7f4142434445464748494a00"},
};

static void
test_record_key_append__normalizes_latin_text(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = texts[i].text;
        ese_bytes value = {(const uint8_t *)text, text != NULL ? strlen(text) : 0};

        assert_key(JET_coltypText, texts[i].options, text != NULL ? &value : NULL, texts[i].key);
    }
}

static void
test_record_key_append__ends_latin_text_at_a_nul(void **unused)
{
    static const uint8_t text[] = {'a', 0, 'b'};

    (void)unused;
    assert_key(JET_coltypText, 0, &(ese_bytes){text, 3}, "7f4100");
    assert_key(JET_coltypLongText, 0, &(ese_bytes){text, 2}, "7f4100");
}

static void
test_record_key_append__pads_nothing_in_fixed_columns(void **unused)
{
    (void)unused;
    assert_key(JET_coltypText, FIXED, &(ese_bytes){(const uint8_t *)"abc       ", 10},
               "7f41424320*7 00");
    assert_key(JET_coltypBinary, FIXED, &(ese_bytes){(const uint8_t *)"ab\0", 3}, "7f616200");
}

static void
test_record_key_append__cuts_latin_text_with_its_last_byte_raised(void **unused)
{
    static const struct {
        size_t size;
        const char *key;
    } cases[] = {
        {252, "7f 58*252 00"}, {253, "7f 58*253 00"}, {254, "7f 58*254"},
        {255, "7f 58*254"},    {300, "7f 58*254"},
    };
    uint8_t text[300];

    (void)unused;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_key(JET_coltypText, 0, &(ese_bytes){text, cases[i].size}, cases[i].key);
    text[253] = '!'; /* no letter, raised all the same */
    assert_key(JET_coltypText, 0, &(ese_bytes){text, 300}, "7f 58*253 01");
    text[253] = 0;
    assert_key(JET_coltypText, 0, &(ese_bytes){text, 300}, "7f 58*253 00");
}

static void
test_record_key_append__places_nulls(void **unused)
{
    (void)unused;
    assert_key(JET_coltypLong, 0, NULL, "00");
    assert_key(JET_coltypLong, DESCENDING, NULL, "ff");
    assert_key(JET_coltypLong, NULLS_HIGH, NULL, "c0");
    assert_key(JET_coltypLong, NULLS_HIGH | DESCENDING, NULL, "3f");
    assert_key(JET_coltypText, NULLS_HIGH | DESCENDING, &(ese_bytes){0}, "bf");
}

static void
test_record_key_append__joins_segments(void **unused)
{
    ese_record_key_rules rules = rules_of(NULLS_HIGH);
    ese_record_key key;

    (void)unused;
    ese_record_key_start(&key);
    append(&key, &rules, column_of(JET_coltypText, 0), &(ese_bytes){(const uint8_t *)"t", 1});
    append(&key, &rules, column_of(JET_coltypLong, DESCENDING), NULL);
    append(&key, &rules, column_of(JET_coltypBinary, 0), NULL);
    test_assert_bytes((ese_bytes){key.bytes, key.size}, "7f54003fc0", "three segments");
    assert_false(key.is_truncated);
}

static void
test_record_key_append__normalizes_upper_cased_unicode(void **unused)
{
    static const uint8_t text[] = {'a', 0, 0xe9, 0, 0x36, 0x04, 0x4b, 0x01, 0xdf, 0};
    ese_record_key_rules rules = rules_of(0);
    ese_record_key key;

    (void)unused;
    rules.lcmap_flags = 0x200;
    ese_record_key_start(&key);
    append(&key, &rules, column_of(JET_coltypText, UNICODE), &(ese_bytes){text, sizeof text});
    test_assert_bytes((ese_bytes){key.bytes, key.size}, "7f 0041 00c9 0416 014a 00df 0000",
                      "upper");
}

static void
test_record_key_append__refuses_wrong_sizes(void **unused)
{
    static const uint8_t bytes[16] = {0};
    ese_record_key_rules rules = rules_of(0);
    ese_record_key_column text = column_of(JET_coltypText, UNICODE);
    ese_record_key key;

    (void)unused;
    ese_record_key_start(&key);
    for (unsigned type = JET_coltypBit; type <= JET_coltypUnsignedLongLong; type++) {
        ese_record_key_column column = column_of(type, 0);
        bool has_any_size = type >= JET_coltypBinary && type <= JET_coltypLongText;

        if (!has_any_size)
            assert_true(ese_record_key_append(&key, &rules, &column, &(ese_bytes){bytes, 3}) < 0);
        assert_int_equal(key.size, 0);
    }
    assert_int_equal(ese_record_key_append(&key, &rules, &text, &(ese_bytes){bytes, 1}),
                     JET_errUnicodeTranslationFail);
    rules.key_most = ESE_RECORD_KEY_MOST_MAX + 1;
    assert_int_equal(ese_record_key_append(&key, &rules, &text, NULL), JET_errIndexInvalidDef);
}

/* ---- lengths */

static void
test_record_key_append__keeps_to_the_limits_of_an_index(void **unused)
{
    static const uint16_t lengths[] = {1, 100, 200, 220, 225, 255, 400, 900, 2500};
    static const struct {
        uint16_t key_most, var_seg_mac;
        uint16_t sizes[9];
    } cases[] = {
        {255, 255, {10, 118, 226, 253, 255, 255, 255, 255, 255}},
        {256, 256, {10, 118, 226, 253, 256, 256, 256, 256, 256}},
        {500, 500, {10, 118, 226, 253, 262, 289, 451, 500, 500}},
        {1000, 1000, {10, 118, 226, 253, 262, 289, 451, 1000, 1000}},
        {255, 10, {10, 10, 10, 10, 10, 10, 10, 10, 10}},
        {400, 100, {10, 100, 100, 100, 100, 100, 100, 100, 100}},
        {400, 400, {10, 118, 226, 253, 262, 289, 400, 400, 400}},
    };
    static uint8_t data[2500];

    (void)unused;
    memset(data, 7, sizeof data);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
            ese_record_key_rules rules = rules_of(0);
            ese_record_key key;

            rules.key_most = cases[i].key_most;
            rules.var_seg_mac = cases[i].var_seg_mac;
            ese_record_key_start(&key);
            append(&key, &rules, column_of(JET_coltypLongBinary, 0),
                   &(ese_bytes){data, lengths[k]});
            assert_int_equal(key.size, cases[i].sizes[k]);
            assert_int_equal(key.is_truncated, rules.key_most == rules.var_seg_mac &&
                                                   lengths[k] > rules.key_most / 9 * 8);
        }
    }
}

static void
test_record_key_append__goes_on_behind_a_segment_cut_by_var_seg_mac(void **unused)
{
    ese_record_key_rules rules = rules_of(0);
    ese_record_key key;
    uint8_t text[300];

    (void)unused;
    memset(text, 'q', sizeof text);
    rules.var_seg_mac = 10;
    ese_record_key_start(&key);
    append(&key, &rules, column_of(JET_coltypText, 0), &(ese_bytes){text, sizeof text});
    append(&key, &rules, column_of(JET_coltypUnsignedByte, 0), &(ese_bytes){text, 1});
    test_assert_bytes((ese_bytes){key.bytes, key.size}, "7f 51*9 7f71", "text, byte");
    assert_false(key.is_truncated);
    ese_record_key_start(&key);
    append(&key, &rules, column_of(JET_coltypBinary, 0), &(ese_bytes){text, 8});
    append(&key, &rules, column_of(JET_coltypBinary, 0), &(ese_bytes){text, 9});
    test_assert_bytes((ese_bytes){key.bytes, key.size}, "7f 71*8 08 7f 71*8 09", "two binaries");
}

static void
test_record_key_append__drops_segments_behind_a_full_key(void **unused)
{
    ese_record_key_rules rules = rules_of(0);
    ese_record_key key;
    uint8_t data[300];

    (void)unused;
    memset(data, 0x61, sizeof data);
    ese_record_key_start(&key);
    append(&key, &rules, column_of(JET_coltypLongBinary, DESCENDING), &(ese_bytes){data, 252});
    assert_int_equal(key.size, 255);
    assert_true(key.is_truncated);
    append(&key, &rules, column_of(JET_coltypLong, 0), &(ese_bytes){data, 4});
    append(&key, &rules, column_of(JET_coltypText, 0), NULL);
    assert_int_equal(key.size, 255);
    ese_record_key_start(&key);
    rules.key_most = 12;
    append(&key, &rules, column_of(JET_coltypBinary, 0), &(ese_bytes){data, 5});
    append(&key, &rules, column_of(JET_coltypLong, 0),
           &(ese_bytes){data, 4}); /* 2 of 5 bytes fit */
    test_assert_bytes((ese_bytes){key.bytes, key.size}, "7f 61*5 000000 05 7fe1", "cut number");
    assert_true(key.is_truncated);
}

/* ---- order of keys = order of values */

typedef struct sample {
    test_bytes value;
    bool is_null;
} sample;

static int
compare_numbers(unsigned coltyp, const uint8_t *a, const uint8_t *b)
{
    int64_t sa = 0, sb = 0;
    double fa = 0, fb = 0;
    float single;
    uint64_t ua = ese_load_le64(a), ub = ese_load_le64(b);

    switch (coltyp) {
    case JET_coltypBit: return (a[0] != 0) - (b[0] != 0);
    case JET_coltypUnsignedByte: return a[0] - b[0];
    case JET_coltypUnsignedShort: return ese_load_le16(a) - ese_load_le16(b);
    case JET_coltypUnsignedLong:
        ua &= UINT32_MAX;
        ub &= UINT32_MAX;
        return (ua > ub) - (ua < ub);
    case JET_coltypUnsignedLongLong: return (ua > ub) - (ua < ub);
    case JET_coltypShort:
        sa = (int16_t)ese_load_le16(a);
        sb = (int16_t)ese_load_le16(b);
        break;
    case JET_coltypLong:
        sa = (int32_t)ese_load_le32(a);
        sb = (int32_t)ese_load_le32(b);
        break;
    case JET_coltypIEEESingle:
        memcpy(&single, a, sizeof single);
        fa = (double)single;
        memcpy(&single, b, sizeof single);
        fb = (double)single;
        return (fa > fb) - (fa < fb);
    case JET_coltypIEEEDouble:
    case JET_coltypDateTime:
        memcpy(&fa, a, sizeof fa);
        memcpy(&fb, b, sizeof fb);
        return (fa > fb) - (fa < fb);
    default:
        sa = (int64_t)ua;
        sb = (int64_t)ub;
        break;
    }
    return (sa > sb) - (sa < sb);
}

static int
compare_samples(unsigned coltyp, size_t size, const sample *a, const sample *b)
{
    if (a->is_null || b->is_null)
        return (int)b->is_null - (int)a->is_null;
    if (size > 0)
        return compare_numbers(coltyp, a->value.data, b->value.data);
    return ese_bytes_compare(test_view(&a->value), test_view(&b->value));
}

/* Bytes with many equal and extreme ones, so that close values are common. */
static void
make_sample(uint64_t *state, unsigned coltyp, size_t size, sample *sample_out)
{
    uint8_t *bytes = sample_out->value.data;

    sample_out->is_null = test_below(state, 20) == 0;
    sample_out->value.size = size > 0 ? size : test_below(state, 40);
    memset(bytes, 0, 8);
    for (size_t i = 0; i < sample_out->value.size; i++) {
        static const uint8_t extremes[] = {0, 1, 0x7f, 0x80, 0xff};

        bytes[i] = test_below(state, 3) == 0 ? (uint8_t)test_random(state)
                                             : extremes[test_below(state, 5)];
        if (coltyp == JET_coltypText)
            bytes[i] = (uint8_t)('A' + bytes[i] % 4);
    }
    if ((coltyp == JET_coltypIEEESingle || coltyp == JET_coltypIEEEDouble ||
         coltyp == JET_coltypDateTime) &&
        (bytes[size - 1] & 0x7f) == 0x7f)
        bytes[size - 1] ^= 0x20; /* what is not a number has no order */
}

static void
assert_order(unsigned coltyp, size_t size, unsigned options)
{
    ese_record_key_rules rules = rules_of(options);
    uint64_t state = coltyp * 100 + options;

    for (unsigned i = 0; i < 4000; i++) {
        static sample samples[2];
        ese_record_key keys[2];
        int by_value, by_key;

        for (unsigned k = 0; k < 2; k++) {
            ese_bytes value;

            make_sample(&state, coltyp, size, &samples[k]);
            value = test_view(&samples[k].value);
            ese_record_key_start(&keys[k]);
            append(&keys[k], &rules, column_of(coltyp, options),
                   samples[k].is_null ? NULL : &value);
        }
        by_value = compare_samples(coltyp, size, &samples[0], &samples[1]);
        by_key = ese_bytes_compare((ese_bytes){keys[0].bytes, keys[0].size},
                                   (ese_bytes){keys[1].bytes, keys[1].size});
        if ((options & DESCENDING) != 0)
            by_value = -by_value;
        if (by_value != 0)
            assert_true((by_value < 0) == (by_key < 0) && by_key != 0);
        else if (size == 0)
            assert_int_equal(by_key, 0);
    }
}

static void
test_record_key_append__orders_keys_as_values(void **unused)
{
    static const struct {
        unsigned coltyp;
        size_t size;
    } types[] = {
        {JET_coltypBit, 1},           {JET_coltypUnsignedByte, 1}, {JET_coltypShort, 2},
        {JET_coltypUnsignedShort, 2}, {JET_coltypLong, 4},         {JET_coltypUnsignedLong, 4},
        {JET_coltypLongLong, 8},      {JET_coltypCurrency, 8},     {JET_coltypIEEESingle, 4},
        {JET_coltypIEEEDouble, 8},    {JET_coltypDateTime, 8},     {JET_coltypUnsignedLongLong, 8},
        {JET_coltypBinary, 0},        {JET_coltypText, 0},         {JET_coltypLongBinary, 0},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_order(types[i].coltyp, types[i].size, 0);
        assert_order(types[i].coltyp, types[i].size, DESCENDING);
    }
}

/* A search key and a stored key come from the same function: what is left to show is that segments do not meet. */
static void
test_record_key_append__orders_composite_keys_by_their_first_segment(void **unused)
{
    ese_record_key_rules rules = rules_of(0);
    uint64_t state = 77;

    (void)unused;
    for (unsigned i = 0; i < 20000; i++) {
        static sample first[2], second[2];
        ese_record_key keys[2];
        int by_value, by_key;

        for (unsigned k = 0; k < 2; k++) {
            ese_bytes value;

            make_sample(&state, JET_coltypBinary, 0, &first[k]);
            first[k].value.size %= 3;
            make_sample(&state, JET_coltypText, 0, &second[k]);
            ese_record_key_start(&keys[k]);
            value = test_view(&first[k].value);
            append(&keys[k], &rules, column_of(JET_coltypBinary, 0), &value);
            value = test_view(&second[k].value);
            append(&keys[k], &rules, column_of(JET_coltypText, 0), &value);
            first[k].is_null = false;
            second[k].is_null = false;
        }
        by_value = compare_samples(JET_coltypBinary, 0, &first[0], &first[1]);
        if (by_value == 0)
            by_value = compare_samples(JET_coltypText, 0, &second[0], &second[1]);
        by_key = ese_bytes_compare((ese_bytes){keys[0].bytes, keys[0].size},
                                   (ese_bytes){keys[1].bytes, keys[1].size});
        assert_true((by_value < 0) == (by_key < 0) && (by_value > 0) == (by_key > 0));
    }
}

static void
test_record_key_append__stays_in_its_room(void **unused)
{
    uint64_t state = 9;

    (void)unused;
    for (unsigned i = 0; i < 20000; i++) {
        ese_record_key_rules rules = rules_of((unsigned)test_below(&state, 16));
        ese_record_key key;
        size_t n = 1 + test_below(&state, ESE_RECORD_KEY_SEGMENTS_MAX);

        rules.key_most = (uint16_t)(1 + test_below(&state, i % 2 == 0 ? 30 : 600));
        rules.var_seg_mac = (uint16_t)(1 + test_below(&state, rules.key_most));
        rules.lcmap_flags = (uint32_t)test_random(&state);
        ese_record_key_start(&key);
        memset(key.bytes, 0xa5, sizeof key.bytes);
        for (size_t k = 0; k < n; k++) {
            static sample one;
            unsigned coltyp = JET_coltypBinary + (unsigned)test_below(&state, 4);
            ese_bytes value;

            make_sample(&state, coltyp, 0, &one);
            value = test_view(&one.value);
            if ((value.size & 1) != 0)
                value.size--;
            append(&key, &rules, column_of(coltyp, (unsigned)test_below(&state, 32)),
                   one.is_null ? NULL : &value);
        }
        assert_true(key.size <= rules.key_most);
        assert_int_equal(key.bytes[rules.key_most], 0xa5);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_key_append__normalizes_numbers_and_guids),
        cmocka_unit_test(test_record_key_append__normalizes_binary_values),
        cmocka_unit_test(test_record_key_append__normalizes_latin_text),
        cmocka_unit_test(test_record_key_append__ends_latin_text_at_a_nul),
        cmocka_unit_test(test_record_key_append__pads_nothing_in_fixed_columns),
        cmocka_unit_test(test_record_key_append__cuts_latin_text_with_its_last_byte_raised),
        cmocka_unit_test(test_record_key_append__places_nulls),
        cmocka_unit_test(test_record_key_append__joins_segments),
        cmocka_unit_test(test_record_key_append__normalizes_upper_cased_unicode),
        cmocka_unit_test(test_record_key_append__refuses_wrong_sizes),
        cmocka_unit_test(test_record_key_append__keeps_to_the_limits_of_an_index),
        cmocka_unit_test(test_record_key_append__goes_on_behind_a_segment_cut_by_var_seg_mac),
        cmocka_unit_test(test_record_key_append__drops_segments_behind_a_full_key),
        cmocka_unit_test(test_record_key_append__orders_keys_as_values),
        cmocka_unit_test(test_record_key_append__orders_composite_keys_by_their_first_segment),
        cmocka_unit_test(test_record_key_append__stays_in_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
