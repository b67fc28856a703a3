"""The `ese` command, from outside: output, exit statuses, bad files."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import ese
import pytest

OK, PROBLEMS, USAGE, FAILED = 0, 1, 2, 3
COMMAND = Path(os.environ.get("ESE_COMMAND", Path(ese.__file__).parents[2] / "bin" / "ese"))
PAGE = 4096

pytestmark = pytest.mark.skipif(not COMMAND.is_file(), reason=f"there is no command {COMMAND}: set ESE_COMMAND")

FIXTURES = [
    "small-4k", "types-2k", "types-4k", "types-8k", "types-16k", "types-32k", "deep-4k", "templates-8k",
    "longvalues-32k", "lid64-8k", "oldsum-4k", "win7-4k", "win10-4k",
]  # fmt: skip


def run(*arguments: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run([COMMAND, *arguments], capture_output=True, timeout=timeout)
    assert done.returncode >= 0, f"killed by signal {-done.returncode}: {done.stderr!r}"
    return done


def lines(*arguments: str | Path, status: int = OK) -> list[str]:
    done = run(*arguments)
    assert done.returncode == status, done.stderr.decode()
    return done.stdout.decode().splitlines()


def rows(*arguments: str | Path, status: int = OK) -> list[dict[str, Any]]:
    return [json.loads(line)["row"] for line in lines(*arguments, status=status)]


def refused(*arguments: str | Path, status: int = FAILED) -> str:
    done = run(*arguments)
    assert done.returncode == status, done.stderr.decode()
    return done.stderr.decode()


# ---- help and usage


def test_help_and_version() -> None:
    assert "Usage: ese COMMAND" in run("--help").stdout.decode()
    assert run("--version").stdout.startswith(b"ese ")
    for name in ("info", "tables", "schema", "dump", "check", "pages"):
        shown = run(name, "--help")
        assert shown.returncode == OK
        assert f"Usage: ese {name}" in shown.stdout.decode()
        assert "--quiet" in shown.stdout.decode()
        assert run("help", name).stdout == shown.stdout
        assert run(name, "--version").stdout == run("--version").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["frobnicate"], ["dump"], ["dump", "--nonsense", "FILE"], ["dump", "FILE", "types", "more"],
        ["dump", "--format", "xml", "FILE"], ["dump", "--columns", "Id", "FILE"],
        ["dump", "--all-tables", "FILE", "types"], ["dump", "--indexes", "--format", "csv", "FILE"],
        ["dump", "--limit", "many", "FILE"], ["dump", "--columns", "Nonsense", "FILE", "types"],
        ["dump", "--index", "Nonsense", "FILE", "types"], ["dump", "--from", "word", "FILE", "types"],
        ["dump", "--from", "1", "--from", "2", "FILE", "types"], ["dump", "--from", "1", "FILE", "heap"],
        ["info"], ["check"], ["tables"], ["pages", "--page", "-1", "FILE"], ["schema", "FILE", "types", "more"],
    ],
)  # fmt: skip
def test_wrong_usage_is_said_on_standard_error(databases: Path, arguments: list[str]) -> None:
    done = run(*(str(databases / "types-4k.edb") if word == "FILE" else word for word in arguments))
    assert done.returncode == USAGE
    assert done.stderr
    assert not done.stdout


# ---- info, tables, schema


def test_info(databases: Path) -> None:
    told = "\n".join(lines("info", databases / "types-8k.edb"))
    assert "page size         8192 bytes" in told
    assert "clean shutdown (3)" in told
    assert "dirty shutdown (2)" in "\n".join(lines("info", databases / "dirty-4k.edb"))
    several = lines("info", databases / "types-8k.edb", databases / "types-4k.edb")
    assert sum(line.startswith("file ") for line in several) == 2


def test_tables(databases: Path) -> None:
    path = databases / "types-4k.edb"
    names = lines("tables", path)
    assert names == sorted(names, key=str.lower)
    assert "types" in names
    assert not [name for name in names if name.startswith("MSys")]
    assert "MSysObjects" in lines("tables", "--all", path)
    counted = {line.split()[3]: int(line.split()[0]) for line in lines("tables", "--long", path)[1:]}
    assert counted["notes"] == 60
    assert counted["empty"] == 0


def test_schema(databases: Path) -> None:
    path = databases / "types-4k.edb"
    told = "\n".join(lines("schema", path, "types"))
    assert "index ById (+Id) primary unique" in told
    assert "Text" in told
    (table,) = (json.loads(line) for line in lines("schema", "--json", path, "types"))
    with ese.open(path) as db:
        assert [column["name"] for column in table["columns"]] == [column.name for column in db["types"].columns]
    assert [index["key"] for index in table["indexes"]] == [["+Id"]]
    assert len(lines("schema", "--json", path)) == len(lines("tables", path))
    assert len(lines("schema", "--json", "--all", path)) == len(lines("tables", "--all", path))


# ---- dump


def canonical(line: str) -> Any:
    """As dumped, with numbers that can be written in several ways as one."""

    def fold(value: Any) -> Any:
        if isinstance(value, dict) and "double" in value:
            return {"double": float.fromhex(value["double"]).hex()}
        if isinstance(value, dict):
            return {name: fold(each) for name, each in value.items()}
        return [fold(each) for each in value] if isinstance(value, list) else value

    return fold(json.loads(line))


@pytest.mark.parametrize("name", FIXTURES)
def test_dump_is_the_expected_content(databases: Path, name: str) -> None:
    dumped = lines("dump", "--indexes", databases / f"{name}.edb")
    expected = (databases / f"{name}.expected.jsonl").read_text("ascii").splitlines()
    assert [line for line in map(canonical, dumped) if "row" in line] == [
        line for line in map(canonical, expected) if "row" in line
    ]
    index_lines = {(line["table"], line["index"]): line for line in map(canonical, dumped) if "index" in line}
    for line in map(canonical, expected):
        if "index" in line:
            assert index_lines[line["table"], line["index"]] == line


def test_dump_is_ascii(databases: Path) -> None:
    run("dump", "--all-tables", databases / "types-4k.edb").stdout.decode("ascii")


def test_dump_of_one_table_is_its_part_of_the_whole(databases: Path) -> None:
    path = databases / "types-4k.edb"
    whole = [line for line in lines("dump", path) if line.startswith('{"table":"notes"')]
    assert lines("dump", path, "notes") == whole
    assert lines("dump", path, "NOTES") != []
    assert lines("dump", path, "empty") == []


def test_dump_of_all_tables_has_the_catalog(databases: Path) -> None:
    tables = {json.loads(line)["table"] for line in lines("dump", "--all-tables", databases / "types-4k.edb")}
    assert {"MSysObjects", "MSysObjectsShadow", "types"} <= tables


def test_dump_chooses_columns(databases: Path) -> None:
    path = databases / "deep-4k.edb"
    everything = rows("dump", path, "notes")
    chosen = rows("dump", "--columns", "Id", path, "notes")
    assert chosen == [{"Id": row["Id"]} for row in everything]


def test_dump_follows_an_index_and_a_range(databases: Path) -> None:
    path = databases / "types-4k.edb"
    everything = rows("dump", path, "types")
    ids = [row["Id"] for row in everything]
    low, high = ids[2], ids[5]
    assert [row["Id"] for row in rows("dump", "--from", str(low), "--to", str(high), path, "types")] == ids[2:6]
    assert [row["Id"] for row in rows("dump", "--from", str(low), path, "types")] == ids[2:]
    assert [row["Id"] for row in rows("dump", "--to", str(high), path, "types")] == ids[:6]
    assert [row["Id"] for row in rows("dump", "--limit", "3", path, "types")] == ids[:3]
    assert rows("dump", "--from", str(high), "--to", str(low), path, "types") == []
    with ese.open(path) as db:
        index = next(index for index in db["notes"].indexes if not index.primary)
        count = len(list(db["notes"].index(index.name)))
    assert len(rows("dump", "--index", index.name, path, "notes")) == count


def test_dump_csv(databases: Path) -> None:
    path = databases / "types-4k.edb"
    text = run("dump", "--format", "csv", path, "notes").stdout.decode()
    head, *table = csv.reader(io.StringIO(text, newline=""))
    expected = rows("dump", path, "notes")
    assert len(table) == len(expected)
    numbers = [row.get("Id") for row in expected]
    assert [row[head.index("Id")] for row in table] == ["" if n is None else str(n) for n in numbers]
    several = run("dump", "--format", "csv", path).stdout.decode()
    assert "[notes]\r\n" in several


def test_dump_table_for_people(databases: Path) -> None:
    shown = lines("dump", "--format", "table", databases / "types-4k.edb", "notes")
    assert len(shown) == 2 + 60
    assert set(shown[1]) <= {"-", " "}
    assert max(map(len, shown[1].split())) <= 40


def test_dump_does_not_touch_the_file(databases: Path, tmp_path: Path) -> None:
    path = tmp_path / "file.edb"
    shutil.copy(databases / "types-4k.edb", path)
    path.chmod(0o444)
    before = path.read_bytes(), path.stat().st_mtime_ns
    for command in (["dump"], ["info"], ["tables"], ["schema"], ["check"], ["pages"]):
        assert run(*command, path).returncode == OK
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert list(tmp_path.iterdir()) == [path]


def test_dump_ends_quietly_when_nobody_reads_on(databases: Path) -> None:
    with subprocess.Popen(
        [COMMAND, "dump", "--all-tables", databases / "deep-4k.edb"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""


def test_dump_says_that_output_is_full(databases: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full")
    with full.open("wb") as out:
        done = subprocess.run([COMMAND, "dump", databases / "types-4k.edb"], stdout=out, stderr=subprocess.PIPE)
    assert done.returncode == FAILED
    assert b"standard output" in done.stderr


# ---- check and pages


@pytest.mark.parametrize("name", FIXTURES)
def test_check_of_a_sound_database(databases: Path, name: str) -> None:
    told = lines("check", databases / f"{name}.edb")
    assert told[-1].endswith("0 errors, 0 notes")
    assert lines("check", "--quiet", databases / f"{name}.edb") == []


def damage(source: Path, target: Path, at: int, value: bytes = b"lie!") -> Path:
    content = bytearray(source.read_bytes())
    content[at : at + len(value)] = value
    target.write_bytes(content)
    return target


def first_page_of(path: Path, table: str) -> int:
    for line in lines("pages", path):
        if line.endswith(f"  {table}") and " tree " in line:
            return int(line.split()[0])
    raise AssertionError(f"no page of {table}")


def test_check_names_what_is_wrong(databases: Path, tmp_path: Path) -> None:
    sound = databases / "types-4k.edb"
    page = first_page_of(sound, "notes")
    path = damage(sound, tmp_path / "damaged.edb", (page + 1) * PAGE + 2000)
    told = lines("check", path, status=PROBLEMS)
    assert any(f"error: page: page {page}: table notes: " in line for line in told)
    assert any("(JET_errReadVerifyFailure, -1018)" in line for line in told)
    findings = [json.loads(line) for line in lines("check", "--json", path, status=PROBLEMS)]
    assert {"severity": "error", "area": "page", "page": page, "table": "notes"}.items() <= findings[0].items()
    assert findings[-1]["bad"] == 1


def test_check_reports_the_state_of_a_dirty_database(databases: Path) -> None:
    told = lines("check", databases / "dirty-4k.edb")
    assert "not shut down cleanly" in told[0]


def test_pages(databases: Path) -> None:
    path = databases / "types-4k.edb"
    listed = lines("pages", path)[1:]
    assert len(listed) == path.stat().st_size // PAGE - 2
    assert [int(line.split()[0]) for line in listed] == list(range(1, len(listed) + 1))
    assert sum(" bad " in line for line in listed) == 0
    assert not [line for line in listed if line != line.rstrip()]
    page = first_page_of(path, "notes")
    shown = lines("pages", "--page", str(page), path)
    assert shown[0] == f"page {page} at offset 0x{(page + 1) * PAGE:x}"
    assert any(line.startswith("header: ") for line in shown)
    assert any(line.startswith("line 0: ") for line in shown)
    assert "there is no page" in refused("pages", "--page", "999999", path)


# ---- bad files

COMMANDS = ["info", "tables", "schema", "dump", "check", "pages"]


@pytest.mark.parametrize("command", COMMANDS)
def test_files_that_are_no_databases(tmp_path: Path, command: str) -> None:
    contents = {"empty": b"", "short": b"x" * 100, "text": b"no database\n" * 5000, "zeros": bytes(65536)}
    for name, content in contents.items():
        path = tmp_path / name
        path.write_bytes(content)
        told = refused(command, path)
        assert told.startswith(f"ese: {path}: ")
        assert "(JET_err" in told
    assert f"ese: {tmp_path}: " in refused(command, tmp_path)
    assert "(JET_errFileNotFound, -1811)" in refused(command, tmp_path / "absent")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_unreadable_file(databases: Path, tmp_path: Path) -> None:
    path = tmp_path / "secret.edb"
    shutil.copy(databases / "small-4k.edb", path)
    path.chmod(0)
    assert "JET_errFileAccessDenied" in refused("dump", path)


def test_truncated_files(databases: Path, tmp_path: Path) -> None:
    whole = (databases / "small-4k.edb").read_bytes()
    path = tmp_path / "cut.edb"
    for size in (1, 747, PAGE, 2 * PAGE, 5 * PAGE, 20 * PAGE, len(whole) - 1):
        path.write_bytes(whole[:size])
        for command in COMMANDS:
            run(command, path)
        if size > 2 * PAGE:
            assert run("check", path).returncode == PROBLEMS


def test_wrong_page_size_in_both_headers(databases: Path, tmp_path: Path) -> None:
    content = bytearray((databases / "small-4k.edb").read_bytes())
    for header in (0, PAGE):
        content[header + 236 : header + 240] = (8192).to_bytes(4, "little")
    path = tmp_path / "size.edb"
    path.write_bytes(content)
    for command in COMMANDS:
        assert run(command, path).returncode == FAILED


def test_damaged_header_is_read_from_its_shadow(databases: Path, tmp_path: Path) -> None:
    sound = databases / "small-4k.edb"
    path = damage(sound, tmp_path / "header.edb", 300)
    assert lines("dump", path) == lines("dump", sound)
    assert any("error: header: " in line for line in lines("check", path, status=PROBLEMS))
    both = damage(path, tmp_path / "both.edb", PAGE + 300)
    for command in COMMANDS:
        assert run(command, both).returncode == FAILED


def test_dirty_database_needs_the_option(databases: Path) -> None:
    path = databases / "dirty-4k.edb"
    assert "(JET_errDatabaseDirtyShutdown, -550)" in refused("dump", path)
    done = run("dump", "--damaged", path)
    assert done.returncode in (OK, PROBLEMS)
    expected = (databases / "dirty-4k.expected.jsonl").read_text("ascii").splitlines()
    assert [json.loads(line)["row"].keys() for line in done.stdout.decode().splitlines()] == [
        line["row"].keys() for line in map(json.loads, expected) if "row" in line
    ]


def test_damaged_page_is_an_error_or_left_out_and_told(databases: Path, tmp_path: Path) -> None:
    sound = databases / "deep-4k.edb"
    listed = [line for line in lines("pages", sound) if line.endswith("  notes") and "  leaf " in line]
    page = int(listed[len(listed) // 2].split()[0])
    path = damage(sound, tmp_path / "damaged.edb", (page + 1) * PAGE + 2000)
    assert f"page {page}: " in refused("dump", path, "notes")
    done = run("dump", "--damaged", path, "notes")
    assert done.returncode == PROBLEMS
    assert f"ese: {path}: page {page}: ".encode() in done.stderr
    kept, whole = done.stdout.splitlines(), run("dump", sound, "notes").stdout.splitlines()
    assert 0 < len(kept) < len(whole)
    assert set(kept) < set(whole)


def test_other_tables_are_dumped_when_one_is_damaged(databases: Path, tmp_path: Path) -> None:
    sound = databases / "types-4k.edb"
    path = damage(sound, tmp_path / "damaged.edb", (first_page_of(sound, "notes") + 1) * PAGE + 2000)
    done = run("dump", path)
    assert done.returncode == FAILED
    assert {json.loads(line)["table"] for line in done.stdout.splitlines()} >= {"types", "heap"}


def test_no_flipped_byte_makes_the_command_crash(databases: Path, tmp_path: Path) -> None:
    content = (databases / "small-4k.edb").read_bytes()
    path = tmp_path / "flipped.edb"
    chance = random.Random(20)
    for _ in range(40):
        flipped = bytearray(content)
        for _ in range(chance.choice([1, 2, 20])):
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        run("dump", "--damaged", "--all-tables", "--indexes", path)
        run("check", path)
        run("pages", path)
