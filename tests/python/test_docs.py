"""The documentation is true: its Python, Lua and shell blocks run, and every name in it exists."""

from __future__ import annotations

import builtins
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import ese
import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(ese._core.__file__).parents[2]  # beside python/ese lie lua/ and bin/

# A database of which the process died; its log is beside it.
CRASH = """
import os, ese
os.mkdir("evidence")
db = ese.open("evidence/ntds.dit", "c", log="evidence")
db.create_table("people", {"name": str}, primary_key="name").insert(name="Ada")
os._exit(0)
"""

PEOPLE = [("Ada", "Countess"), ("Adam", "Ries"), ("Babbage", "Charles"), ("Lovelace", "Ada")]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an SRUDB.dat in which everything is that the documentation names."""
    from edb import Column, ColumnType, Database, Index, IndexOption

    database = Database()
    database.table(
        "SruDbIdMapTable",
        [
            Column("IdType", ColumnType.UNSIGNED_BYTE),
            Column("IdIndex", ColumnType.LONG),
            Column("IdBlob", ColumnType.LONG_BINARY),
        ],
        [Index("byIndex", ["+IdIndex"], IndexOption.PRIMARY)],
        [{"IdType": 0, "IdIndex": n, "IdBlob": f"app {n}".encode("utf-16-le")} for n in range(3)],
    )
    database.table(
        "people",
        [Column("last", ColumnType.TEXT), Column("first", ColumnType.TEXT)],
        [Index("byName", ["+last", "+first"], IndexOption.PRIMARY)],
        [{"last": last, "first": first} for last, first in PEOPLE],
    )
    database.write(tmp_path / "SRUDB.dat")
    monkeypatch.chdir(tmp_path)
    subprocess.run([sys.executable, "-c", CRASH], check=True)
    return tmp_path


def blocks(document: str, language: str) -> list[Any]:
    text = (ROOT / document).read_text()
    found = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, f"{document} has no {language}"
    return [pytest.param(block, id=f"{document}-{i}") for i, block in enumerate(found, 1)]


@pytest.mark.parametrize("block", blocks("README.md", "python") + blocks("docs/python.md", "python"))
def test_python_blocks_run(place: Path, block: str) -> None:
    with ese.open("SRUDB.dat") as db:
        exec(compile(block, "block", "exec"), {"ese": ese, "db": db, "table": db["people"]})


@pytest.mark.parametrize("block", blocks("README.md", "lua") + blocks("docs/lua.md", "lua"))
def test_lua_blocks_run_and_print_what_they_say(place: Path, block: str) -> None:
    lua = shutil.which("lua5.4")
    if lua is None or not (BUILD / "lua/ese.lua").exists():
        pytest.skip("no Lua module beside this Python module")
    program = f'local ese = require "ese"\nlocal db <close> = ese.open "SRUDB.dat"\ndo\n{block.replace("…", "")}\nend\n'
    paths = {"LUA_PATH": f"{BUILD}/lua/?.lua;;", "LUA_CPATH": f"{BUILD}/lua/?.so;;"}
    done = subprocess.run(
        [lua, "-"], input=program, env=os.environ | paths, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    for promised in re.findall(r"--> (.*)", block):
        assert promised.split() in [line.split() for line in done.stdout.splitlines()]


def test_commands_of_the_readme_run(place: Path) -> None:
    if not (BUILD / "bin/ese").exists():
        pytest.skip("no command beside this Python module")
    commands = re.findall(r"^\$ (ese .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        path = f"{BUILD}/bin:{os.environ['PATH']}"
        done = subprocess.run(["sh", "-c", command], env=os.environ | {"PATH": path}, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), command
        assert done.stdout


def test_every_name_in_the_documentation_of_python_exists() -> None:
    text = (ROOT / "docs/python.md").read_text()
    owners = {
        "ese": ese,
        "db": ese.Database,
        "table": ese.Table,
        "index": ese.TableIndex,
        "session": ese.Session,
        "instance": ese.Instance,
        "testing": ese.testing,
    }
    named = re.findall(rf"\b({'|'.join(owners)})\.([a-z_]\w*)", text)
    assert len(named) >= 40
    for owner, name in named:
        assert hasattr(owners[owner], name), f"{owner}.{name}"
    for name in re.findall(r"`([A-Z]\w*[a-z]\w*)`", text):
        assert hasattr(ese, name) or hasattr(builtins, name) or name.startswith(("Jet", "JET")), name


def test_every_exception_in_the_documentation_exists() -> None:
    (tree,) = re.findall(r"^```\n(EseError .*?)^```", (ROOT / "docs/python.md").read_text(), re.MULTILINE | re.DOTALL)
    for name in re.findall(r"[A-Z]\w+", tree):
        assert issubclass(getattr(ese, name), ese.EseError)


def test_values_are_documented_for_every_type_of_column() -> None:
    text = (ROOT / "docs/python.md").read_text().lower()
    for column_type in ese.ColumnType:
        if column_type not in (ese.ColumnType.NIL, ese.ColumnType.SLV):
            assert column_type.name.replace("_", "").lower() in text, column_type
