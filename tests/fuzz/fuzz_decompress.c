/* Fuzz target: decompression into a buffer of exactly the announced size, and into one that is too small. */
#include "record/record_compress.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
decompress(ese_bytes from, size_t room, size_t announced)
{
    uint8_t *to = malloc(room > 0 ? room : 1);
    size_t written = 0;

    if (to == NULL)
        return;
    if (ese_record_decompress(from, to, room, &written) == 0 && written != announced)
        abort();
    free(to);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ese_bytes from = {data, size};
    size_t announced = 0;

    if (ese_record_decompressed_size(from, &announced) < 0)
        return 0;
    decompress(from, announced, announced);
    if (announced > 0)
        decompress(from, announced - 1, announced);
    return 0;
}
