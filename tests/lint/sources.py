"""What the lints share: the list of C sources, C text without comments and strings, and the report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL
)
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[^\n]*", re.MULTILINE)


def c_files(*folders: str) -> list[Path]:
    """Every .c and .h below the given folders of the checkout, in order."""
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.[ch]")
        if path.is_file()
    )


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def strip_comments(text: str, *, keep_includes: bool = False) -> str:
    """The text with comments and literals blanked out; every line keeps its number."""
    bare = _TOKEN.sub(_blank, text)
    if not keep_includes:
        return bare
    lines = bare.split("\n")
    for match in _INCLUDE.finditer(text):
        number = text.count("\n", 0, match.start())
        if lines[number].lstrip().startswith("#"):
            lines[number] = match.group()
    return "\n".join(lines)


def read_exceptions(path: Path) -> dict[str, str]:
    """`subject  reason` lines; an exception without a reason is refused."""
    found: dict[str, str] = {}
    if not path.exists():
        return found
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        subject, _, reason = line.partition(" ")
        if not reason.strip():
            raise SystemExit(f"{name_of(path)}: no reason given for {subject}")
        found[subject] = reason.strip()
    return found


def report(findings: Iterable[tuple[str, str]], subjects: int) -> int:
    """Prints the findings and the counts; the exit status. A subject is one file that was checked."""
    bad: set[str] = set()
    for where, what in sorted(findings):
        print(f"{where}: {what}")
        bad.add(where.split(":")[0])
    failed = len(bad)
    print(f"{subjects - failed} passed, {failed} failed")
    return 1 if failed else 0
