#!/usr/bin/env python3
"""Each header compiles alone as C11 with every warning; the public ones also as C99 and C++17, in both text modes."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from sources import ROOT, c_files, name_of

CC = os.environ.get("CC", "cc")
CXX = os.environ.get("CXX", "c++")
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wundef", "-Werror", "-fsyntax-only"]
INTERNAL = ["-I", str(ROOT / "core"), "-I", str(ROOT / "core/include"), "-I", str(ROOT / "swig")]
PUBLIC = ["-I", str(ROOT / "core/include")]


class Check(NamedTuple):
    title: str
    command: list[str]
    text: str


def checks_of(header: Path) -> list[Check]:
    name = name_of(header)
    include = f'#include "{header}"\n'
    compile_c = [CC, "-x", "c", *STRICT, "-Wstrict-prototypes"]
    found = [Check(f"{name} (C11)", [*compile_c, "-std=c11", *INTERNAL, "-"], include)]
    if header.parent == ROOT / "core/include":
        compile_cxx = [CXX, "-x", "c++", "-std=c++17", *STRICT, *PUBLIC, "-"]
        wide = "#define JET_UNICODE\n"
        found += [
            Check(f"{name} (C99)", [*compile_c, "-std=c99", *PUBLIC, "-"], include),
            Check(f"{name} (C11, JET_UNICODE)", [*compile_c, "-std=c11", *PUBLIC, "-"], wide + include),
            Check(f"{name} (C++17)", compile_cxx, include),
            Check(f"{name} (C++17, JET_UNICODE)", compile_cxx, wide + include),
        ]
    return found


def run(check: Check) -> tuple[Check, str]:
    done = subprocess.run(check.command, input=check.text, capture_output=True, text=True)
    return check, done.stderr if done.returncode else ""


def main() -> int:
    headers = [path for path in c_files("core", "swig", "tests/support") if path.suffix == ".h"]
    checks = [check for header in headers if needs_no_context(header) for check in checks_of(header)]
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for check, errors in pool.map(run, checks):
            if errors:
                failed += 1
                print(f"{check.title} does not compile alone:\n{errors}")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


def needs_no_context(header: Path) -> bool:
    """The language support of swig/ needs the interpreter's headers and is compiled with the modules."""
    return header.parent not in (ROOT / "swig/python", ROOT / "swig/lua")


if __name__ == "__main__":
    sys.exit(main())
