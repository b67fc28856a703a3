"""Long values as files."""

from __future__ import annotations

import io
import random
import shutil
from pathlib import Path

import ese
import pytest

BIG = random.Random(1).randbytes(300_000)


def test_written_in_pieces_and_read_as_a_file(people: ese.Table) -> None:
    with people.new_row() as row:
        row["name"] = "Ada"
        with row.stream("photo") as photo:
            shutil.copyfileobj(io.BytesIO(BIG), photo, 5000)
            assert photo.tell() == photo.size == len(BIG)
    people.goto(row.bookmark)
    with people.stream("photo") as photo:
        assert photo.readable() and photo.seekable() and not photo.writable()
        assert photo.size == len(BIG)
        assert photo.read(10) == BIG[:10]
        assert photo.seek(-5, io.SEEK_END) == len(BIG) - 5
        assert photo.read() == BIG[-5:]
        assert photo.read() == b"" and photo.read(3) == b""
        assert photo.seek(100_000) == 100_000
        buffer = bytearray(1000)
        assert photo.readinto(buffer) == 1000
        assert buffer == BIG[100_000:101_000]
        with pytest.raises(io.UnsupportedOperation):
            photo.write(b"x")
    with pytest.raises(ValueError, match="closed"):
        photo.read()


def test_overwritten_extended_and_cut(people: ese.Table) -> None:
    people.insert(name="Ada", photo=BIG)
    model = bytearray(BIG)
    with people.update(1) as row, row.stream("photo") as photo:
        photo.seek(1000)
        photo.write(b"a" * 5000)
        model[1000:6000] = b"a" * 5000
        photo.seek(len(model) - 10)
        photo.write(b"b" * 20)  # over the end
        model[-10:] = b"b" * 20
        photo.seek(len(model) + 100)
        photo.write(b"c")  # behind it
        model += bytes(100) + b"c"
        assert photo.size == len(model)
    assert people[1]["photo"] == bytes(model)
    with people.update(1) as row, row.stream("photo") as photo:
        photo.seek(5)
        assert photo.truncate() == 5
        assert photo.truncate(8) == 8
    assert people[1]["photo"] == bytes(model[:5]) + bytes(3)
    with people.update(1) as row, row.stream("photo") as photo:
        photo.truncate(0)
    assert people[1]["photo"] in (b"", None)


def test_undone_with_its_update(people: ese.Table) -> None:
    people.insert(name="Ada", photo=BIG)
    with pytest.raises(ZeroDivisionError), people.update(1) as row:
        row.stream("photo").write(b"x" * 10_000)
        raise ZeroDivisionError
    assert people[1]["photo"] == BIG


def test_a_stream_ends_with_its_update(people: ese.Table) -> None:
    people.insert(name="Ada")
    with people.update(1) as row:
        photo = row.stream("photo")
        photo.write(b"x")
    assert photo.closed
    with pytest.raises(ValueError, match="closed"):
        photo.write(b"y")
    assert people[1]["photo"] == b"x"


def test_text_through_the_layers_of_io(store: ese.Database) -> None:
    table = store.create_table("notes", {"n": ese.Long(autoincrement=True), "text": str}, primary_key="n")
    with table.new_row() as row:
        raw = io.BufferedRandom(row.stream("text"))
        with io.TextIOWrapper(raw, "utf-16-le", newline="") as text:
            for i in range(2000):
                print(f"line {i} ü", file=text)
    lines = table[1]["text"].splitlines()
    assert (len(lines), lines[1234]) == (2000, "line 1234 ü")
    table.first()
    with table.stream("text") as stream, io.TextIOWrapper(io.BufferedReader(stream), "utf-16-le") as text:
        assert next(text) == "line 0 ü\n"


def test_one_of_many_values(people: ese.Table) -> None:
    people.insert(name="Ada", tags=["one", "two"])
    people.first()
    with people.stream("tags", value=2) as tag:
        assert tag.read().decode("utf-16-le") == "two"
    with people.stream("photo") as none:
        assert (none.size, none.read()) == (0, b"")


def test_seeks_that_lead_nowhere(people: ese.Table) -> None:
    people.insert(name="Ada", photo=b"abc")
    people.first()
    with people.stream("photo") as photo:
        for offset, whence in ((-1, io.SEEK_SET), (-4, io.SEEK_END), (0, 9)):
            with pytest.raises(ValueError):
                photo.seek(offset, whence)
        assert photo.seek(10) == 10 and photo.read() == b""
    with pytest.raises(ese.ColumnNotFound):
        people.stream("movie")


def test_nothing_is_left_open(tmp_path: Path) -> None:
    before = ese.testing.live_allocations()
    with ese.open(tmp_path / "t.edb", "w") as db:
        table = db.create_table("t", {"n": int, "b": bytes}, primary_key="n")
        table.insert(n=1, b=b"x" * 100)
        table.first()
        table.stream("b")  # forgotten
    assert ese.testing.live_allocations() == before
