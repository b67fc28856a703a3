"""`ese repair`, from outside: what comes back of damaged databases, and what is told about the rest."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import ese
import pytest
from test_command import COMMAND, FAILED, OK, PAGE, PROBLEMS, USAGE, damage, first_page_of, lines, refused, run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from edb.checksum import seal
from recover_golden import CORPUS, unpack

pytestmark = pytest.mark.skipif(not COMMAND.is_file(), reason=f"there is no command {COMMAND}: set ESE_COMMAND")

GOLDEN = Path(os.environ.get("ESE_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "corpus" / "golden"
SOUND = ["small-4k", "types-2k", "types-8k", "types-32k", "deep-4k", "templates-8k", "longvalues-32k", "many-4k"]


def repair(source: Path, status: int = PROBLEMS) -> tuple[Path, dict[str, Any], str]:
    """The new database, the report, and what was told on standard error."""
    target = source.with_name("repaired.edb")
    target.unlink(missing_ok=True)
    done = run("repair", "--json", "--to", target, source)
    told = done.stderr.decode()
    assert done.returncode == status, told
    checked = run("check", target)
    assert checked.returncode == OK, checked.stdout.decode()
    return target, json.loads(done.stdout), told


def table_of(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(table for table in report["tables"] if table["name"] == name)


def spoil(path: Path, pages: list[int], page_size: int = PAGE) -> None:
    content = bytearray(path.read_bytes())
    for page in pages:
        content[(page + 2) * page_size - 100 : (page + 2) * page_size - 96] = b"lie!"
    path.write_bytes(content)


def pages_of(path: Path, owner: str, *words: str) -> list[int]:
    listed = [line for line in lines("pages", path) if line.endswith(f"  {owner}")]
    return [int(line.split()[0]) for line in listed if all(f" {word} " in line for word in words)]


def copy(source: Path, tmp_path: Path) -> Path:
    path = tmp_path / "damaged.edb"
    path.write_bytes(source.read_bytes())
    return path


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_database_loses_nothing(databases: Path, tmp_path: Path, name: str) -> None:
    path = copy(databases / f"{name}.edb", tmp_path)
    target, report, told = repair(path, OK)
    assert told == ""
    assert lines("dump", target) == lines("dump", path)
    assert [table["lost"] for table in report["tables"]] == [False] * len(report["tables"])
    assert path.read_bytes() == (databases / f"{name}.edb").read_bytes()


def test_the_copy_lies_beside_the_database_unless_told(databases: Path, tmp_path: Path) -> None:
    path = copy(databases / "small-4k.edb", tmp_path)
    shown = lines("repair", path)
    assert shown[-1].endswith("3 tables, 3 of them as far as is known complete, 20 rows")
    assert lines("dump", f"{path}.repaired") == lines("dump", path)
    assert "damaged.edb.repaired" in refused("repair", path)
    assert run("repair", "--quiet", "--to", tmp_path / "other.edb", path).stdout == b""


def test_leaf_pages_are_left_out_and_their_rows_counted(databases: Path, tmp_path: Path) -> None:
    path = copy(databases / "deep-4k.edb", tmp_path)
    leaves = pages_of(path, "notes", "leaf")[10:13]
    spoil(path, leaves)
    target, report, told = repair(path)
    notes = table_of(report, "notes")
    assert notes["pagesUnreadable"] == 3
    assert [f"page {page}: " in told for page in leaves] == [True] * 3
    whole = run("dump", databases / "deep-4k.edb", "notes").stdout.splitlines()
    kept = run("dump", target, "notes").stdout.splitlines()
    assert set(kept) < set(whole)
    assert (notes["rows"], notes["rowsMissing"]) == (len(kept), len(whole) - len(kept))
    assert lines("dump", target, "heap") == lines("dump", databases / "deep-4k.edb", "heap")


@pytest.mark.parametrize("pages", [[4], [24], [13], [27], [2, 3, 5, 6]])
def test_catalog_and_space_come_from_what_is_left(databases: Path, tmp_path: Path, pages: list[int]) -> None:
    path = copy(databases / "deep-4k.edb", tmp_path)
    spoil(path, pages)
    done = run("repair", "--json", "--to", tmp_path / "repaired.edb", path)
    assert done.returncode in (OK, PROBLEMS)
    assert lines("dump", tmp_path / "repaired.edb") == lines("dump", databases / "deep-4k.edb")


@pytest.mark.parametrize("table", ["notes", "heap", "narrow"])
def test_a_table_without_its_root_is_read_from_its_leaves(databases: Path, tmp_path: Path, table: str) -> None:
    path = copy(databases / "deep-4k.edb", tmp_path)
    spoil(path, [first_page_of(path, table)])
    target, report, told = repair(path)
    assert lines("dump", target) == lines("dump", databases / "deep-4k.edb")
    assert [t["name"] for t in report["tables"] if t["fromLeaves"]] == [table]
    assert f"table {table}: put together anew from" in told
    assert sorted(p.name for p in tmp_path.iterdir()) == ["damaged.edb", "repaired.edb"]


def test_tables_are_found_when_both_catalogs_lost_their_roots(databases: Path, tmp_path: Path) -> None:
    path = copy(databases / "deep-4k.edb", tmp_path)
    spoil(path, [4, 24, first_page_of(path, "notes")])
    leaves = pages_of(databases / "deep-4k.edb", "notes", "leaf")[10:13]
    spoil(path, leaves)
    target, report, _ = repair(path)
    notes = table_of(report, "notes")
    whole = run("dump", databases / "deep-4k.edb", "notes").stdout.splitlines()
    kept = run("dump", target, "notes").stdout.splitlines()
    assert set(kept) < set(whole)
    assert (notes["rows"], notes["rowsMissing"]) == (len(kept), len(whole) - len(kept))


def test_the_shadow_stands_in_for_the_header_and_pages_for_both(databases: Path, tmp_path: Path) -> None:
    path = damage(databases / "types-8k.edb", tmp_path / "damaged.edb", 300)
    target, report, _ = repair(path, OK)
    assert report["headerReadable"] is True
    path = damage(path, path, 8192 + 300)
    target, report, told = repair(path)
    assert (report["headerReadable"], "the header cannot be read" in told) == (False, True)
    assert lines("dump", target) == lines("dump", databases / "types-8k.edb")


def test_values_are_cut_where_a_page_is_missing(databases: Path, tmp_path: Path) -> None:
    path = copy(databases / "longvalues-32k.edb", tmp_path)
    spoil(path, pages_of(path, "long, long values", "leaf")[3:6:2], 32768)
    target, report, _ = repair(path)
    table = table_of(report, "long")
    assert table["rows"] == 10
    assert table["valuesCut"] > 0
    found = {json.dumps(row["id"]) if "id" in row else str(n): row for n, row in enumerate(rows_of(target, "long"))}
    whole = rows_of(databases / "longvalues-32k.edb", "long")
    n_shorter = 0
    for kept, sound in zip(found.values(), whole):
        for name, value in sound.items():
            if kept.get(name) != value:
                n_shorter += 1
                assert is_beginning(kept.get(name), value), name
    assert n_shorter == table["valuesCut"] + table["valuesLost"]


def rows_of(path: Path, table: str) -> list[dict[str, Any]]:
    return [json.loads(line)["row"] for line in lines("dump", path, table)]


def is_beginning(part: Any, whole: Any) -> bool:
    """Of a value that was cut: the text, the bytes, or each value of several begins as it did."""
    if part is None:
        return True
    if isinstance(whole, dict):
        return bool(whole["hex"].startswith(part["hex"]))
    if isinstance(whole, list):
        return len(part) <= len(whole) and all(map(is_beginning, part, whole))
    return bool(whole.startswith(part))


def make_numbers(path: Path) -> None:
    """Rows whose numbers are easily found in the file."""
    with ese.open(path, "w", page_size=PAGE) as db:
        table = db.create_table(
            "t", {"id": ese.Long(), "n": ese.Long()}, primary_key="id", indexes={"byN": ese.Key("n", unique=True)}
        )
        table.insert_many([{"id": 0x11110000 + i, "n": 0x22220000 + i} for i in range(50)])


def change_value(path: Path, old: int, new: int) -> None:
    """Puts another value in a record, with a right checksum: key and record contradict each other now."""
    content = bytearray(path.read_bytes())
    at = content.index(struct.pack("<I", old))
    assert content.count(struct.pack("<I", old)) == 1
    content[at : at + 4] = struct.pack("<I", new)
    page = at // PAGE
    sealed = bytearray(content[page * PAGE : (page + 1) * PAGE])
    seal(sealed, page - 1)
    content[page * PAGE : (page + 1) * PAGE] = sealed
    path.write_bytes(content)


def test_a_second_row_with_the_same_key_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "numbers.edb"
    make_numbers(path)
    change_value(path, 0x11110007, 0x11110009)
    target, report, _ = repair(path)
    table = table_of(report, "t")
    assert (table["rows"], table["rowsRefused"], table["rowsDuplicate"]) == (49, 1, 1)
    assert "Duplicate" in table["text"] or "duplicate" in table["text"] or table["text"]
    with ese.open(target) as db:
        assert len(list(db["t"])) == 49


def test_an_index_that_cannot_be_unique_any_more_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "numbers.edb"
    make_numbers(path)
    change_value(path, 0x22220007, 0x22220009)
    target, report, _ = repair(path)
    table = table_of(report, "t")
    assert (table["rows"], table["rowsRefused"]) == (50, 0)
    assert (table["indexesRebuilt"], table["indexesNotUnique"]) == (1, 1)
    with ese.open(target) as db:
        assert not next(index for index in db["t"].indexes if index.name == "byN").unique


def test_a_dirty_database_is_read_without_its_logs(databases: Path, tmp_path: Path) -> None:
    path = copy(databases / "dirty-4k.edb", tmp_path)
    target, report, told = repair(path)
    assert report["dirty"] is True
    assert "was not shut down cleanly and needs the logs of generations 1 to 1" in told
    assert '"ese recover" loses nothing' in told
    assert lines("dump", target) == run("dump", "--damaged", path).stdout.decode().splitlines()


CRASHED = ["crash-04k-durable", "crash-04k-open", "crash-08k-ddl", "crash-32k-spill", "crash-04k-merge"]


@pytest.mark.parametrize("name", CRASHED)
def test_crashed_databases_without_logs(tmp_path: Path, name: str) -> None:
    source = GOLDEN / name
    if not source.is_dir():
        pytest.skip(f"there is no {source}")
    path = tmp_path / "data.edb"
    path.write_bytes(gzip.decompress((source / "data.edb.gz").read_bytes()))
    expected = gzip.decompress((source / "expected.jsonl.gz").read_bytes()).decode().splitlines()
    tables = {row["table"] for row in map(json.loads, expected) if "row" in row}
    _, report, _ = repair(path)
    kept = {table["name"]: table["rows"] for table in report["tables"]}
    assert sum(kept.values()) > 0
    assert len(tables & kept.keys()) * 2 >= len(tables)


def test_wrong_use(databases: Path, tmp_path: Path) -> None:
    assert run("repair").returncode == USAGE
    assert run("repair", "a", "b").returncode == USAGE
    assert run("repair", "--nonsense", "a").returncode == USAGE
    assert "nowhere.edb" in refused("repair", tmp_path / "nowhere.edb")
    (tmp_path / "text").write_text("no database " * 4096)
    assert run("repair", tmp_path / "text").returncode == FAILED
    assert not (tmp_path / "text.repaired").exists()
    (tmp_path / "there.edb").write_text("precious")
    assert "there.edb" in refused("repair", "--to", tmp_path / "there.edb", databases / "small-4k.edb")
    assert (tmp_path / "there.edb").read_text() == "precious"
    assert "--to COPY" in run("repair", "--help").stdout.decode()


def test_no_damage_makes_it_crash(databases: Path, tmp_path: Path) -> None:
    content = (databases / "small-4k.edb").read_bytes()
    path, target = tmp_path / "flipped.edb", tmp_path / "repaired.edb"
    chance = random.Random(26)
    for number in range(60):
        flipped = bytearray(content)
        for _ in range(chance.choice([1, 5, 50])):
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        if number % 2:  # the checksums are right: what is damaged is believed
            for page in range(2, len(flipped) // PAGE):
                sealed = flipped[page * PAGE : (page + 1) * PAGE]
                if any(sealed):
                    seal(sealed, page - 1)
                    flipped[page * PAGE : (page + 1) * PAGE] = sealed
        path.write_bytes(flipped)
        target.unlink(missing_ok=True)
        if run("repair", "--quiet", "--to", target, path).returncode != FAILED:
            assert run("check", target).returncode == OK


def test_memory_is_bounded(databases: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'ulimit -v 1000000; exec "$0" "$@"', COMMAND, "repair", "--quiet", "--to", tmp_path / "r.edb",
         databases / "longvalues-32k.edb"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == OK, done.stderr.decode()


def test_the_first_page_of_a_table_is_gone(databases: Path, tmp_path: Path) -> None:
    path = copy(databases / "types-4k.edb", tmp_path)
    spoil(path, [first_page_of(path, "notes")])
    _, report, _ = repair(path)
    notes = table_of(report, "notes")
    assert notes["rows"] + notes["rowsMissing"] == 60
    assert table_of(report, "types")["rows"] == 22


def test_what_cannot_be_repaired_is_told_at_once(databases: Path, tmp_path: Path) -> None:
    source, there = databases / "small-4k.edb", tmp_path / "there"
    there.write_bytes(b"mine")
    for arguments, told in (
        ([tmp_path / "nowhere"], "cannot open: No such file"),
        ([tmp_path], "not a regular file"),
        (["--to", there, source], "there is such a file"),
        ([there], "not a database"),
    ):
        done = subprocess.run([COMMAND, "repair", *arguments], capture_output=True, timeout=60)
        assert done.returncode == FAILED
        assert told in done.stderr.decode()
        assert (b"the header cannot be read" in done.stderr) == (arguments == [there])
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert there.read_bytes() == b"mine"


@pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no databases in {CORPUS}")
def test_messages_name_no_file_that_is_gone(tmp_path: Path) -> None:
    folder = unpack("dmg-no-logs", tmp_path / "set")
    done = subprocess.run([COMMAND, "repair", folder / "data.edb"], capture_output=True, timeout=60)
    assert done.returncode == PROBLEMS
    assert b"put together anew" in done.stderr
    assert b".mended" not in done.stdout + done.stderr


@pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no databases in {CORPUS}")
@pytest.mark.parametrize("command", ["repair", "compact --damaged"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_interrupted_leaves_nothing_behind(tmp_path: Path, command: str, number: signal.Signals) -> None:
    source = unpack("dmg-no-logs", tmp_path / "set") / "data.edb"
    out = tmp_path / "out"
    out.mkdir()
    target = ["--to", out / "made.edb", source] if command == "repair" else [source, out / "made.edb"]
    null = subprocess.DEVNULL
    for _ in range(50):  # it may be done before the signal comes
        with subprocess.Popen([COMMAND, *command.split(), *target], stdout=null, stderr=null) as running:
            while running.poll() is None and not list(out.iterdir()):
                pass
            running.send_signal(number)
        assert running.returncode in (PROBLEMS, -number)
        if running.returncode == -number and not list(out.iterdir()):
            break
        assert running.returncode == PROBLEMS
        (out / "made.edb").unlink()
    assert running.returncode == -number
