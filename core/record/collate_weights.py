#!/usr/bin/env python3
"""Writes record_collate_weights.c, the sort weights of all UTF-16 units, from a table of weights.

    python3 collate_weights.py WEIGHTS.tsv[.gz] > record_collate_weights.c

The table has one unit a line: unit, script, alphabetic, diacritic and case weight, in hexadecimal, separated by tabs.
Units of one weight sequence (ideographs, Hangul, private use) are not listed: a block of 256 of them is its first
weight and the rule that leads from one to the next.
"""

import gzip
import sys
from pathlib import Path

BLOCK = 256
WEIGHTS = 254  # of a byte in a sequence: 2 to 255

HEADER = """\
/*
 * Sort weights of the 65536 UTF-16 units, default locale, Windows 10.
 * Data: the Windows Sorting Weight Table that Microsoft publishes with [MS-UCODEREF].
 * Written by collate_weights.py. The file stands in the repository because its input does not.
 *
 * A weight is script << 24 | alphabetic << 16 | diacritic << 8 | case; 0 for a unit that has none.
 */
#include "record/record_collate_private.h"

/* clang-format off */
"""

Weight = tuple[int, int, int, int]


def ideograph(first: Weight, i: int) -> Weight:
    """Alphabetic and diacritic weight count together."""
    n = (first[1] - 2) * WEIGHTS + first[2] - 2 + i
    return first[0], n // WEIGHTS + 2, n % WEIGHTS + 2, first[3]


def letter(first: Weight, i: int) -> Weight:
    """Script and alphabetic weight count together."""
    n = first[0] * WEIGHTS + first[1] - 2 + i
    return n // WEIGHTS, n % WEIGHTS + 2, first[2], first[3]


def private(first: Weight, i: int) -> Weight:
    """As letters, but four units share an alphabetic weight and differ in the diacritic one."""
    script, alphabetic, _, case = letter(first, i // 4)
    return script, alphabetic, 2 + 65 * (i % 4), case


RULES = {"IDEOGRAPH": ideograph, "LETTER": letter, "PRIVATE": private}


def read(path: Path) -> list[Weight]:
    weights: list[Weight] = [(0, 0, 0, 0)] * 0x10000
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    for line in text.splitlines():
        if line and not line.startswith("#"):
            unit, *weight = (int(field, 16) for field in line.split("\t"))
            weights[unit] = (weight[0], weight[1], weight[2], weight[3])
    return weights


def rule_of(block: list[Weight]) -> str | None:
    for name, rule in RULES.items():
        if all(weight == rule(block[0], i) for i, weight in enumerate(block)):
            return name
    return None


def number(weight: Weight) -> str:
    return "0" if weight == (0, 0, 0, 0) else "0x{:02x}{:02x}{:02x}{:02x}".format(*weight)


def main() -> None:
    weights = read(Path(sys.argv[1]))
    listed: list[list[Weight]] = []
    stage: list[str] = []
    for start in range(0, len(weights), BLOCK):
        block = weights[start : start + BLOCK]
        rule = rule_of(block)
        if rule and block[0] != (0, 0, 0, 0):
            stage.append(f"{{ESE_RECORD__WEIGHTS_{rule}, {number(block[0])}}}")
            continue
        if block not in listed:
            listed.append(block)
        stage.append(f"{{ESE_RECORD__WEIGHTS_LISTED, {listed.index(block)}}}")

    print(HEADER)
    print(f"const ese_record__weight_block ese_record__weight_blocks[{len(stage)}] = {{")
    for high, entry in enumerate(stage):
        print(f"    /* {high:02x}00 */ {entry},")
    print("};\n")
    print(f"const uint32_t ese_record__weights[][{BLOCK}] = {{")
    for i, block in enumerate(listed):
        print(f"    {{ /* {i} */")
        for row in range(0, BLOCK, 8):
            print("     " + " ".join(number(weight) + "," for weight in block[row : row + 8]))
        print("    },")
    print("};")


if __name__ == "__main__":
    main()
