#!/usr/bin/env python3
"""Recovers every crashed, damaged and backed-up reference set with the command and compares with what is recorded.

usage: recover_golden.py [--only PATTERN] COMMAND

COMMAND is the path of `ese`. The sets lie in $ESE_SHARED/corpus/golden. Of a crashed set the content (rows
and orders of indexes) must be exactly the expected one and `ese check` find nothing; of a damaged set each
way of starting that the command offers must end as recorded; a backup must be restored alone and with the
logs behind it. One line per set, then sums, and one closing line.
"""

from __future__ import annotations

import argparse
import fnmatch
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("ESE_SHARED", ROOT.parent / "shared")).resolve() / "corpus"
GOLDEN = CORPUS / "golden"

LOGGED = "D:\\data\\data.edb"
ABSENT = -1811
NO_LOGS = -528  # the command asks for a log; where none is there, the recorded engine began a new one

# What a recorded way of starting is for the command; {} is the folder of the set.
OPTIONS: dict[str, list[str]] = {
    "default": [],
    "JET_bitReplayIgnoreLostLogs": ["--ignore-lost-logs"],
    "JET_bitReplayIgnoreLostLogs+JET_paramDeleteOutOfRangeLogs": ["--ignore-lost-logs", "--drop-damaged-logs"],
    "JET_bitReplayIgnoreMissingDB": ["--ignore-missing"],
    "JET_bitRecoveryWithoutUndo": ["--without-undo"],
    "JET_paramDatabasePageSize=other": ["--page-size", "8192"],
    "JET_paramLogFileSize=128": ["--log-size", "131072"],
}


def unpack(name: str, folder: Path) -> Path:
    source = GOLDEN / name
    for packed in source.rglob("*.gz"):
        target = folder / packed.relative_to(source).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.decompress(packed.read_bytes()))
    return folder


class FailureError(Exception):
    pass


class Driver:
    def __init__(self, command: str) -> None:
        self.command = command
        self.log_bytes = 0
        self.seconds = 0.0

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.command, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            encoding="utf-8",
        )

    def recover(self, *arguments: str | Path) -> dict[str, object]:
        begin = time.monotonic()
        done = self.run("recover", "--quiet", "--json", *arguments)
        self.seconds += time.monotonic() - begin
        if not done.stdout.startswith("{"):
            raise FailureError(f"no report: {done.stderr.strip()}")
        report: dict[str, object] = json.loads(done.stdout)
        self.log_bytes += int(str(report["bytes"]))
        return report

    def compare(self, database: Path, expected: Path) -> None:
        actual = database.with_suffix(".actual")
        with actual.open("wb") as out:
            dumped = subprocess.run(
                [self.command, "dump", "--quiet", "--indexes", str(database)],
                stdout=out,
                stderr=subprocess.PIPE,
                check=False,
            )
        if dumped.returncode != 0:
            raise FailureError(f"{database.name}: dump: {dumped.stderr.decode().strip()}")
        compared = subprocess.run(
            [sys.executable, str(CORPUS / "compare.py"), str(expected), str(actual), "--skip-system"],
            capture_output=True, text=True, check=False,
        )
        if compared.returncode != 0:
            raise FailureError(f"{database.name}: {(compared.stdout + compared.stderr)[-600:]}")
        checked = self.run("check", "--quiet", database)
        if checked.returncode != 0:
            raise FailureError(f"{database.name}: check: {(checked.stdout + checked.stderr)[:600]}")

    def attach(self, database: Path) -> int:
        """The code with which opening the database ends."""
        if not database.exists():
            return ABSENT
        done = self.run("tables", database)
        found = re.search(r"\((?:JET_\w+, )?(-\d+)\)", done.stderr)
        return int(found.group(1)) if done.returncode != 0 and found else 0


def result_of(folder: Path, database: str) -> Path:
    """What recovery made, or the database itself where it was clean."""
    made = folder / "recovered" / database
    return made if made.exists() else folder / database


def check_crash(driver: Driver, name: str, folder: Path) -> None:
    unpack(name, folder)
    report = driver.recover(folder)
    if report["code"] != 0:
        raise FailureError(f"{report['code']}: {report.get('text')}")
    for stem, expected in (("data", "expected.jsonl"), ("second", "expected-second.jsonl")):
        if (folder / expected).exists():
            driver.compare(result_of(folder, f"{stem}.edb"), folder / expected)
        elif stem == "second" and (folder / "recovered" / "second.edb").exists():
            raise FailureError("a database that was not finished is there")
    second = driver.recover("--in-place", folder)  # once more, and in the place of the databases
    if second["code"] != 0:
        raise FailureError(f"in place: {second['code']}: {second.get('text')}")
    driver.compare(folder / "data.edb", folder / "expected.jsonl")


def options_of(variant: str, folder: Path) -> list[str | Path]:
    moved = folder / "moved" / "data.edb"
    target = moved if moved.exists() else folder / "renamed.edb"
    if variant == "map":
        return ["--map", f"{LOGGED}={target}", folder]
    if variant == "map-new-only":
        return ["--map", str(target), folder]
    if variant == "alt":
        return ["--log", folder, folder / "moved"]
    return [*OPTIONS[variant], folder]


def check_variant(driver: Driver, verdict: dict[str, object], folder: Path) -> None:
    variant = str(verdict["variant"])
    moved = folder / "moved" / "data.edb"
    renamed = folder / "renamed.edb"
    asked = moved if moved.exists() else renamed if renamed.exists() else folder / "data.edb"
    report = driver.recover("--in-place", *options_of(variant, folder))
    code = int(str(report["code"]))
    code = code or int(str(report["warning"]))
    wanted = verdict["JetInit"]
    if code == NO_LOGS and wanted == 0 and not list(folder.glob("*.log")):
        code = 0
    if code != wanted:
        raise FailureError(f"{variant}: {code} instead of {wanted}: {report.get('text')}")
    attached = verdict.get("JetAttachDatabase")
    if attached is not None and (got := driver.attach(asked)) != attached:
        raise FailureError(f"{variant}: attach {got} instead of {attached}")
    if "content" in verdict:
        driver.compare(asked, folder / str(verdict["content"]))


def check_damaged(driver: Driver, name: str, folder: Path) -> None:
    verdicts = json.loads(gzip.decompress((GOLDEN / name / "verdict.json.gz").read_bytes()))
    for index, verdict in enumerate(verdicts):
        check_variant(driver, verdict, unpack(name, folder / str(index)))


def check_backup(driver: Driver, name: str, folder: Path) -> None:
    unpack(name, folder)
    report = driver.recover("--restore", "--to", folder / "alone", folder / "backup")
    if report["code"] != 0:
        raise FailureError(f"alone: {report['code']}: {report.get('text')}")
    driver.compare(folder / "alone" / "data.edb", folder / "expected.jsonl")
    report = driver.recover("--restore", "--log", folder / "live", "--to", folder / "forward", folder / "backup")
    if report["code"] != 0:
        raise FailureError(f"forward: {report['code']}: {report.get('text')}")
    driver.compare(folder / "forward" / "data.edb", folder / "expected-rollforward.jsonl")
    report = driver.recover(folder / "live")
    if report["code"] != 0:
        raise FailureError(f"live: {report['code']}: {report.get('text')}")
    driver.compare(result_of(folder / "live", "data.edb"), folder / "expected-rollforward.jsonl")


KINDS = {"crash-": check_crash, "dmg-": check_damaged, "backup-": check_backup}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", help="only sets whose names match")
    parser.add_argument("command")
    arguments = parser.parse_args()
    if not GOLDEN.is_dir():
        print(f"skipped: there is no {GOLDEN}")
        return 0
    driver = Driver(str(Path(arguments.command).resolve()))
    passed: dict[str, int] = {}
    total: dict[str, int] = {}
    for name in sorted(path.name for path in GOLDEN.iterdir()):
        kind = next((kind for kind in KINDS if name.startswith(kind)), None)
        if kind is None or not fnmatch.fnmatch(name, arguments.only):
            continue
        total[kind] = total.get(kind, 0) + 1
        try:
            with tempfile.TemporaryDirectory() as folder:
                KINDS[kind](driver, name, Path(folder))
        except (FailureError, subprocess.TimeoutExpired) as failure:
            print(f"not ok {name}: {failure}", flush=True)
        else:
            passed[kind] = passed.get(kind, 0) + 1
            print(f"ok {name}", flush=True)
    sums = ", ".join(f"{kind}* {passed.get(kind, 0)} of {n}" for kind, n in total.items())
    print(f"{sums}; {driver.log_bytes} bytes of records in {driver.seconds:.1f} s")
    failed = sum(total.values()) - sum(passed.values())
    print(f"{sum(passed.values())} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
