#!/usr/bin/env python3
"""Measures ese beside other readers of the same files, in one run, and prints the ratios.

    python3 tests/bench/run.py [--quick] [--data DIR] [--build DIR] [--json]

Builds into build/bench what it needs. DIR has wide-32k.edb and golden/clean-04k-btree/data.edb, plain or as .gz; by
default it is the corpus in ESE_SHARED. A reader that is not installed is left out with a message. Ratios are of
processor time, so that other work on the machine does not decide them. docs/performance.md tells what is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Any

from measure import PROJECT, Corpus, Cost, build, describe_machine, figures_of, median, output_of, run_process

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
DUMPED = "wide-32k.edb"
SCANNED, TABLE, INDEX, COLUMN = "golden/clean-04k-btree/data.edb", "rows50000", "pk", "id"
HUGE = 10 << 30
READERS = ("dissect.esedb", "impacket")


@dataclass
class Line:
    """A line of the table. `ratio` is how many times faster the first thing named is than the second."""

    what: str
    figure: str
    ratio: float | None = None
    target: str = ""
    is_met: bool | None = None
    note: str = ""


class Report:
    def __init__(self) -> None:
        self.sections: list[tuple[str, list[Line]]] = []
        self.skipped: list[str] = []

    def section(self, title: str) -> None:
        self.sections.append((title, []))

    def add(self, line: Line) -> None:
        self.sections[-1][1].append(line)

    def skip(self, what: str) -> None:
        self.skipped.append(what)
        print(f"left out: {what}", file=sys.stderr)

    def compare(self, other: str, cost: Cost, ours: str, our_cost: Cost, at_least: float | None = None) -> None:
        """A line for the other reader: how many times more processor time it needs."""
        ratio = cost.cpu / our_cost.cpu
        self.add(
            Line(
                f"{ours} against {other}",
                seconds(cost.cpu),
                ratio,
                f">= {at_least:g}x" if at_least else "",
                ratio >= at_least if at_least else None,
                cost.note,
            )
        )

    def print(self, machine: dict[str, str]) -> None:
        print("\n".join(f"{key:<10} {value}" for key, value in machine.items()))
        for title, lines in self.sections:
            print(f"\n{title}")
            for line in lines:
                ratio = f"{line.ratio:.0f}x" if line.ratio is not None else ""
                met = "" if line.is_met is None else "met" if line.is_met else "MISSED"
                print(f"  {line.what:<52} {line.figure:>12} {ratio:>7} {line.target:>10} {met:<6} {line.note}".rstrip())


def seconds(value: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def below(what: str, value: float, limit: float) -> Line:
    return Line(what, seconds(value), target=f"< {seconds(limit)}", is_met=value < limit)


class Bench:
    def __init__(self, build_directory: Path, corpus: Corpus, work: Path, *, quick: bool) -> None:
        self.programs = build_directory / "bin"
        self.python_path = {"PYTHONPATH": str(build_directory / "python")}
        self.corpus = corpus
        self.work = work
        self.rounds = 3 if quick else 9
        self.quick = quick
        self.report = Report()

    def run(self) -> None:
        self.dump()
        self.scan()
        self.engine()
        self.opening()

    # ---- a full dump, each time by a new process

    def dump(self) -> None:
        path = self.corpus.file(DUMPED)
        if path is None:
            self.report.skip(f"dump: {DUMPED} is not there")
            return
        self.report.section(f"Full dump of {DUMPED} ({path.stat().st_size >> 20} MiB, a table of 65,000 columns)")
        ours = self._dump_ours("ese dump", ["dump", path])
        all_ours = self._dump_ours("ese dump --all-tables", ["dump", "--all-tables", path])
        if self.quick:
            self.report.skip("esedbexport (takes a minute; run without --quick)")
        elif not shutil.which("esedbexport"):
            self.report.skip("esedbexport is not installed (Debian: libesedb-utils)")
        else:
            target = self.work / "exported"
            other = run_process(["esedbexport", "-t", target, path])
            self.report.compare("esedbexport", other, "ese dump --all-tables", all_ours, 30)
            shutil.rmtree(target.with_suffix(".export"), ignore_errors=True)
        if is_installed("dissect.esedb"):
            other = run_process([sys.executable, HERE / "readers.py", "dump", "dissect.esedb", path])
            self.report.compare("dissect.esedb", other, "ese dump", ours, 20)
        else:
            self.report.skip("dissect.esedb is not installed (pip install dissect.esedb)")

    def _dump_ours(self, name: str, arguments: Sequence[str | Path]) -> Cost:
        run_process([self.programs / "ese", *arguments])
        cost = median([run_process([self.programs / "ese", *arguments]) for _ in range(self.rounds)])
        self.report.add(Line(name, seconds(cost.cpu), note=cost.note or f"{cost.peak_kib >> 10} MiB at most"))
        return cost

    # ---- warm scans, each reader in a process of its own that scans several times

    def scan(self) -> None:
        path = self.corpus.file(SCANNED)
        if path is None:
            self.report.skip(f"scan: {SCANNED} is not there")
            return
        figures = figures_of(self.programs / "bench_read", path, TABLE)
        self.report.section(f"Warm scan of all columns of {TABLE}, 50,000 records")
        in_c = Cost(figures["scan: ese_get_row"].wall * 50000e-9, figures["scan: ese_get_row"].cpu * 50000e-9)
        python = self._scan_with("ese", path)
        mappings = self._scan_with("ese-mappings", path)
        for name, cost in (
            ("ese, C (ese_get_row)", in_c),
            ("ese, Python (tuples)", python),
            ("ese, Python (mappings)", mappings),
        ):
            self.report.add(Line(name, seconds(cost.cpu), note=f"{cost.cpu * 1e9 / 50000:.0f} ns a record"))
        libesedb = self._scan_libesedb(path)
        if libesedb is not None:
            self.report.compare("libesedb, C", libesedb, "C", in_c)
        for reader in READERS:
            if not is_installed(reader):
                self.report.skip(f"{reader} is not installed (pip install {reader})")
                continue
            other = self._scan_with(reader, path)
            self.report.compare(reader, other, "Python", python, 100 if reader == "dissect.esedb" else None)
            self.report.compare(reader, other, "C", in_c)

    def _scan_with(self, reader: str, path: Path) -> Cost:
        rounds = self.rounds + 1 if reader.startswith("ese") else 4
        command: list[str | Path] = [sys.executable, HERE / "readers.py", "scan", reader, path, TABLE, str(rounds)]
        return warm_cost(json.loads(output_of(command, self.python_path)))

    def _scan_libesedb(self, path: Path) -> Cost | None:
        program = self.work / "libesedb_scan"
        try:
            output_of(["cc", "-O2", HERE / "reference" / "libesedb_scan.c", "-o", program, "-lesedb"])
        except (CalledProcessError, FileNotFoundError):
            self.report.skip("libesedb from C does not compile (Debian: libesedb-dev libbfio-dev)")
            return None
        return warm_cost(json.loads(output_of([program, path, TABLE, "4"])))

    # ---- single calls

    def engine(self) -> None:
        self.report.section("Single calls")
        checksums = figures_of(self.programs / "bench_checksum")
        slowest = min((figure.cpu, name) for name, figure in checksums.items() if "checksum" in name)
        self.report.add(
            Line(f"slowest {slowest[1]}", f"{slowest[0]:.1f} GB/s", target=">= 5 GB/s", is_met=slowest[0] >= 5)
        )
        sessions = figures_of(self.programs / "bench_session")
        name = "JetDupSession + JetEndSession"
        self.report.add(below(name, sessions[name].cpu * 1e-9, 300e-9))
        path = self.corpus.file(SCANNED)
        if path is not None:
            seeks = figures_of(self.programs / "bench_read", path, TABLE, INDEX, COLUMN)
            for name in ("JetMakeKey + JetSeek", "JetMakeKey + JetSeek + JetRetrieveColumn"):
                self.report.add(below(name, seeks[name].cpu * 1e-9, 1.5e-6))
            for name in ("scan: JetMove", "scan: JetRetrieveColumns", "scan: JetRetrieveColumn for each"):
                self.report.add(Line(f"{name}, a record", seconds(seeks[name].cpu * 1e-9)))

    # ---- beginnings

    def opening(self) -> None:
        self.report.section("Beginnings")
        self.report.add(below("import ese", self._import_time(), 30e-3))
        path = self.corpus.file(SCANNED)
        if path is None:
            return
        name = "attach to first record and back"
        small = figures_of(self.programs / "bench_open", path, TABLE)[name]
        self.report.add(Line(f"{name}, {path.stat().st_size >> 20} MiB", seconds(small.cpu * 1e-9)))
        huge = self.corpus.stretched(path, HUGE)
        cost = figures_of(self.programs / "bench_open", huge, TABLE)[name]
        self.report.add(Line(f"{name}, {HUGE >> 30} GiB (sparse)", seconds(cost.cpu * 1e-9)))
        huge.unlink()

    def _import_time(self) -> float:
        """Median of new processes, each of which times its own import; the start of Python is not part of it."""
        program = "import time; t = time.process_time(); import ese; print(time.process_time() - t)"
        command = [sys.executable, "-c", program]
        output_of(command, self.python_path)
        return statistics.median(float(output_of(command, self.python_path)) for _ in range(2 * self.rounds + 1))


def warm_cost(measured: dict[str, Any]) -> Cost:
    """The median of all rounds but the first, which fills caches."""
    if measured["rows"] != 50000:
        sys.exit(f"a reader found {measured['rows']} records instead of 50000")
    rounds = [Cost(wall, cpu) for wall, cpu in measured["rounds"]]
    found = median(rounds[1:])
    return Cost(found.wall, found.cpu, f"version {measured['version']}" if measured["version"] else "")


def is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def default_data() -> Path:
    shared = os.environ.get("ESE_SHARED")
    return (Path(shared) if shared else PROJECT.parent / "shared") / "corpus"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures ese beside other readers of the same files.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, without what takes a minute")
    parser.add_argument("--data", type=Path, default=default_data(), help="folder of the databases")
    parser.add_argument("--build", type=Path, default=PROJECT / "build" / "bench", help="folder to build in")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = parser.parse_args()
    build(options.build)
    with tempfile.TemporaryDirectory(prefix="ese-bench-") as work:
        bench = Bench(options.build, Corpus(options.data, Path(work)), Path(work), quick=options.quick)
        bench.run()
    machine = describe_machine(options.build)
    if options.json:
        sections = {title: [asdict(line) for line in lines] for title, lines in bench.report.sections}
        print(json.dumps({"machine": machine, "sections": sections, "left_out": bench.report.skipped}, indent=1))
    else:
        bench.report.print(machine)


if __name__ == "__main__":
    main()
