/* Unicode sort keys: exact bytes by flag, and what the format specification says about versions. */
#include "record_test.h"

#include "record/record_collate.h"

#include <uchar.h>

enum {
    IGNORECASE = 0x1,
    IGNORENONSPACE = 0x2,
    IGNORESYMBOLS = 0x4,
    SORTKEY = 0x400,
    STRINGSORT = 0x1000,
    BYTEREV = 0x800,
    DEFAULT = 0x30401,
};

typedef struct vector {
    uint32_t flags;
    const char16_t *text;
    const char *key;
} vector;

static const vector vectors[] = {
    {DEFAULT, u"a", "0e020101010100"},
    {DEFAULT, u"A", "0e020101010100"},
    {DEFAULT, u"b", "0e090101010100"},
    {DEFAULT, u"z", "0ea90101010100"},
    {DEFAULT, u"Z", "0ea90101010100"},
    {DEFAULT, u"aa", "0e020e020101010100"},
    {DEFAULT, u"ab", "0e020e090101010100"},
    {DEFAULT, u"AB", "0e020e090101010100"},
    {DEFAULT, u"aB", "0e020e090101010100"},
    {DEFAULT, u"abc", "0e020e090e0a0101010100"},
    {DEFAULT, u"a b", "0e0207020e090101010100"},
    {DEFAULT, u"a  b", "0e02070207020e090101010100"},
    {DEFAULT, u" a", "07020e020101010100"},
    {DEFAULT, u"a ", "0e0207020101010100"},
    {DEFAULT, u" ", "07020101010100"},
    {DEFAULT, u"0", "0d030101010100"},
    {DEFAULT, u"1", "0d1a0101010100"},
    {DEFAULT, u"9", "0d2a0101010100"},
    {DEFAULT, u"10", "0d1a0d030101010100"},
    {DEFAULT, u"2", "0d1c0101010100"},
    {DEFAULT, u"a1", "0e020d1a0101010100"},
    {DEFAULT, u"1a", "0d1a0e020101010100"},
    {DEFAULT, u"\x00e9", "0e21010e01010100"},
    {DEFAULT, u"\x00c9", "0e21010e01010100"},
    {DEFAULT, u"e", "0e210101010100"},
    {DEFAULT, u"E", "0e210101010100"},
    {DEFAULT, u"\x00e8", "0e21010f01010100"},
    {DEFAULT, u"e\x0301", "0e21010e01010100"},
    {DEFAULT, u"\x00fc", "0e9f011301010100"},
    {DEFAULT, u"u", "0e9f0101010100"},
    {DEFAULT, u"\x00f1", "0e70011901010100"},
    {DEFAULT, u"\x00e5", "0e02011a01010100"},
    {DEFAULT, u"\x00e6", "0e020e210101010100"},
    {DEFAULT, u"ae", "0e020e210101010100"},
    {DEFAULT, u"\x00df", "0e910e910101010100"},
    {DEFAULT, u"ss", "0e910e910101010100"},
    {DEFAULT, u"resume", "0e8a0e210e910e9f0e510e210101010100"},
    {DEFAULT,
     u"r\x00e9"
     u"sum\x00e9",
     "0e8a0e210e910e9f0e510e2101020e0202020e01010100"},
    {DEFAULT, u"RESUME", "0e8a0e210e910e9f0e510e210101010100"},
    {DEFAULT, u"\x0430", "10020101010100"},
    {DEFAULT, u"\x0410", "10020101010100"},
    {DEFAULT, u"\x03b1", "0f020101010100"},
    {DEFAULT, u"\x0391", "0f020101010100"},
    {DEFAULT, u"The quick brown fox jumps over the lazy dog",
     "0e990e2c0e2107020e890e9f0e320e0a0e3607020e090e8a0e7c0ea40e7007020e230e7c0ea607020e350e9f0e510"
     "e7e0e9107020e7c0ea20e210e8a07020e990e2c0e2107020e480e020ea90ea707020e1a0e7c0e250101010100"},
    {SORTKEY, u"A", "0e02010112010100"},
    {SORTKEY, u"Z", "0ea9010112010100"},
    {SORTKEY, u"AB", "0e020e0901011212010100"},
    {SORTKEY, u"aB", "0e020e0901010212010100"},
    {SORTKEY, u"\x00c9", "0e21010e0112010100"},
    {SORTKEY, u"E", "0e21010112010100"},
    {SORTKEY, u"RESUME", "0e8a0e210e910e9f0e510e210101121212121212010100"},
    {SORTKEY, u"\x0410", "1002010112010100"},
    {SORTKEY, u"\x0391", "0f02010112010100"},
    {SORTKEY, u"The quick brown fox jumps over the lazy dog",
     "0e990e2c0e2107020e890e9f0e320e0a0e3607020e090e8a0e7c0ea40e7007020e230e7c0ea607020e350e9f0e510"
     "e7e0e9107020e7c0ea20e210e8a07020e990e2c0e2107020e480e020ea90ea707020e1a0e7c0e25010112010100"},
    {SORTKEY | IGNORECASE | IGNORENONSPACE, u"\x00e9", "0e210101010100"},
    {SORTKEY | IGNORECASE | IGNORENONSPACE, u"\x00c9", "0e210101010100"},
    {SORTKEY | IGNORECASE | IGNORENONSPACE, u"\x00e8", "0e210101010100"},
    {SORTKEY | IGNORECASE | IGNORENONSPACE, u"e\x0301", "0e210101010100"},
    {SORTKEY | IGNORECASE | IGNORENONSPACE, u"\x00fc", "0e9f0101010100"},
    {SORTKEY | IGNORECASE | IGNORENONSPACE, u"\x00f1", "0e700101010100"},
    {SORTKEY | IGNORECASE | IGNORENONSPACE, u"\x00e5", "0e020101010100"},
    {SORTKEY | IGNORECASE | IGNORENONSPACE,
     u"r\x00e9"
     u"sum\x00e9",
     "0e8a0e210e910e9f0e510e210101010100"},
    {DEFAULT, u"a-b", "0e020e0901010101fffe821200"},
    {DEFAULT, u"a'b", "0e020e0901010101fffe801200"},
    {DEFAULT, u"co-op", "0e0a0e7c0e7c0e7e01010101fffd821200"},
    {DEFAULT, u"coop", "0e0a0e7c0e7c0e7e0101010100"},
    {DEFAULT, u"-", "01010101ffff821200"},
    {DEFAULT, u"'", "01010101ffff801200"},
    {DEFAULT, u"a_b", "0e0207440e090101010100"},
    {DEFAULT, u"a.b", "0e0207330e090101010100"},
    {DEFAULT, u"a,b", "0e02072f0e090101010100"},
    {DEFAULT, u"a/b", "0e0207350e090101010100"},
    {DEFAULT, u"a+b", "0e0208030e090101010100"},
    {DEFAULT, u"a$b", "0e0207210e090101010100"},
    {DEFAULT,
     u"a\x0009"
     u"b",
     "0e0207050e090101010100"},
    {DEFAULT, u"!", "071c0101010100"},
    {DEFAULT, u"#", "071f0101010100"},
    {DEFAULT, u"(", "07270101010100"},
    {DEFAULT, u"@", "073e0101010100"},
    {DEFAULT, u"~", "07500101010100"},
    {DEFAULT, u"\x20ac", "07a90101010100"},
    {DEFAULT, u"\x00a9", "0a070101010100"},
    {DEFAULT, u"\x3042", "2202010101ff02c4ffc4ff0100"},
    {DEFAULT, u"\x30a2", "2202010101ff02c4ffc4ff0100"},
    {DEFAULT, u"\xff71", "2202010101ff02c4ffc4ff0100"},
    {DEFAULT, u"\x304c", "220a01030101ff02c4ffc4ff0100"},
    {DEFAULT, u"\x30ac", "220a01030101ff02c4ffc4ff0100"},
    {DEFAULT, u"\x30fc", "ffff0101010100"},
    {DEFAULT,
     u"\x65e5"
     u"\x672c",
     "fdff547ffdff55c80101010100"},
    {DEFAULT, u"\xff21", "0e020101010100"},
    {DEFAULT, u"\xff41", "0e020101010100"},
    {DEFAULT, u"\xff11", "0d1a0101010100"},
    {DEFAULT, u"\x0300", "010d01010100"},
    {DEFAULT, u"a\x0308", "0e02011301010100"},
    {DEFAULT, u"\x00e4", "0e02011301010100"},
    {DEFAULT, u"\xffff", "0101010100"},
    {DEFAULT, u"\x200b", "07150101010100"},
    {DEFAULT, u"\x00ad", "0101010100"},
    {DEFAULT,
     u"\x0627"
     u"\x0628",
     "290b290e0101010100"},
    {DEFAULT, u"\x05d0", "28020101010100"},
    {DEFAULT, u"\x0e01", "3c07010301010100"},
    {DEFAULT, u"\xac00", "c0030101010100"},
    {DEFAULT, u"\x4e00", "fdff3c6a0101010100"},
    {DEFAULT | STRINGSORT, u"a-b", "0e0206820e090101010100"},
    {DEFAULT | STRINGSORT, u"a'b", "0e0206800e090101010100"},
    {DEFAULT | STRINGSORT, u"co-op", "0e0a0e7c06820e7c0e7e0101010100"},
    {DEFAULT | STRINGSORT, u"-", "06820101010100"},
    {DEFAULT | STRINGSORT, u"'", "06800101010100"},
    {SORTKEY, u"\x3042", "2202010101ff02ffff0100"},
    {SORTKEY, u"\x30a2", "2202010101ff02c4ffff0100"},
    {SORTKEY, u"\x304c", "220a01030101ff02ffff0100"},
    {SORTKEY, u"\x30ac", "220a01030101ff02c4ffff0100"},
    {SORTKEY, u"\xff21", "0e02010113010100"},
    {SORTKEY, u"\xff41", "0e02010103010100"},
    {SORTKEY, u"\xff11", "0d1a010103010100"},
    {SORTKEY,
     u"\xd83d"
     u"\xde00",
     "b03fb6fc013f3f013f3f010100"},
    {SORTKEY, u"\xd800", "b002013f013f010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"a-b", "0e020e090101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"a'b", "0e020e090101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"co-op", "0e0a0e7c0e7c0e7e0101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"-", "0101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"'", "0101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"a_b", "0e020e090101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"a.b", "0e020e090101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"a,b", "0e020e090101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"a/b", "0e020e090101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"a+b", "0e020e090101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"a$b", "0e020e090101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS,
     u"a\x0009"
     u"b",
     "0e020e090101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"!", "0101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"#", "0101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"(", "0101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"@", "0101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"~", "0101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\x20ac", "0101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\x00a9", "0101010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\x3042", "2202010101ff02ffff0100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\x30a2", "2202010101ff02c4ffff0100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\x304c", "220a01030101ff02ffff0100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\x30ac", "220a01030101ff02c4ffff0100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\xff21", "0e02010103010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\xff41", "0e02010103010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\xff11", "0d1a010103010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS,
     u"\xd83d"
     u"\xde00",
     "b03fb6fc013f3f012727010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\xd800", "b002013f0127010100"},
    {SORTKEY | IGNORECASE | IGNORESYMBOLS, u"\x200b", "0101010100"},
};

static ese_bytes
encode(const char16_t *text, uint8_t *to)
{
    ese_bytes bytes = {to, 0};

    for (; *text != 0; text++, bytes.size += 2)
        ese_store_le16(to + bytes.size, *text);
    return bytes;
}

static void
assert_key(uint32_t flags, ese_bytes text, const char *hex)
{
    uint8_t *exact = test_exact_copy(text);
    uint8_t key[1000];
    size_t size = ese_record_collate((ese_bytes){exact, text.size}, flags, key, sizeof key);

    free(exact);
    test_assert_bytes((ese_bytes){key, size}, hex, "sort key");
}

static void
assert_text(uint32_t flags, const char16_t *text, const char *hex)
{
    uint8_t bytes[400];

    assert_key(flags, encode(text, bytes), hex);
}

static void
test_record_collate__gives_known_keys(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        assert_text(vectors[i].flags, vectors[i].text, vectors[i].key);
    assert_text(SORTKEY, u"Aa", "0e020e0201011201 0100");
    assert_text(DEFAULT, u"Simple Unicode text \xd83e\xdd8a",
                "0e910e320e510e7e0e480e2107020e9f0e700e320e0a0e7c0e1a0e2107020e990e210ea60e990702"
                "b040b686 01 02*20 3f3f 010101 00");
    assert_text(DEFAULT, u"lab\\dc-1$", "0e480e020e0907410e1a0e0a0d1a0721 01010101 fff98212 00");
}

static void
test_record_collate__sorts_an_empty_text_first(void **unused)
{
    static const uint8_t nul[2] = {0, 0};

    (void)unused;
    assert_key(DEFAULT, (ese_bytes){0}, "0101010100");
    assert_key(DEFAULT, (ese_bytes){nul, 2}, "0101010100");
    assert_key(DEFAULT, (ese_bytes){nul, 1}, "0101010100"); /* half a unit is none */
}

static void
test_record_collate__keeps_case_weights_of_surrogates_only_with_case(void **unused)
{
    (void)unused;
    assert_text(DEFAULT, u"\xd83d\xde00", "b03fb6fc 01 3f3f 01 01 01 00");
    assert_text(SORTKEY, u"\xd83d\xde00", "b03fb6fc 01 3f3f 01 3f3f 01 01 00");
    assert_text(DEFAULT, u"\xd800", "b002 01 3f 01 01 01 00");
}

static void
test_record_collate__expands_ligatures(void **unused)
{
    (void)unused;
    assert_text(DEFAULT,
                u"stra\x00df"
                u"e",
                "0e910e990e8a0e020e910e910e21 01010101 00");
    assert_text(SORTKEY, u"\x00c6", "0e020e21 01 01 1212 01 01 00");
    assert_text(DEFAULT, u"\xfb03", "0e230e230e32 01010101 00");
    assert_text(DEFAULT, u"\x0133", "0e320e35 01010101 00");
}

/* Two texts of two characters have the same primary weights. */
static void
assert_sorts_beside(const char16_t *a, const char16_t *b)
{
    uint8_t bytes[2][40], keys[2][100];
    size_t size_a = ese_record_collate(encode(a, bytes[0]), DEFAULT, keys[0], sizeof keys[0]);
    size_t size_b = ese_record_collate(encode(b, bytes[1]), DEFAULT, keys[1], sizeof keys[1]);

    assert_true(size_a >= 4 && size_b >= 4);
    assert_memory_equal(keys[0], keys[1], 4);
}

static void
test_record_collate__lets_length_marks_take_the_vowel_before(void **unused)
{
    (void)unused;
    assert_sorts_beside(u"\x30bf\x30fc", u"\x30bf\x30a2"); /* ta- as ta-a */
    assert_sorts_beside(u"\x30ea\x30fc", u"\x30ea\x30a4"); /* ri- as ri-i */
    assert_sorts_beside(u"\x30d6\x30fc", u"\x30d6\x30a6"); /* bu- as bu-u */
    assert_sorts_beside(u"\x3081\x30fc", u"\x3081\x3048"); /* me- as me-e */
    assert_sorts_beside(u"\x30f2\x30fc", u"\x30f2\x30aa"); /* wo- as wo-o */
    assert_sorts_beside(u"\x30f3\x30fc", u"\x30f3\x30f3"); /* n has no vowel */
    assert_sorts_beside(u"\xff76\xff70", u"\xff76\xff71"); /* ka- of half width */
}

static void
test_record_collate__lets_repetition_marks_repeat_the_character_before(void **unused)
{
    (void)unused;
    assert_sorts_beside(u"\x304b\x309d", u"\x304b\x304b");
    assert_sorts_beside(u"\x30ab\x30fe", u"\x30ab\x30ac");
    assert_sorts_beside(u"\x5ea6\x3005", u"\x5ea6\x5ea6");
}

static void
test_record_collate__measures_what_has_no_room(void **unused)
{
    uint8_t text[100], whole[400], part[400];
    ese_bytes bytes = encode(u"r\x00e9sum\x00e9 co-op \x3042\x4e00 \xd83d\xde00", text);
    size_t size = ese_record_collate(bytes, SORTKEY, whole, sizeof whole);

    (void)unused;
    for (size_t room = 0; room <= size; room++) {
        memset(part, 0xa5, sizeof part);
        assert_int_equal(ese_record_collate(bytes, SORTKEY, part, room), size);
        assert_memory_equal(part, whole, room);
        assert_int_equal(part[room], 0xa5);
    }
}

/* The first key is one that Windows makes; one of an odd size keeps its last byte. */
static void
test_record_collate__turns_pairs_of_bytes_round(void **unused)
{
    static const uint8_t reversed[] = {0x99, 0x0e, 0x2c, 0x0e, 0x01, 0x01, 0x01, 0x12, 0x00, 0x01};
    static const char *const texts[] = {"", "a", "Th", "co-op", "Resum"};
    uint8_t text[100], whole[400], part[400];

    (void)unused;
    assert_int_equal(ese_record_collate(encode(u"Th", text), SORTKEY | BYTEREV, part, sizeof part),
                     sizeof reversed);
    assert_memory_equal(part, reversed, sizeof reversed);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ese_bytes bytes = {text, 2 * strlen(texts[i])};
        size_t size;

        for (size_t k = 0; k < strlen(texts[i]); k++)
            ese_store_le16(text + 2 * k, (uint8_t)texts[i][k]);
        size = ese_record_collate(bytes, DEFAULT, whole, sizeof whole);
        for (size_t room = 0; room <= size; room++) {
            memset(part, 0xa5, sizeof part);
            assert_int_equal(ese_record_collate(bytes, DEFAULT | BYTEREV, part, room), size);
            for (size_t k = 0; k < room; k++)
                assert_int_equal(part[k], whole[(k ^ 1) < size ? k ^ 1 : k]);
            assert_int_equal(part[room], 0xa5);
        }
    }
}

static void
test_record_collate__knows_the_flags_it_makes_keys_by(void **unused)
{
    static const uint32_t known[] = {DEFAULT,
                                     SORTKEY,
                                     SORTKEY | BYTEREV,
                                     DEFAULT | STRINGSORT,
                                     SORTKEY | IGNORESYMBOLS | IGNORENONSPACE,
                                     0x200};
    static const uint32_t unknown[] = {0,
                                       0x1,
                                       DEFAULT | 0x8,
                                       SORTKEY | 0x10,
                                       SORTKEY | 0x20,
                                       SORTKEY | 0x100,
                                       SORTKEY | 0x200,
                                       0x201,
                                       BYTEREV,
                                       SORTKEY | 0x08000000};

    (void)unused;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_true(ese_record_collate_has_flags(known[i]));
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_false(ese_record_collate_has_flags(unknown[i]));
}

static void
test_record_collate__takes_every_unit(void **unused)
{
    static const uint32_t flags[] = {DEFAULT, SORTKEY, DEFAULT | STRINGSORT,
                                     SORTKEY | IGNORESYMBOLS | IGNORENONSPACE};

    (void)unused;
    for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++) {
        for (unsigned unit = 0; unit <= 0xffff; unit++) {
            uint8_t text[6] = {'a', 0, (uint8_t)unit, (uint8_t)(unit >> 8), 'b', 0};
            uint8_t key[64];
            size_t size =
                ese_record_collate((ese_bytes){text, sizeof text}, flags[f], key, sizeof key);

            assert_in_range(size, 9, sizeof key);
            assert_int_equal(key[size - 1], 0);
            assert_int_equal(key[0], 0x0e);
        }
    }
}

/* Ideographs, Hangul and private use are computed, not listed: first, last and odd ones of each. */
static void
test_record_collate__computes_the_long_sequences(void **unused)
{
    (void)unused;
    assert_text(DEFAULT, u"\x4e00", "fdff3c6a 01010101 00");
    assert_text(DEFAULT, u"\x65e5\x672c", "fdff547f fdff55c8 01010101 00");
    assert_text(DEFAULT, u"\x3400", "fdff8f02 01010101 00");
    assert_text(DEFAULT, u"\x3550", "fdff9054 01010101 00");
    assert_text(DEFAULT, u"\xac00", "c003 01010101 00");
    assert_text(DEFAULT, u"\xb100", "c515 01010101 00");
    assert_text(DEFAULT, u"\xd800\xdc00", "b002b4f8 01 3f3f 01 01 01 00");
    assert_text(DEFAULT, u"\xe000", "a902 01010101 00");
    assert_text(DEFAULT, u"\xe001", "a902 01 43 01 01 01 00");
    assert_text(DEFAULT, u"\xe503", "aa44 01 c5 01 01 01 00");
}

static void
test_record_collate_is_known__accepts_versions_that_order_alike(void **unused)
{
    static const uint8_t sort_id[16] = {0x01, 0,    0,    0,    0xee, 0x57, 0x5c, 0x1e,
                                        0x00, 0xb4, 0xd0, 0x00, 0x0b, 0xb1, 0xe1, 0x1e};
    static const uint8_t other_id[16] = {0x02, 0,    0,    0,    0xee, 0x57, 0x5c, 0x1e,
                                         0x00, 0xb4, 0xd0, 0x00, 0x0b, 0xb1, 0xe1, 0x1e};

    (void)unused;
    assert_true(ese_record_collate_is_known(0x0006020f0006020fU, sort_id));
    assert_true(ese_record_collate_is_known(0x0006020e0006020eU, sort_id));
    assert_true(ese_record_collate_is_known(0x0006020d0006020dU, sort_id));
    assert_false(ese_record_collate_is_known(0x0006020c0006020cU, sort_id));
    assert_false(ese_record_collate_is_known(0x0006030000060300U, sort_id));
    assert_false(ese_record_collate_is_known(0x0006020f00060100U, sort_id));
    assert_false(ese_record_collate_is_known(0, sort_id));
    assert_false(ese_record_collate_is_known(0x0006020f0006020fU, other_id));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_collate__gives_known_keys),
        cmocka_unit_test(test_record_collate__sorts_an_empty_text_first),
        cmocka_unit_test(test_record_collate__keeps_case_weights_of_surrogates_only_with_case),
        cmocka_unit_test(test_record_collate__expands_ligatures),
        cmocka_unit_test(test_record_collate__lets_length_marks_take_the_vowel_before),
        cmocka_unit_test(test_record_collate__lets_repetition_marks_repeat_the_character_before),
        cmocka_unit_test(test_record_collate__measures_what_has_no_room),
        cmocka_unit_test(test_record_collate__turns_pairs_of_bytes_round),
        cmocka_unit_test(test_record_collate__knows_the_flags_it_makes_keys_by),
        cmocka_unit_test(test_record_collate__takes_every_unit),
        cmocka_unit_test(test_record_collate__computes_the_long_sequences),
        cmocka_unit_test(test_record_collate_is_known__accepts_versions_that_order_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
