#!/usr/bin/env python3
"""Makes a C table of every constant of the public headers: gen_constants.py constants.c esent.h ese.h

The compiler, not this script, evaluates the constants, so casts, suffixes and references to other constants need no
care, and every language reads the same 64-bit values.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+((?:JET|ESE)_\w+)[ \t]+(.*)$", re.MULTILINE)
ENUM = re.compile(r"typedef enum \w+ \{(.*?)\}", re.DOTALL)
ENUMERATOR = re.compile(r"^\s*((?:JET|ESE)_\w+)", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
NUMBER = re.compile(r"[\s(]*[-+~(]*\s*(?:0[xX][0-9A-Fa-f]+|[0-9]+|(?:JET|ESE)_bit\w+)")

# Names that stand for types, functions or attributes, not numbers.
NOT_NUMBERS = {"JET_API", "ESE_API", "ESE_UNNAMED"}


def constants_of(text: str) -> list[str]:
    bare = COMMENT.sub(" ", text.replace("\\\n", " "))
    names = [name for name, value in DEFINE.findall(bare) if name not in NOT_NUMBERS and NUMBER.match(value)]
    for body in ENUM.findall(bare):
        names += ENUMERATOR.findall(body)
    return list(dict.fromkeys(names))


def main() -> None:
    output, *headers = map(Path, sys.argv[1:])
    names = {name for header in headers for name in constants_of(header.read_text(encoding="utf-8"))}
    rows = [f'    {{"{name}", (int64_t)({name}), ({name}) > 0}},\n' for name in sorted(names)]
    output.write_text(
        '#include "constants.h"\n\n#include "ese.h"\n\n'
        f"const ese_model_constant ese_model_constants[] = {{\n{''.join(rows)}    {{NULL, 0, 0}},\n}};\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
