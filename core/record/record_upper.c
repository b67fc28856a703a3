/* Simple upper case of the alphabets that have one: the form of text keys that LCMAP_UPPERCASE asks for. */
#include "record/record_key_private.h"

/* Small letters `first`, `first` + step, ... `last`; the capital is `shift` away. */
typedef struct range {
    uint16_t first, last, step;
    int16_t shift;
} range;

static const range ranges[] = {
    {'a', 'z', 1, -32},       {0x00e0, 0x00f6, 1, -32}, {0x00f8, 0x00fe, 1, -32},
    {0x00ff, 0x00ff, 1, 121}, {0x0101, 0x012f, 2, -1},  {0x0133, 0x0137, 2, -1},
    {0x013a, 0x0148, 2, -1},  {0x014b, 0x0177, 2, -1},  {0x017a, 0x017e, 2, -1},
    {0x01ce, 0x01dc, 2, -1},  {0x01df, 0x01ef, 2, -1},  {0x01f9, 0x021f, 2, -1},
    {0x0223, 0x0233, 2, -1},  {0x03ac, 0x03ac, 1, -38}, {0x03ad, 0x03af, 1, -37},
    {0x03b1, 0x03c1, 1, -32}, {0x03c3, 0x03cb, 1, -32}, {0x03cc, 0x03cc, 1, -64},
    {0x03cd, 0x03ce, 1, -63}, {0x0430, 0x044f, 1, -32}, {0x0450, 0x045f, 1, -80},
    {0x0461, 0x0481, 2, -1},  {0x048b, 0x04bf, 2, -1},  {0x04c2, 0x04ce, 2, -1},
    {0x04d1, 0x0523, 2, -1},  {0x0561, 0x0586, 1, -48}, {0x1e01, 0x1e95, 2, -1},
    {0x1ea1, 0x1eff, 2, -1},  {0x2170, 0x217f, 1, -16}, {0x24d0, 0x24e9, 1, -26},
    {0xff41, 0xff5a, 1, -32},
};

uint16_t
ese_record__upper(uint16_t unit)
{
    size_t low = 0, high = sizeof ranges / sizeof ranges[0];

    while (low < high) {
        size_t middle = (low + high) / 2;
        range range_here = ranges[middle];

        if (unit < range_here.first)
            high = middle;
        else if (unit > range_here.last)
            low = middle + 1;
        else
            return (unit - range_here.first) % range_here.step == 0
                       ? (uint16_t)(unit + range_here.shift)
                       : unit;
    }
    return unit;
}
