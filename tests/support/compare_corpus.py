#!/usr/bin/env python3
"""Dumps every reference database with a given program and compares with the expected content, record by record.

usage: compare_corpus.py [--only NAME] [--jobs N] [--rows-only] -- DUMP-COMMAND...

DUMP-COMMAND gets the path of a database appended and writes JSON lines. The databases lie in $ESE_SHARED/corpus:
real files with an expected file beside them, and clean sets of their own folder. A file that needs it is dumped with
--damaged. One line and one test per database.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("ESE_SHARED", ROOT.parent / "shared")).resolve() / "corpus"


# Columns whose expected content contradicts the recorded behaviour of the engine or the form of the file itself.
# They are left out of the comparison and must have the content given here, as JSON begins it.
CORRECTIONS = {
    # JetRetrieveColumn gives the default of an absent long column; the expected file has none.
    "default.edb": {
        "LongBinary": '{"hex": "4c6f6e672064656661756c742062696e617279',
        "LongASCII": '"Long default ASCII aaaa',
        "LongUnicode": '"Long default Unicode \\ud83e\\udd8a aaaa',
    },
    # A DateTime is a double, also where there are several; the expected file has the bits of each as an integer.
    "multi.edb": {"DateTime": '[{"double": "-0x1.548f855555555p+16"}, {"double": "0x1.f9ca'},
}


class Case(NamedTuple):
    name: str
    packed: Path
    expected: Path | None
    options: tuple[str, ...] = ()  # of the comparison
    damaged: bool = False


def real_files() -> Iterator[Case]:
    for packed in sorted(CORPUS.glob("*.gz")):
        if packed.name.endswith(".expected.jsonl.gz"):
            continue
        name = packed.name.removesuffix(".gz")
        expected = CORPUS / f"{name}.expected.jsonl.gz"
        yield Case(name, packed, expected if expected.exists() else None, damaged="dirty" in name)


def golden_sets() -> Iterator[Case]:
    for folder in sorted((CORPUS / "golden").glob("clean-*")):
        for packed in sorted(folder.glob("*.edb.gz")):
            stem = packed.name.removesuffix(".edb.gz")
            expected = folder / ("expected.jsonl.gz" if stem == "data" else f"expected-{stem}.jsonl.gz")
            options = ("--no-index",) if "-uni" in folder.name else ()
            yield Case(f"{folder.name}/{stem}", packed, expected, options)


def take_out(lines: Iterable[str], table: str, columns: Iterable[str]) -> tuple[str, dict[str, str]]:
    """The lines without these columns of the table, and the first value found in each, as JSON."""
    kept, taken = [], dict.fromkeys(columns, "null")
    for line in lines:
        entry = json.loads(line)
        if entry["table"] == table and "row" in entry:
            for column in taken:
                value = json.dumps(entry["row"].pop(column, None))
                taken[column] = value if taken[column] == "null" else taken[column]
            line = json.dumps(entry) + "\n"
        kept.append(line)
    return "".join(kept), taken


def correct(case: Case, dump: Path, folder: Path) -> tuple[Path, str]:
    """The expected file to compare with, after CORRECTIONS; and what is wrong with the columns taken out."""
    assert case.expected is not None
    corrections = CORRECTIONS.get(case.name)
    if corrections is None:
        return case.expected, ""
    table = case.name.removesuffix(".edb")
    with gzip.open(case.expected, "rt", encoding="utf-8") as source:
        expected, _ = take_out(source, table, corrections)
    with dump.open(encoding="utf-8") as source:
        actual, taken = take_out(source, table, corrections)
    dump.write_text(actual, encoding="utf-8")
    corrected = folder / "expected.jsonl"
    corrected.write_text(expected, encoding="utf-8")
    wrong = [column for column, begin in corrections.items() if not taken[column].startswith(begin)]
    return corrected, "".join(f"{column}: got {taken[column][:80]}\n" for column in wrong)


def run_case(case: Case, command: list[str], rows_only: bool) -> tuple[Case, str]:
    """The case and what is wrong with it, "" for nothing."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "file.edb")
        with gzip.open(case.packed) as source, database.open("wb") as target:
            shutil.copyfileobj(source, target)
        before = database.read_bytes()
        dump = Path(folder, "dump.jsonl")
        extra = ["--damaged"] if case.damaged else []
        with dump.open("wb") as out:
            done = subprocess.run([*command, *extra, str(database)], stdout=out, stderr=subprocess.PIPE, text=True)
        if done.returncode and not case.damaged:
            return case, f"exit status {done.returncode}: {done.stderr[-2000:]}"
        if database.read_bytes() != before:
            return case, "the file was changed"
        if len(list(Path(folder).iterdir())) != 2:
            return case, "files were left beside the database"
        if case.expected is None:
            return case, "" if dump.stat().st_size else "no output"
        expected, wrong = correct(case, dump, Path(folder))
        if wrong:
            return case, wrong
        compare = [sys.executable, str(CORPUS / "compare.py"), str(expected), str(dump), *case.options]
        compare += ["--rows-only"] if rows_only else []
        compared = subprocess.run(compare, capture_output=True, text=True)
        return case, compared.stdout + compared.stderr if compared.returncode else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="databases whose name contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--rows-only", action="store_true", help="the dump has no index lines")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    cases = [case for case in (*real_files(), *golden_sets()) if options.only in case.name]
    failed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for case, wrong in pool.map(lambda case: run_case(case, options.command, options.rows_only), cases):
            failed += bool(wrong)
            print(f"FAIL {case.name}: {wrong}" if wrong else f"ok   {case.name}", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
