"""The package as such: constants, names, stubs."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import ese
import pytest
from ese import _core, constants

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ESE_SHARED", ROOT.parent / "shared"))


def test_constants_keep_their_sign_and_width() -> None:
    assert constants.JET_bitObjectSystem == 0x80000000
    assert constants.JET_instanceNil == 2**64 - 1
    assert constants.JET_MovePrevious == -1
    assert constants.JET_errRecordNotFound == -1601
    assert constants.JET_relopGreaterThan == 6
    with pytest.raises(AttributeError):
        constants.JET_nobody  # noqa: B018 - the access is the test


def test_constants_are_those_of_the_header() -> None:
    header = (ROOT / "core/include/esent.h").read_text()
    defined = set(re.findall(r"^#\s*define\s+(JET_(?:bit|err|wrn|param|coltyp|cb)\w+)\s+\S", header, re.MULTILINE))
    assert defined <= set(dir(constants))


def test_constants_are_those_of_the_documentation() -> None:
    table = SHARED / "api/constants.tsv"
    if not table.exists():
        pytest.skip(f"no {table}")
    with table.open() as rows:
        for row in csv.DictReader(rows, delimiter="\t"):
            if row["name"] != "JET_VERSION":
                assert constants.value(row["name"]) & (2**64 - 1) == int(row["value"]) & (2**64 - 1), row["name"]


def test_enumerations_agree_with_the_constants() -> None:
    for column_type in ese.ColumnType:
        name = column_type.name.title().replace("_", "")
        name = {"Single": "IEEESingle", "Double": "IEEEDouble", "Guid": "GUID", "Slv": "SLV"}.get(name, name)
        assert constants.value(f"JET_coltyp{name}") == column_type
    names = {"NotNull": "NotNULL"}
    for kind, flags in (("Column", ese.ColumnFlags), ("Index", ese.IndexFlags)):
        for flag in flags:
            assert flag.name is not None
            title = flag.name.title().replace("_", "")
            assert constants.value(f"JET_bit{kind}{names.get(title, title)}") == flag


def test_everything_public_exists() -> None:
    for name in ese.__all__:
        assert getattr(ese, name) is not None
    with pytest.raises(AttributeError):
        ese.nobody  # noqa: B018 - the access is the test


def test_the_stub_describes_what_is_there() -> None:
    stub = (ROOT / "bindings/python/ese/_core.pyi").read_text()
    described: dict[str, set[str]] = {}
    for name, body in re.findall(r"^class (\w+).*?:\n((?:    .*\n|\n)*)", stub, re.MULTILINE):
        described[name] = set(re.findall(r"def (\w+)", body))
    common = described.pop("_Object")
    for name, methods in described.items():
        proxy = getattr(_core, name)
        there = {method for method in vars(proxy) if not method.startswith("_")} - {"thisown"}
        assert there == methods | (common if name not in ("Reader", "Writer") else set()), name
    for name in re.findall(r"^def (\w+)", stub, re.MULTILINE):
        assert callable(getattr(_core, name))


def test_import_is_lazy() -> None:
    """What a program does not use is not loaded: the import is part of every start."""
    program = f"""
import sys
sys.path[:] = {sys.path!r}
import ese
print(*(name for name in ("uuid", "datetime", "ese.schema", "ese.constants") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def package_folder() -> str:
    return str(Path(ese.__file__).parents[1])


def test_stubs_agree_with_what_is_there() -> None:
    pytest.importorskip("mypy")
    allowed = Path(__file__).with_name("stubtest.allowlist")
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "ese", "--concise", "--allowlist", allowed],
        env=os.environ | {"PYTHONPATH": package_folder()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


SAMPLE = """
from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type
from uuid import UUID

import ese

def look(path: Path) -> dict[str, int]:
    with ese.open(path, damaged=True) as db:
        assert_type(db, ese.Database)
        assert_type(db["people"], ese.Table)
        assert_type(db.problems, tuple[ese.Problem, ...])
        return {name: len(db[name]) for name in db}

def walk(db: ese.Database) -> Iterator[ese.Row]:
    table = db["people"]
    assert_type(table.columns, tuple[ese.Column, ...])
    assert_type(table.column("Id").type, ese.ColumnType)
    assert_type(table.seek("Ada", relation=">="), ese.SeekResult)
    index = table.index("byName")
    assert_type(index.equal(UUID(int=0)), ese.IndexRange)
    yield from table
    yield from reversed(index.range("a", "b"))

def work(instance: ese.Instance) -> None:
    with instance.session() as session, session.dup() as other:
        assert_type(other, ese.Session)
        with other.transaction(read_only=True) as transaction:
            assert_type(transaction, ese.Transaction)

try:
    look(Path("x"))
except ese.RecordNotFound as error:
    assert_type(error.code, int)
    assert_type(error.name, str | None)
except (ese.CorruptionError, KeyError):
    pass
assert_type(ese.constants.JET_coltypLong, int)
"""


def test_a_program_is_checked_strictly_against_the_types(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    sample = tmp_path / "sample.py"
    sample.write_text(SAMPLE)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file",
            os.devnull,
            "--cache-dir",
            str(tmp_path),
            str(sample),
        ],
        env=os.environ | {"MYPYPATH": package_folder()},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
