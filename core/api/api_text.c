/* Text at the door: W functions turn their text into UTF-8 once and then do what the A form does. */
#include "api/api_private.h"

#include "base/alloc.h"
#include "base/utf.h"

/* W text is UTF-16LE, which is the byte order of every machine this is built for. */
static const uint8_t *
bytes_of(JET_PCWSTR wide)
{
    return (const uint8_t *)wide;
}

static size_t
length_of(JET_PCWSTR wide)
{
    size_t n = 0;

    while (wide[n] != 0)
        n++;
    return n;
}

JET_ERR
ese_api_utf8_from_wide(JET_PCWSTR wide, char **utf8_out)
{
    JET_ERR err = JET_errSuccess;
    char *text = NULL;

    if (wide != NULL) {
        size_t n_units = length_of(wide);
        size_t size = ese_utf16_to_utf8(bytes_of(wide), n_units, NULL, 0);

        ESE_TRY(ese_alloc(size + 1, &text));
        ese_utf16_to_utf8(bytes_of(wide), n_units, text, size);
    }
    *utf8_out = text;
out:
    return err;
}

JET_ERR
ese_api__wide_length(const char *utf8, size_t *n_units_out)
{
    return ese_utf8_to_utf16(utf8, strlen(utf8), NULL, 0, n_units_out);
}
