#!/usr/bin/env python3
"""The banned-call lint: calls and headers that have one allowed place, or none, and unfinished-work markers."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from sources import ROOT, c_files, name_of, report, strip_comments

NOWHERE = {
    "strcpy": "no bound", "strcat": "no bound", "stpcpy": "no bound", "sprintf": "no bound",
    "vsprintf": "no bound", "gets": "no bound", "atoi": "no error result",
    "atol": "no error result", "atoll": "no error result", "atof": "no error result",
    "alloca": "unbounded stack", "rand": "hidden state", "srand": "hidden state",
    "strtok": "hidden state", "localtime": "hidden state", "gmtime": "hidden state",
    "ctime": "hidden state", "asctime": "hidden state", "strerror": "hidden state",
    "setlocale": "changes the process", "system": "runs a shell", "tmpnam": "a race",
    "mktemp": "a race",
}  # fmt: skip
HEAP = {"malloc", "calloc", "realloc", "free", "aligned_alloc", "posix_memalign", "strdup", "strndup"}
HEAP_PLACE = "core/base/alloc.c"
ENGINE_HEAP = re.compile(r"\bese_(?:alloc|realloc|alloc_aligned|alloc_copy)\s*\(")
ENDS_PROCESS = {"abort", "exit", "_exit", "quick_exit"}

# The C library headers that need no operating system, and compiler intrinsics.
PLAIN_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdalign.h",
    "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h",
    "stdnoreturn.h", "string.h", "uchar.h", "emmintrin.h", "immintrin.h", "nmmintrin.h",
    "tmmintrin.h", "smmintrin.h", "arm_neon.h", "lz4.h",
}  # fmt: skip
MARKERS = re.compile(r"\b(TODO|FIXME|XXX|HACK|for now|not yet implemented)\b")

CALL = re.compile(r"(?<![\w.>])(\w+)\s*\(")
SYSTEM_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<([^>]+)>")


def calls(bare: str) -> Iterator[tuple[int, str]]:
    for match in CALL.finditer(bare):
        yield bare.count("\n", 0, match.start()) + 1, match[1]


def check_engine(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """Rules for core/ without the command: what belongs to base or os stays there."""
    name, layer = name_of(path), path.relative_to(ROOT / "core").parts[0]
    bare = strip_comments(text)
    for line, function in calls(bare):
        if function in HEAP and name != HEAP_PLACE:
            yield f"{name}:{line}", f"{function}: only {HEAP_PLACE} calls it"
        if function in ENDS_PROCESS and layer != "base":
            yield f"{name}:{line}", f"{function}: a library never ends its process"
    if layer in ("page", "record"):
        for call in ENGINE_HEAP.finditer(bare):
            line = bare.count("\n", 0, call.start()) + 1
            yield f"{name}:{line}", "a codec takes bytes and gives bytes, it never allocates"
    if layer == "os":
        return
    for number, line_text in enumerate(strip_comments(text, keep_includes=True).split("\n"), 1):
        match = SYSTEM_INCLUDE.match(line_text)
        if match and match[1] not in PLAIN_HEADERS:
            yield f"{name}:{number}", f"<{match[1]}> belongs to core/os"


def check_everywhere(path: Path, text: str) -> Iterator[tuple[str, str]]:
    name = name_of(path)
    for line, function in calls(strip_comments(text)):
        if function in NOWHERE:
            yield f"{name}:{line}", f"{function}: {NOWHERE[function]}"
    for number, line_text in enumerate(text.split("\n"), 1):
        marker = MARKERS.search(line_text)
        if marker:
            yield f"{name}:{number}", f"unfinished: {marker[1]}"


def main() -> int:
    findings: list[tuple[str, str]] = []
    everything = c_files("core", "swig", "tests", "examples")
    for path in everything:
        text = path.read_text(encoding="utf-8")
        findings += check_everywhere(path, text)
        if path.is_relative_to(ROOT / "core") and not path.is_relative_to(ROOT / "core/tools"):
            findings += check_engine(path, text)
    return report(findings, len(everything))


if __name__ == "__main__":
    sys.exit(main())
