/* The table of sort weights, between its generated file and the algorithm. */
#pragma once

#include <stdint.h>

/* How a block of 256 units finds its weights; the rules beside LISTED are those of collate_weights.py. */
typedef enum ese_record__weight_rule {
    ESE_RECORD__WEIGHTS_LISTED,
    ESE_RECORD__WEIGHTS_IDEOGRAPH,
    ESE_RECORD__WEIGHTS_LETTER,
    ESE_RECORD__WEIGHTS_PRIVATE,
} ese_record__weight_rule;

typedef struct ese_record__weight_block {
    uint32_t rule;  /* ese_record__weight_rule */
    uint32_t value; /* LISTED: row of ese_record__weights; else the weight of the first unit */
} ese_record__weight_block;

extern const ese_record__weight_block ese_record__weight_blocks[256];
extern const uint32_t ese_record__weights[][256];
