"""Files that are no databases, or damaged ones."""

from __future__ import annotations

from pathlib import Path

import ese
import pytest
from ese import testing


def test_not_a_database(tmp_path: Path) -> None:
    contents = {"empty": b"", "short": b"x" * 100, "text": b"no database\n" * 5000, "zeros": bytes(65536)}
    for name, content in contents.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ese.EseError) as caught:
            ese.open(path)
        assert name in str(caught.value)
    with pytest.raises(ese.EseError):
        ese.open(tmp_path)


def test_truncated_database(databases: Path, tmp_path: Path) -> None:
    whole = (databases / "small-4k.edb").read_bytes()
    path = tmp_path / "cut.edb"
    for pages in (1, 2, 3, 5, 20):
        path.write_bytes(whole[: pages * 4096])
        with pytest.raises(ese.EseError):
            with ese.open(path) as db:
                for table in map(db.__getitem__, db):
                    list(table)


def test_dirty_database_says_so_and_can_be_read_all_the_same(databases: Path) -> None:
    path = databases / "dirty-4k.edb"
    with pytest.raises(ese.DatabaseDirtyShutdown) as caught:
        ese.open(path)
    assert isinstance(caught.value, ese.InconsistentError)
    with ese.open(path, damaged=True) as db:
        assert len(list(db["notes"])) == 100
        assert db.info.state is ese.DatabaseState.DIRTY_SHUTDOWN


def test_damaged_page_is_an_error_or_left_out_and_told(databases: Path, tmp_path: Path) -> None:
    content = bytearray((databases / "types-4k.edb").read_bytes())
    with ese.open(databases / "types-4k.edb") as db:
        expected = [row["Text"] for row in db["heap"]]
    at = content.index(b"row 17")
    content[at : at + 6] = b"lie 17"
    path = tmp_path / "damaged.edb"
    path.write_bytes(content)
    with ese.open(path) as db, pytest.raises(ese.CorruptionError) as caught:
        list(db["heap"])
    assert "damaged.edb" in str(caught.value)
    with ese.open(path, damaged=True) as db:
        found = [row["Text"] for row in db["heap"]]
        problems = db.problems
    assert set(found) < set(expected)
    assert problems
    assert problems[0].page == at // 4096 - 1
    assert problems[0].name == caught.value.name
    assert problems[0].text


def test_unreadable_file(databases: Path) -> None:
    with testing.fault("open", repeat=True), pytest.raises(ese.FileAccessDenied):
        ese.open(databases / "small-4k.edb")
    with testing.fault("read", repeat=True), pytest.raises(ese.DiskIO):
        ese.open(databases / "small-4k.edb")
