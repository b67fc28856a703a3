"""Writing while memory is short: an error, nothing half done, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ese
import pytest
from ese import testing

Work = Callable[[ese.Table], object]


def insert_rows(table: ese.Table) -> object:
    return table.insert_many([{"k": k, "s": "x" * k, "b": b"y" * 3000} for k in range(10, 20)])


def upsert_rows(table: ese.Table) -> object:
    return table.upsert_many([(k, "new") for k in range(5)], columns=["k", "s"])


def update_row(table: ese.Table) -> object:
    with table.update(3) as row:
        row["s"] = "changed"
        row.stream("b").write(b"z" * 5000)
    return None


def delete_rows(table: ese.Table) -> object:
    return table.index().delete()


@pytest.mark.parametrize("work", [insert_rows, upsert_rows, update_row, delete_rows])
def test_a_write_that_fails_at_any_allocation_changes_nothing(tmp_path: Path, work: Work) -> None:
    live = testing.live_allocations()
    with ese.open(tmp_path / "faults.edb", "w") as db:
        table = db.create_table("t", {"k": "long", "s": str, "b": bytes}, primary_key="k", indexes={"byS": "s"})
        table.insert_many([{"k": k, "s": f"s{k}", "b": b"b"} for k in range(8)])
        before = list(table.rows(tuples=True))
        n_failures = 0
        while True:
            try:
                with testing.fault("alloc", nth=n_failures + 1):
                    work(table)
                break
            except ese.OutOfMemory:
                n_failures += 1
                assert list(table.rows(tuples=True)) == before, n_failures
                assert db.session.level == 0
        assert list(table.rows(tuples=True)) != before
        assert sorted(row["k"] for row in table.rows(index="byS")) == [row["k"] for row in table]
        assert n_failures > 0
    assert testing.live_allocations() == live


def test_a_database_that_cannot_be_created_leaves_nothing_open(tmp_path: Path) -> None:
    live = testing.live_allocations()
    n_failures = 0
    while True:
        try:
            with testing.fault("alloc", nth=n_failures + 1):
                ese.open(tmp_path / f"new{n_failures}.edb", "w").close()
            break
        except ese.OutOfMemory:
            n_failures += 1
            assert testing.live_allocations() == live
    assert n_failures > 0
