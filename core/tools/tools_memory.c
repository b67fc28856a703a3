/* Memory of the command itself: names, rows, lists. What the library needs it allocates on its own. */
#include "tools/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
ese_tools__alloc(size_t n, size_t size)
{
    void *block = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);

    if (block == NULL) {
        fputs("ese: out of memory\n", stderr);
        exit(ESE_TOOLS__FAILED);
    }
    return block;
}

char *
ese_tools__copy_text(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = ese_tools__alloc(n, 1);

    memcpy(copy, text, n);
    return copy;
}
