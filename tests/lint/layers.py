#!/usr/bin/env python3
"""The layer lint: includes point down the ladder, private headers stay in their folder, files and functions stay small.

Exceptions stand one a line, with a reason, in exceptions.txt:
    core/page/page_tag.h->core/log/log.h   reason (of an include)
    core/record/record_x.c:function        reason (of a long function)
    core/record/record_x.c                 reason (of a long file)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from sources import ROOT, c_files, name_of, read_exceptions, report, strip_comments

# From the floor up. Folders on one rung do not see each other.
LADDER = [
    ["include"],
    ["base"],
    ["os"],
    ["page", "record"],
    ["cache"],
    ["log"],
    ["txn"],
    ["btree"],
    ["schema"],
    ["table"],
    ["recovery"],
    ["maint"],
    ["api"],
]
RUNG = {folder: rung for rung, folders in enumerate(LADDER) for folder in folders}

MAX_FILE_LINES = 1200
MAX_FUNCTION_LINES = 80

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"')
PRIVATE_NAME = re.compile(r"\b(?:ese|ESE)_([A-Za-z0-9]+)__\w+")
EXCEPTIONS = Path(__file__).with_name("exceptions.txt")


def layer_of(path: Path) -> str:
    """`page` for core/page/x.c, `swig` for swig/x.c."""
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "core" else parts[0]


def resolve(includer: Path, included: str) -> Path | None:
    """The file of this project that an #include names; None for a header from elsewhere."""
    for base in (includer.parent, ROOT / "core", ROOT / "core/include", ROOT / "swig"):
        candidate = (base / included).resolve()
        if candidate.is_file() and candidate.is_relative_to(ROOT):
            return candidate
    return None


def may_include(layer: str, target: str) -> bool:
    if layer == target:
        return True
    if layer == "tools":
        return target in ("include", "maint")
    if layer == "swig":
        return target == "include"
    return target in RUNG and layer in RUNG and RUNG[target] < RUNG[layer]


def check_includes(path: Path, text: str, allowed: dict[str, str]) -> Iterator[tuple[str, str]]:
    layer = layer_of(path)
    for number, line in enumerate(strip_comments(text, keep_includes=True).split("\n"), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = resolve(path, match[1])
        where = f"{name_of(path)}:{number}"
        if target is None:
            yield where, f'"{match[1]}" is not a file of this project (use <> for others)'
            continue
        if f"{name_of(path)}->{name_of(target)}" in allowed:
            continue
        if not may_include(layer, layer_of(target)):
            yield where, f"{layer} must not include {match[1]}"
        elif "_private.h" in target.name and target.parent != path.parent:
            yield where, f"{match[1]} is private to {layer_of(target)}"


def check_private_names(path: Path, text: str) -> Iterator[tuple[str, str]]:
    layer = layer_of(path)
    for number, line in enumerate(strip_comments(text).split("\n"), 1):
        for match in PRIVATE_NAME.finditer(line):
            owner = match[1].lower()
            if owner != layer and owner in RUNG:
                yield f"{name_of(path)}:{number}", f"{match[0]} is private to {owner}"


def functions(text: str) -> Iterator[tuple[str, int, int]]:
    """(name, first line, number of lines) of each function; the format puts its braces in column one."""
    lines = strip_comments(text).split("\n")
    start = None
    for number, line in enumerate(lines):
        if line.startswith("{") and start is None:
            start = number
        elif line.startswith("}") and start is not None:
            head = "\n".join(lines[max(0, start - 12) : start])
            names = re.findall(r"^(?:[\w \t*]*?[ \t*])?(\w+)[ \t]*\(", head, re.MULTILINE)
            yield (names[-1] if names else "?"), start + 1, number - start + 1
            start = None


def check_sizes(path: Path, text: str, allowed: dict[str, str]) -> Iterator[tuple[str, str]]:
    name = name_of(path)
    length = text.count("\n")
    if length > MAX_FILE_LINES and name not in allowed:
        yield name, f"{length} lines, the limit is {MAX_FILE_LINES}"
    for function, line, size in functions(text):
        if size > MAX_FUNCTION_LINES and f"{name}:{function}" not in allowed:
            yield f"{name}:{line}", f"{function} has {size} lines, the limit is {MAX_FUNCTION_LINES}"


def main() -> int:
    allowed = read_exceptions(EXCEPTIONS)
    findings: list[tuple[str, str]] = []
    engine = c_files("core", "swig")
    everything = c_files("core", "swig", "tests", "examples")
    for path in everything:
        text = path.read_text(encoding="utf-8")
        findings += check_sizes(path, text, allowed)
        if path in engine:
            findings += check_includes(path, text, allowed)
            findings += check_private_names(path, text)
    return report(findings, len(everything))


if __name__ == "__main__":
    sys.exit(main())
