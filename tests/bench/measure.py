"""What run.py measures with: processes, medians, the machine, and the files of the corpus."""

from __future__ import annotations

import datetime
import gzip
import os
import platform
import re
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Cost:
    """What something took: seconds on the clock and of the processor."""

    wall: float
    cpu: float
    note: str = ""
    peak_kib: int = 0


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        costs[-1].note,
        max(cost.peak_kib for cost in costs),
    )


def run_process(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> Cost:
    """One run of a program whose output is thrown away; the note tells how it failed, if it did."""
    begin = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | (environment or {}),
        text=True,
        errors="replace",
    ) as process:
        assert process.stderr is not None
        lines = [line.strip() for line in process.stderr if line.strip()]
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begin
    note = ""
    if process.returncode != 0:
        note = f"failed after {wall:.1f} s: {lines[-1] if lines else f'status {process.returncode}'}"
    return Cost(wall, usage.ru_utime + usage.ru_stime, note, usage.ru_maxrss)


def output_of(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> str:
    """Output of a program that must succeed."""
    return subprocess.run(
        [str(part) for part in command],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | (environment or {}),
    ).stdout


# ---- the programs of this folder


@dataclass(frozen=True)
class Figure:
    """A line of a benchmark program (bench.h)."""

    wall: float
    cpu: float
    unit: str


def figures_of(program: Path, *arguments: str | Path) -> dict[str, Figure]:
    figures = {}
    for line in output_of([program, *arguments]).splitlines():
        fields = line.split("\t")
        if len(fields) == 4:
            figures[fields[0].strip()] = Figure(float(fields[1]), float(fields[2]), fields[3])
    return figures


def build(directory: Path) -> None:
    """The library, the command, the Python module and the benchmark programs, as they are released."""
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DESE_BENCH=ON", "-DESE_PYTHON=ON", "-DESE_TESTS=OFF"]
    generator = ["-G", "Ninja"] if shutil.which("ninja") and not (directory / "CMakeCache.txt").exists() else []
    output_of(["cmake", "-S", PROJECT, "-B", directory, *generator, *options])
    output_of(["cmake", "--build", directory, "--parallel"])


# ---- the machine


def _first_match(pattern: str, text: str, otherwise: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else otherwise


def _compiler(directory: Path) -> str:
    cache = (directory / "CMakeCache.txt").read_text()
    program = _first_match(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache, "cc")
    return output_of([program, "--version"]).splitlines()[0]


def describe_machine(directory: Path) -> dict[str, str]:
    cpu_info = Path("/proc/cpuinfo")
    text = cpu_info.read_text() if cpu_info.exists() else ""
    commit = subprocess.run(
        ["git", "-C", str(PROJECT), "rev-parse", "--short", "HEAD"], check=False, capture_output=True, text=True
    )
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit.stdout.strip() or "unknown",
        "processor": _first_match(r"^model name\s*:\s*(.*)$", text, platform.machine()),
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "kernel": f"{platform.system()} {platform.release()}",
        "compiler": _compiler(directory),
        "python": platform.python_version(),
    }


# ---- the corpus


class Corpus:
    """Reference databases, unpacked on demand into a folder of our own."""

    def __init__(self, source: Path, work: Path) -> None:
        self._source = source
        self._work = work

    def file(self, name: str) -> Path | None:
        """Path of the database, or None when the corpus does not have it."""
        plain = self._source / name
        packed = plain.with_name(plain.name + ".gz")
        unpacked = self._work / name.replace("/", "-")
        if unpacked.exists():
            return unpacked
        if not plain.exists() and not packed.exists():
            return None
        # A copy even of a plain file: some readers leave files beside what they read.
        with plain.open("rb") if plain.exists() else gzip.open(packed) as source, unpacked.open("wb") as to:
            shutil.copyfileobj(source, to)
        return unpacked

    def stretched(self, path: Path, size: int) -> Path:
        """A sparse copy of that size: the same database in a huge file."""
        copy = path.with_name("stretched-" + path.name)
        shutil.copyfile(path, copy)
        os.truncate(copy, size)
        return copy
