"""The quickstart that the README begins with names programs that exist; what it prints fits a terminal."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_program_of_the_quickstart_exists() -> None:
    script = (ROOT / "examples/quickstart.sh").read_text()
    programs = re.findall(r"examples/\w+\.(?:py|lua|c)", script)
    assert len(programs) >= 4
    for program in programs:
        assert (ROOT / program).is_file(), program


def test_the_quickstart_shows_long_values_briefly(databases: Path) -> None:
    program: list[str | Path] = [sys.executable, ROOT / "examples/quickstart.py", databases / "longvalues-32k.edb"]
    shown = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert max(map(len, shown.splitlines())) < 1000


def test_examples_without_arguments_tell_how_to_use_them() -> None:
    for program in sorted((ROOT / "examples").glob("*.py")):
        done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "usage:" in done.stderr, program
