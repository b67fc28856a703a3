#!/usr/bin/env python3
"""Checks log files, checkpoints and the databases beside them by rules of its own.

    log_check.py FOLDER...        the streams of logs in each folder
    log_check.py --golden         those of the reference sets; of the damaged ones the damage must be found

Each folder is one test: "ok NAME: figures" or "not ok NAME" with what was found. The last line is "N passed, N failed".
"""

import argparse
import fnmatch
import gzip
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from logcheck.stream import Report, check_folder

SHARED = Path(os.environ.get("ESE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
GOLDEN = SHARED / "corpus" / "golden"

# The reference sets whose logs or checkpoints are not as they were written, or do not fit the database.
DAMAGED = {
    "dmg-" + name
    for name in (
        "bad-chk bad-chk-one bitflip-archive bitflip-archive-hdr bitflip-current damage-archive damage-current "
        "foreign-archive foreign-chk foreign-current missing-current missing-first missing-last-archive missing-middle "
        "torn-both-half torn-shadow-garbage truncated-archive way-damage-current-first way-damage-current-inner "
        "way-missing-current way-missing-two"
    ).split()
}


def unpack(source: Path, target: Path) -> Path:
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.is_dir():
            unpack(path, target / path.name)
        elif path.suffix == ".gz":
            (target / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    return target


def folders_with_logs(top: Path) -> Iterator[Path]:
    for folder in [top, *sorted(path for path in top.rglob("*") if path.is_dir())]:
        if any(path.suffix in (".log", ".jtx") for path in folder.iterdir()):
            yield folder


def golden_reports(pattern: str) -> Iterator[Report]:
    for source in sorted(path for path in GOLDEN.iterdir() if path.is_dir() and fnmatch.fnmatch(path.name, pattern)):
        with tempfile.TemporaryDirectory() as work:
            top = unpack(source, Path(work) / source.name)
            for folder in folders_with_logs(top):
                yield check_folder(folder, str(folder.relative_to(work)))


def show(report: Report, verbose: bool, is_good: bool) -> None:
    figures = ", ".join(f"{n} {what}" for what, n in report.figures.items())
    notes = ", ".join(f"{n} {what}" for what, n in report.findings.notes.items())
    found = report.findings.found
    print(f"{'ok' if is_good else 'not ok'} {report.name}: {figures}{'; ' + notes if notes else ''}")
    for finding in found if verbose else found[:8]:
        print(f"    {finding}")
    if len(found) > 8 and not verbose:
        print(f"    and {len(found) - 8} more")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", action="store_true", help="the reference sets")
    parser.add_argument("--only", default="*", help="only sets whose names match")
    parser.add_argument("--verbose", action="store_true", help="everything that was found")
    parser.add_argument("--database", action="append", default=[], type=Path, help="one that lies elsewhere")
    parser.add_argument("folders", nargs="*", type=Path)
    arguments = parser.parse_args()
    wrong = [str(folder) for folder in arguments.folders if not folder.is_dir()]
    if wrong or not (arguments.folders or arguments.golden):
        parser.error(f"no such folder: {wrong[0]}" if wrong else "a folder or --golden is expected")
    if arguments.golden and not GOLDEN.is_dir():
        print(f"skipped: there is no {GOLDEN}")
        return 0
    passed = failed = 0
    total: dict[str, int] = {}
    checked = (check_folder(folder, databases=arguments.database) for folder in arguments.folders)
    reports = golden_reports(arguments.only) if arguments.golden else checked
    for report in reports:
        is_good = bool(report.findings.found) == (arguments.golden and report.name in DAMAGED)
        show(report, arguments.verbose, is_good)
        for what, n in report.figures.items():
            total[what] = total.get(what, 0) + n
        passed += is_good
        failed += not is_good
    print(", ".join(f"{n} {what}" for what, n in total.items()))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
