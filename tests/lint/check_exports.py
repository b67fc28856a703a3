#!/usr/bin/env python3
"""What a built library exports, against the prototypes of the public headers: check_exports.py LIBRARY

A documented function is one whatever its forms of text: JetInit3A and JetInit3W count once, and only when both are
exported. The symbols that are no functions of the Jet API must be ese_ additions of ours.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sources import ROOT, strip_comments

HEADER = ROOT / "core/include/esent.h"
PROTOTYPE = re.compile(r"\bESE_API\b[^;(]*?\b(Jet\w+)\s*\(")


def prototypes() -> set[str]:
    """Every name that esent.h declares as a function."""
    return set(PROTOTYPE.findall(strip_comments(HEADER.read_text())))


def documented() -> dict[str, set[str]]:
    """The documented functions by bare name, each with its exported names."""
    names = prototypes()
    functions: dict[str, set[str]] = {}
    for name in names:
        stem = name[:-1]
        has_two_forms = name[-1] in "AW" and {stem + "A", stem + "W"} <= names
        functions.setdefault(stem if has_two_forms else name, set()).add(name)
    return functions


def exported(library: Path) -> set[str]:
    """The dynamic symbols that the library defines; the names of its symbol versions are none."""
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", "--format=posix", str(library)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    symbols = (line.split() for line in listing.stdout.splitlines())
    return {fields[0].partition("@")[0] for fields in symbols if fields[1] != "A"}


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: check_exports.py LIBRARY", file=sys.stderr)
        return 2
    symbols = exported(Path(sys.argv[1]))
    functions = documented()
    findings = []
    for name in sorted(symbols):
        if name.startswith("Jet"):
            if name not in prototypes():
                findings.append(f"{name}: exported, but esent.h has no such function")
        elif not name.startswith("ese_"):
            findings.append(f"{name}: exported, but neither of the Jet API nor an ese_ addition")
    for forms in functions.values():
        if forms & symbols and not forms <= symbols:
            findings.append(f"{min(forms & symbols)}: exported without {', '.join(sorted(forms - symbols))}")
    complete = sum(forms <= symbols for forms in functions.values())
    for finding in findings:
        print(finding)
    print(f"API: {complete} of {len(functions)} functions")
    print("0 passed, 1 failed" if findings else "1 passed, 0 failed")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
