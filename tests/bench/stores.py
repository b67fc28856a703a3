#!/usr/bin/env python3
"""Measures ese beside other embedded stores with the same data and the same durability, and prints the ratios.

    python3 tests/bench/stores.py [--durable] [--rows N] [--only NAME,...] [--build DIR] [--json]

Without --durable nothing is durable: no log, no sync. With it every commit is on the disk when it is over, with the
log of each store.

C: store/driver.c (or store/durable.c) linked with each of store/store_*.c whose library is installed (Debian:
libsqlite3-dev liblmdb-dev librocksdb-dev). Python: store_python.py with ese, sqlite3 and lmdb. Figures are processor
time per operation, but for what the disk or many threads do, which is wall time. docs/performance.md tells what is
measured.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import PROJECT, Figure, build, describe_machine, figures_of, output_of

HERE = Path(__file__).resolve().parent
LIBRARIES = {"ese": "ese", "sqlite": "sqlite3", "lmdb": "lmdb", "rocksdb": "rocksdb"}
PYTHON_STORES = ("ese", "sqlite", "lmdb")
BY_WALL = ("8 threads", "1 thread")


def compile_store(name: str, driver: str, build_directory: Path, work: Path) -> Path | None:
    """A driver linked with a store; None when its library is not installed."""
    program = work / f"store_{name}"
    library = build_directory / "lib"
    sources = [HERE / "store" / f"{driver}.c", HERE / "store" / f"store_{name}.c"]
    command: list[str | Path] = ["cc", "-std=gnu11", "-O2", *sources, "-I", PROJECT / "core" / "include"]
    command += ["-o", program, f"-L{library}", f"-Wl,-rpath,{library}"]
    try:
        output_of([*command, f"-l{LIBRARIES[name]}", "-lpthread"])
    except subprocess.CalledProcessError:
        print(f"left out: {name} from C does not compile here", file=sys.stderr)
        return None
    return program


def measure_durable(program: Path, work: Path, rows: int) -> dict[str, Figure]:
    """Commits, and the recovery of what a program leaves that ends in the middle."""
    data = work / "data"
    figures = figures_of(program, data, str(rows))
    output_of([program, data, str(rows), "crash"])
    figures |= figures_of(program, data, str(rows), "recover")
    per_megabyte = figures.get("recovery, a MB of log, 1 thread")
    if per_megabyte is not None:
        figures["recovery, MB of log in a second"] = Figure(1e9 / per_megabyte.wall, 1e9 / per_megabyte.cpu, "MB/s")
    return figures


def measure_python(name: str, rows: int, build_directory: Path, work: Path) -> dict[str, Figure]:
    environment = {"PYTHONPATH": str(build_directory / "python")}
    try:
        text = output_of([sys.executable, HERE / "store_python.py", name, work / "python", str(rows)], environment)
    except subprocess.CalledProcessError as error:
        print(f"left out: {name} from Python: {error.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return {}
    lines = (line.split("\t") for line in text.splitlines())
    return {what: Figure(float(wall), float(cpu), unit) for what, wall, cpu, unit in lines}


def cost(what: str, figure: Figure) -> float:
    return figure.wall if what.endswith((*BY_WALL, "in a second")) else figure.cpu


def print_table(title: str, figures: dict[str, dict[str, Figure]]) -> None:
    """A line per measurement: the first store; of each other one its figure, and how many times the first it is."""
    first, *peers = figures
    print(f"\n{title}\n  {'':<44}{first:>12}" + "".join(f"{peer:>22}" for peer in peers))
    for what, figure in figures[first].items():
        cells = ""
        for peer in peers:
            other = figures[peer].get(what)
            ratio = cost(what, other) / cost(what, figure) if other else None
            ratio = 1 / ratio if ratio and figure.unit == "MB/s" else ratio
            cells += f"{cost(what, other):>13,.0f}" if other else f"{'':>13}"
            cells += f" {ratio:>7.2f}x" if ratio else f"{'':>9}"
        print(f"  {what:<44}{cost(what, figure):>12,.0f}{cells}  {figure.unit}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures ese beside other embedded stores.")
    parser.add_argument("--durable", action="store_true", help="commits that are on the disk, and recovery")
    parser.add_argument("--rows", type=int, help="rows in each database: 1,000,000, or 200,000 durable ones")
    parser.add_argument("--only", default=",".join(LIBRARIES), help="stores to measure")
    parser.add_argument("--build", type=Path, default=PROJECT / "build" / "bench", help="folder to build in")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the tables")
    options = parser.parse_args()
    rows = options.rows or (200_000 if options.durable else 1_000_000)
    stores = [name for name in LIBRARIES if name in options.only.split(",")]
    build(options.build)
    in_c: dict[str, dict[str, Figure]] = {}
    in_python: dict[str, dict[str, Figure]] = {}
    with tempfile.TemporaryDirectory(prefix="ese-bench-") as folder:
        work = Path(folder)
        for name in stores:
            program = compile_store(name, "durable" if options.durable else "driver", options.build, work)
            if program is not None and options.durable:
                in_c[name] = measure_durable(program, work, rows)
            elif program is not None:
                in_c[name] = figures_of(program, work / "data", str(rows))
            if name in PYTHON_STORES and not options.durable:
                in_python[name] = measure_python(name, rows // 10, options.build, work)
    machine = describe_machine(options.build)
    if options.json:
        print(json.dumps({"machine": machine, "C": in_c, "Python": in_python}, default=vars, indent=1))
        return
    print("\n".join(f"{key:<10} {value}" for key, value in machine.items()))
    kind = ", durable commits" if options.durable else ""
    if in_c:
        print_table(f"C, {rows:,} rows{kind} (a ratio above 1: the first is faster, or its files are smaller)", in_c)
    if in_python:
        print_table(f"Python, {rows // 10:,} rows", in_python)


if __name__ == "__main__":
    main()
