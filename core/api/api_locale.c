/* Locales: the numbers of the most frequent names, and whose text sorts by the default table of weights. */
#include "api/api_info.h"

#include "record/record_collate.h"

enum {
    LCID_INVARIANT = 127,
    LANGUAGE_MASK = 0x3ff,
    LANGUAGE_LETTERS = 2, /* "en": any English */
    LCMAP_SORTKEY = 0x400,
    LCMAP_UPPERCASE = 0x200,
    NORM_BITS =
        0x1 | 0x2 | 0x4 | 0x10000 | 0x20000 | 0x1000, /* what is ignored, and whether as strings */
};

typedef enum locale_order {
    ORDER_DEFAULT,
    ORDER_OF_ITS_OWN, /* exceptions to the default weights, which are not made here */
} locale_order;

static const struct {
    uint16_t lcid;
    uint8_t order; /* locale_order */
    char name[7];
} locales[] = {
    {0x0401, ORDER_DEFAULT, "ar-SA"},    {0x0402, ORDER_DEFAULT, "bg-BG"},
    {0x0404, ORDER_OF_ITS_OWN, "zh-TW"}, {0x0405, ORDER_OF_ITS_OWN, "cs-CZ"},
    {0x0406, ORDER_OF_ITS_OWN, "da-DK"}, {0x0407, ORDER_DEFAULT, "de-DE"},
    {0x0408, ORDER_DEFAULT, "el-GR"},    {0x0409, ORDER_DEFAULT, "en-US"},
    {0x040a, ORDER_OF_ITS_OWN, "es-ES"}, {0x040b, ORDER_OF_ITS_OWN, "fi-FI"},
    {0x040c, ORDER_DEFAULT, "fr-FR"},    {0x040d, ORDER_DEFAULT, "he-IL"},
    {0x040e, ORDER_OF_ITS_OWN, "hu-HU"}, {0x0410, ORDER_DEFAULT, "it-IT"},
    {0x0411, ORDER_OF_ITS_OWN, "ja-JP"}, {0x0412, ORDER_OF_ITS_OWN, "ko-KR"},
    {0x0413, ORDER_DEFAULT, "nl-NL"},    {0x0414, ORDER_OF_ITS_OWN, "nb-NO"},
    {0x0415, ORDER_OF_ITS_OWN, "pl-PL"}, {0x0416, ORDER_DEFAULT, "pt-BR"},
    {0x0418, ORDER_OF_ITS_OWN, "ro-RO"}, {0x0419, ORDER_DEFAULT, "ru-RU"},
    {0x041b, ORDER_OF_ITS_OWN, "sk-SK"}, {0x041d, ORDER_OF_ITS_OWN, "sv-SE"},
    {0x041e, ORDER_OF_ITS_OWN, "th-TH"}, {0x041f, ORDER_OF_ITS_OWN, "tr-TR"},
    {0x0422, ORDER_OF_ITS_OWN, "uk-UA"}, {0x0424, ORDER_OF_ITS_OWN, "sl-SI"},
    {0x0804, ORDER_OF_ITS_OWN, "zh-CN"}, {0x0807, ORDER_DEFAULT, "de-CH"},
    {0x0809, ORDER_DEFAULT, "en-GB"},    {0x080c, ORDER_DEFAULT, "fr-BE"},
    {0x0810, ORDER_DEFAULT, "it-CH"},    {0x0813, ORDER_DEFAULT, "nl-BE"},
    {0x0816, ORDER_DEFAULT, "pt-PT"},    {0x0c07, ORDER_DEFAULT, "de-AT"},
    {0x0c09, ORDER_DEFAULT, "en-AU"},    {0x1009, ORDER_DEFAULT, "en-CA"},
    {0x100c, ORDER_DEFAULT, "fr-CH"},    {0x1809, ORDER_DEFAULT, "en-IE"},
};

enum { N_LOCALES = sizeof locales / sizeof locales[0] };

JET_ERR
ese_api_locale_flags(uint32_t given, uint32_t *flags_out)
{
    bool is_kind_given = (given & ~(uint32_t)NORM_BITS) != 0;

    if (is_kind_given && !ese_record_collate_has_flags(given))
        return ese_raise(JET_errInvalidLCMapStringFlags, "flags %x make no sort keys",
                         (unsigned)given);
    *flags_out = given == 0 || given == LCMAP_UPPERCASE ? given : given | LCMAP_SORTKEY;
    return JET_errSuccess;
}

static JET_ERR
unknown_order(void)
{
    return ese_raise(JET_errInvalidLanguageId, "text is not sorted by the rules of this locale");
}

/* A language without a country is numbered by its lower bits. */
static bool
is_number_of(size_t row, uint32_t lcid)
{
    return locales[row].lcid == lcid || (locales[row].lcid & LANGUAGE_MASK) == lcid;
}

JET_ERR
ese_api_locale_check(uint32_t lcid)
{
    if (lcid == LCID_INVARIANT)
        return JET_errSuccess;
    for (size_t i = 0; i < N_LOCALES; i++) {
        if (is_number_of(i, lcid) && locales[i].order == ORDER_DEFAULT)
            return JET_errSuccess;
    }
    return unknown_order();
}

JET_ERR
ese_api_locale_name(uint32_t lcid, const char **name_out)
{
    JET_ERR err = ese_api_locale_check(lcid);

    if (err < JET_errSuccess)
        return err;
    *name_out = "";
    for (size_t i = 0; i < N_LOCALES; i++) {
        if (locales[i].lcid == lcid)
            *name_out = locales[i].name;
    }
    return JET_errSuccess;
}

static bool
is_same_letter(char a, char b)
{
    bool is_letter = (a >= 'A' && a <= 'Z') || (a >= 'a' && a <= 'z');

    return a == b || (is_letter && (a ^ b) == ('A' ^ 'a'));
}

uint32_t
ese_api_locale_number(const char *name)
{
    if (name[0] == '\0')
        return LCID_INVARIANT;
    for (size_t i = 0; i < N_LOCALES; i++) {
        size_t k = 0;

        while (name[k] != '\0' && is_same_letter(name[k], locales[i].name[k]))
            k++;
        if (name[k] == '\0' && locales[i].name[k] == '\0')
            return locales[i].lcid;
        if (name[k] == '\0' && k == LANGUAGE_LETTERS)
            return locales[i].lcid & LANGUAGE_MASK;
    }
    return 0;
}

JET_ERR
ese_api_locale_check_name(const char16_t *name)
{
    char ascii[sizeof locales[0].name];
    size_t n = 0;

    if (name == NULL)
        return JET_errSuccess;
    for (; name[n] != 0; n++) {
        if (n + 1 == sizeof ascii || name[n] >= 0x80)
            return unknown_order();
        ascii[n] = (char)name[n];
    }
    ascii[n] = '\0';
    return ese_api_locale_check(ese_api_locale_number(ascii));
}
