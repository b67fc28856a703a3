"""Real databases, every record and index entry, through the Python module."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from compare_corpus import CORPUS, Case, golden_sets, real_files, run_case

CASES = [*real_files(), *golden_sets()] if CORPUS.is_dir() else []


@pytest.mark.skipif(not CASES, reason=f"no databases in {CORPUS}")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_dump_is_as_expected(case: Case) -> None:
    dump = str(Path(__file__).with_name("dump.py"))
    _, wrong = run_case(case, [sys.executable, dump, "--all-tables"], rows_only=False)
    assert wrong == ""
