"""Objects in the wrong order: exceptions and warnings, never a crash, and nothing left behind."""

from __future__ import annotations

import gc
import itertools
import warnings
from pathlib import Path

import ese
import pytest
from ese import _core, testing


def test_everything_is_refused_once_the_database_is_closed(databases: Path) -> None:
    db = ese.open(databases / "types-4k.edb")
    table = db["notes"]
    index = table.index("ByName")
    rows = iter(table)
    next(rows)
    db.close()
    db.close()
    for use in (
        lambda: db["notes"],
        lambda: db.tables,
        lambda: db.info,
        lambda: len(table),
        lambda: table.first(),
        lambda: table.record,
        lambda: list(index),
        lambda: list(table),
        lambda: list(rows),
    ):
        with pytest.raises(ese.UsageError):
            use()


def test_the_end_of_an_instance_closes_all_below_it(databases: Path, tmp_path: Path) -> None:
    instance = ese.Instance("end", directory=tmp_path, recovery=False)
    session = instance.session()
    db = session.open(databases / "types-4k.edb")
    transaction = session.transaction()
    table = db["notes"]
    instance.close()
    assert instance.closed and session.closed and db.closed and transaction.closed
    with pytest.raises(ese.InvalidTableId):
        table.first()


def test_handles_may_die_in_any_order(databases: Path, tmp_path: Path) -> None:
    before = testing.live_allocations()
    for order in itertools.permutations(range(5)):
        instance = _core.create_instance("order")
        instance.set_parameter(34, 0, "off")
        instance.start(0, None)
        session = instance.begin_session()
        database = session.open_database(bytes(databases / "small-4k.edb"), 0, 0)
        transaction = session.begin(0)
        cursor = database.open_cursor("notes")
        handles: list[object] = [instance, session, transaction, database, cursor]
        del instance, session, transaction, database, cursor
        for dying in order:
            handles[dying] = None
    _core.close_orphans()
    assert testing.live_allocations() == before


def test_an_abandoned_loop_leaves_no_cursor(types: ese.Database) -> None:
    list(types["notes"])
    before = testing.live_allocations()
    for row in types["notes"]:
        del row
        break
    gc.collect()
    types.tables  # noqa: B018 - any call closes what was dropped
    assert testing.live_allocations() <= before


def test_rows_outlive_their_database(databases: Path) -> None:
    with ese.open(databases / "types-4k.edb") as db:
        row = next(iter(db["types"]))
    assert row["Long"] == -1000001
    assert dict(row)["Text"] == "Text of row 1"


def test_a_forgotten_database_warns_and_is_closed_later(databases: Path) -> None:
    db = ese.open(databases / "small-4k.edb")
    with pytest.warns(ResourceWarning, match="unclosed <ese.Database"):
        del db
        gc.collect()
    ese.open(databases / "small-4k.edb").close()  # not attached elsewhere any more


def test_a_forgotten_session_warns(instance: ese.Instance) -> None:
    session = instance.session()
    with pytest.warns(ResourceWarning, match="unclosed <ese.Session"):
        del session
        gc.collect()


def test_a_table_needs_no_closing(databases: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with ese.open(databases / "small-4k.edb") as db:
            for _ in range(50):
                db["notes"].first()


def test_closing_while_another_cursor_reads(types: ese.Database) -> None:
    rows = types["types"].rows()
    next(rows)
    types.close()
    with pytest.raises(ese.InvalidTableId):
        for _ in rows:
            pass


def test_out_of_memory_anywhere_leaves_a_usable_process(databases: Path) -> None:
    """The nth allocation fails, for every n until the whole job succeeds."""
    path = databases / "small-4k.edb"
    with ese.open(path) as db:
        expected = [row["Id"] for row in db["notes"]]
    before = testing.live_allocations()
    for nth in itertools.count(1):
        found = []
        with testing.fault("alloc", nth):
            try:
                with ese.open(path) as db:
                    found = [row["Id"] for row in db["notes"]]
            except ese.OutOfMemory:
                pass
        _core.close_orphans()
        assert testing.live_allocations() == before
        if found:
            assert found == expected
            break
