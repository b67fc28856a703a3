"""`ese import` and `ese compact`, from outside: rows in and out, descriptions, wrong input, what an error leaves."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from test_command import COMMAND, FAILED, OK, USAGE, lines, refused, run

pytestmark = pytest.mark.skipif(not COMMAND.is_file(), reason=f"there is no command {COMMAND}: set ESE_COMMAND")

ROWS = [
    {"id": 3, "name": "Ada", "tags": ["x", "y"], "n": 1.5, "b": {"hex": "00ff"}, "ok": True},
    {"id": 1, "name": "Gräce 🦊 \ud800", "big": 2**64 - 1, "n": -2, "ok": False, "none": None},
    {"id": 2, "tags": ["only"], "b": {"hex": ""}, "name": ""},
]

FIXTURES = [
    "small-4k", "types-2k", "types-4k", "types-8k", "types-16k", "types-32k", "deep-4k", "templates-8k",
    "longvalues-32k", "lid64-8k", "oldsum-4k", "win7-4k", "win10-4k", "many-4k", "cursors-8k",
]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_lines(path: Path, rows: list[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def is_sound(path: Path) -> None:
    done = run("check", path)
    assert (done.returncode, b"0 errors, 0 notes" in done.stdout) == (OK, True), done.stdout.decode()


# ---- import


def test_rows_make_a_database_and_a_table(place: Path) -> None:
    rows = write_lines(place / "rows.jsonl", list(ROWS))
    done = run("import", "--key", "id", "new.edb", "people", rows)
    assert (done.returncode, done.stderr, done.stdout) == (OK, b"people: 3 rows\n", b"")
    types = {
        column["name"]: column["type"] for column in json.loads(lines("schema", "--json", "new.edb")[0])["columns"]
    }
    assert types == {
        "id": "LongLong", "name": "LongText", "tags": "LongText", "n": "Double", "b": "LongBinary", "ok": "Bit",
        "big": "UnsignedLongLong", "none": "LongText",
    }  # fmt: skip
    found = [json.loads(line)["row"] for line in lines("dump", "new.edb", "people")]
    assert [row["id"] for row in found] == [1, 2, 3]
    assert found[0] == {
        "id": 1, "name": ROWS[1]["name"], "big": 2**64 - 1, "n": {"double": "-0x1p+1"}, "ok": False,
    }  # fmt: skip
    assert found[1] == {"id": 2, "name": "", "tags": ["only"], "b": {"hex": ""}}
    is_sound(place / "new.edb")
    assert sorted(entry.name for entry in place.iterdir()) == ["new.edb", "rows.jsonl"]


def test_more_rows_join_those_that_are_there(place: Path) -> None:
    rows = write_lines(place / "rows.jsonl", [{"n": n} for n in range(2500)])
    for _ in range(2):
        assert run("import", "--quiet", "--batch", "700", "new.edb", "t", rows).stderr == b""
    assert len(lines("dump", "new.edb", "t")) == 5000
    is_sound(place / "new.edb")


@pytest.mark.parametrize("name", FIXTURES)
def test_a_dump_comes_back_as_it_was(databases: Path, place: Path, name: str) -> None:
    source = databases / f"{name}.edb"
    page_size = 1024 * int(name.split("-")[1].removesuffix("k")) if name.endswith("k") else 8192
    for table in lines("tables", source):
        if json.loads(lines("schema", "--json", source, table)[0])["table"] == "template":
            continue
        (place / "schema.json").write_text(lines("schema", "--json", source, table)[0] + "\n")
        dumped = lines("dump", source, table)
        (place / "rows.jsonl").write_text("".join(line + "\n" for line in dumped))
        done = run(
            "import", "--schema", "schema.json", "--page-size", str(page_size), "copy.edb", table, "rows.jsonl"
        )  # fmt: skip
        if done.returncode != OK:  # what such a line does not tell, as limits of keys
            assert b"JET_err" in done.stderr or b"column" in done.stderr
            continue
        if any("primary" in str(index) for index in json.loads((place / "schema.json").read_text())["indexes"]):
            assert sorted(lines("dump", "copy.edb", table)) == sorted(dumped)
    is_sound(place / "copy.edb")


def test_csv_and_standard_input(place: Path) -> None:
    text = 'id,name,x\r\n1,"a ""q"", b",\r\n2,,3.5\n3,"two\nlines",-1\n'
    done = subprocess.run(
        [COMMAND, "import", "--format", "csv", "new.edb", "t", "-"], input=text.encode(), capture_output=True
    )
    assert (done.returncode, done.stderr) == (OK, b"t: 3 rows\n")
    found = [json.loads(line)["row"] for line in lines("dump", "new.edb", "t")]
    assert found == [
        {"id": 1, "name": 'a "q", b'}, {"id": 2, "x": {"double": "0x1.cp+1"}},
        {"id": 3, "name": "two\nlines", "x": {"double": "-0x1p+0"}},
    ]  # fmt: skip
    (place / "again.csv").write_text("\n".join(lines("dump", "--format", "csv", "new.edb", "t")) + "\n")
    assert run("import", "new.edb", "again", "again.csv").returncode == OK
    assert lines("dump", "--format", "csv", "new.edb", "again") == lines("dump", "--format", "csv", "new.edb", "t")


def test_dates_of_csv(place: Path) -> None:
    (place / "schema.json").write_text('{"table":"t","columns":[{"name":"d","coltyp":8}],"indexes":[]}\n')
    for text in ("d\n2000-01-02 03:04:05.500\n", "d\n2000-01-02T03:04:05.5\n"):
        (place / "dates.csv").write_text(text)
        assert run("import", "--schema", "schema.json", "new.edb", "t", "dates.csv").returncode == OK
    assert set(lines("dump", "--format", "csv", "new.edb", "t")) == {"d", "2000-01-02 03:04:05.500"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a":1}\n{"a":\n', "line 2: "), ('{"a":1}\n[1]\n', "line 2: a row is an object"),
        ('{"a":{"b":{}}}\n', "line 1: column a: no value"), ('{"a":1} x\n', "something stands behind"),
        ('{"a":"\\q"}\n', "no such escape"), ('{"a":"x\n', "does not end"), ('{"a":01}\n', "line 1: "),
        ("[" * 100 + "\n", "nested too deep"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_said_with_its_line(place: Path, text: str, said: str) -> None:
    (place / "rows.jsonl").write_text(text)
    assert said in refused("import", "new.edb", "t", "rows.jsonl")


def test_rows_that_do_not_fit_are_said_with_line_and_column(place: Path) -> None:
    (place / "schema.json").write_text(
        '{"table":"t","columns":[{"name":"k","coltyp":4},{"name":"s","coltyp":10,"cp":1252,"cbmax":5,"grbit":4}],'
        '"indexes":[{"name":"p","grbit":3,"key":["+k"]}]}\n'
    )
    good = '{"k":1,"s":"a"}\n'
    for bad, said in [
        ('{"k":"x","s":"a"}', "line 2: column k: 'x' is no value of type Long"),
        ('{"k":99999999999,"s":"a"}', "column k"), ('{"k":2,"s":"long text"}', "column s"),
        ('{"k":2,"s":"\\u0424"}', "column s"), ('{"k":1,"s":"a"}', "JET_errKeyDuplicate"), ('{"k":2}', "JET_err"),
        ('{"k":2,"s":"a","t":1}', "no column t"),
    ]:  # fmt: skip
        (place / "rows.jsonl").write_text(good + bad + "\n")
        assert said in refused("import", "--schema", "schema.json", "new.edb", "t", "rows.jsonl")
        assert lines("dump", "new.edb", "t") == []  # the whole batch is undone
    is_sound(place / "new.edb")


@pytest.mark.parametrize(
    "arguments",
    [
        ["import"], ["import", "a", "b"], ["import", "a", "b", "c", "d"], ["import", "--format", "xml", "a", "b", "c"],
        ["import", "--batch", "0", "a", "b", "c"], ["import", "--page-size", "x", "a", "b", "c"],
        ["import", "--damaged", "a", "b", "c"], ["import", "--nonsense", "a", "b", "c"], ["compact"], ["compact", "a"],
        ["compact", "a", "b", "c"],
    ],
)  # fmt: skip
def test_wrong_usage(place: Path, arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (USAGE, b"")
    assert f"ese {arguments[0]}" in done.stderr.decode()
    assert list(place.iterdir()) == []


def test_files_that_are_not_there(place: Path) -> None:
    assert "missing.jsonl" in refused("import", "new.edb", "t", "missing.jsonl")
    write_lines(place / "rows.jsonl", [{"a": 1}])
    assert "missing.json" in refused("import", "--schema", "missing.json", "new.edb", "t", "rows.jsonl")
    assert "JET_err" in refused("import", "--page-size", "5000", "other.edb", "t", "rows.jsonl")
    (place / "no.edb").write_text("no database")
    assert "no.edb" in refused("import", "no.edb", "t", "rows.jsonl")


# ---- compact


@pytest.mark.parametrize("name", FIXTURES)
def test_a_compact_copy_has_the_same_content(databases: Path, place: Path, name: str) -> None:
    source = databases / f"{name}.edb"
    done = run("compact", source, "small.edb")
    assert (done.returncode, done.stdout, done.stderr) == (OK, b"", b"")
    assert lines("dump", "small.edb") == lines("dump", source)
    assert lines("schema", "--json", "small.edb") == lines("schema", "--json", source)
    is_sound(place / "small.edb")


def test_a_compact_copy_is_short(place: Path) -> None:
    write_lines(place / "rows.jsonl", [{"k": k, "v": "x" * 200} for k in range(3000, 0, -1)])
    assert run("import", "--key", "k", "long.edb", "t", "rows.jsonl").returncode == OK
    assert run("compact", "long.edb", "short.edb").returncode == OK
    assert (place / "short.edb").stat().st_size < (place / "long.edb").stat().st_size
    assert lines("dump", "short.edb") == lines("dump", "long.edb")


def test_numbers_stay_and_go_on(place: Path) -> None:
    import ese

    with ese.open("numbers.edb", "w") as db:
        table = db.create_table("t", {"n": ese.Long(autoincrement=True), "s": str}, primary_key="n")
        table.insert_many([{"s": str(i)} for i in range(10)])
        del table[3:6]
        table.insert(n=100, s="mine")
    assert run("compact", "numbers.edb", "copy.edb").returncode == OK
    assert lines("dump", "copy.edb") == lines("dump", "numbers.edb")
    with ese.open("copy.edb", "r+") as db:
        assert db["t"].insert(s="next") == 101


def test_the_target_is_never_overwritten(databases: Path, place: Path) -> None:
    (place / "there.edb").write_text("precious")
    assert "there.edb" in refused("compact", databases / "small-4k.edb", "there.edb")
    assert (place / "there.edb").read_text() == "precious"


def test_a_dirty_database_is_copied_on_request(databases: Path, place: Path) -> None:
    assert "JET_errDatabaseDirtyShutdown" in refused("compact", databases / "dirty-4k.edb", "copy.edb")
    assert not (place / "copy.edb").exists()
    done = run("compact", "--damaged", databases / "dirty-4k.edb", "copy.edb")
    assert done.returncode in (OK, 1)
    is_sound(place / "copy.edb")


def test_help() -> None:
    for name in ("import", "compact"):
        shown = run(name, "--help")
        assert shown.returncode == OK and f"Usage: ese {name}" in shown.stdout.decode()
    assert FAILED == 3
