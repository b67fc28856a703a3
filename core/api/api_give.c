/* Small things the functions on databases and cursors share: option bits, and text on its way out. */
#include "api/api_cursor.h"

#include "base/utf.h"

JET_ERR
ese_api_check_grbit(JET_GRBIT grbit, JET_GRBIT known)
{
    if (grbit & ~known)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)(grbit & ~known));
    return JET_errSuccess;
}

JET_ERR
ese_api_give_wide(const char *utf8, void *to, uint32_t room)
{
    size_t n_units = 0;
    JET_ERR err = ese_utf8_to_utf16(utf8, strlen(utf8), NULL, 0, &n_units);

    if (err < JET_errSuccess)
        return err;
    if ((n_units + 1) * sizeof(char16_t) > room)
        return ese_raise(JET_errBufferTooSmall, "%u bytes are too few", (unsigned)room);
    err = ese_utf8_to_utf16(utf8, strlen(utf8), to, n_units, &n_units);
    if (err >= JET_errSuccess)
        ((char16_t *)to)[n_units] = 0;
    return err;
}
