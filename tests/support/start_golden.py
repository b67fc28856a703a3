#!/usr/bin/env python3
"""Starts an instance on every reference set that a crash has left, as a program does that goes on working.

    PYTHONPATH=build/gcc/python start_golden.py build/gcc/bin/ese [--only PATTERN]

The start recovers the databases where they lie and writes the log of the set on. Afterwards the checker of logs reads
all of it, and the databases must hold what is expected. The last line is "N passed, N failed".
"""

import argparse
import fnmatch
import sys
import tempfile
from pathlib import Path

import ese
from logcheck.stream import check_folder
from recover_golden import GOLDEN, Driver, FailureError, unpack

LOG_FILE_SIZE, ALTERNATE_PATH = 11, 113  # JET_param...


def start(folder: Path, page_size: int) -> None:
    log_size = max(path.stat().st_size for path in folder.glob("*.log")) // 1024
    parameters: dict[str | int, int | bool | str] = {LOG_FILE_SIZE: log_size, ALTERNATE_PATH: f"{folder}/"}
    with ese.Instance("start", directory=folder, page_size=page_size, parameters=parameters):
        pass


def check_set(driver: Driver, name: str, folder: Path) -> None:
    unpack(name, folder)
    try:
        start(folder, int(name.split("-")[1].rstrip("k")) * 1024)
    except ese.EseError as error:
        raise FailureError(f"the start: {error}") from error
    found = check_folder(folder).findings.found
    if found:
        raise FailureError(f"{len(found)} findings in the logs, the first: {found[0]}")
    for stem, expected in (("data", "expected.jsonl"), ("second", "expected-second.jsonl")):
        if (folder / expected).exists():
            driver.compare(folder / f"{stem}.edb", folder / expected)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", help="only sets whose names match")
    parser.add_argument("command")
    arguments = parser.parse_args()
    if not GOLDEN.is_dir():
        print(f"skipped: there is no {GOLDEN}")
        return 0
    driver = Driver(str(Path(arguments.command).resolve()))
    passed = failed = 0
    for name in sorted(path.name for path in GOLDEN.glob("crash-*") if fnmatch.fnmatch(path.name, arguments.only)):
        try:
            with tempfile.TemporaryDirectory() as folder:
                check_set(driver, name, Path(folder))
        except FailureError as failure:
            print(f"not ok {name}: {failure}", flush=True)
            failed += 1
        else:
            print(f"ok {name}", flush=True)
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
