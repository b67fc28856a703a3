"""What the tests share: the databases of tests/support/edb/fixtures.py, an instance and a session."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import ese
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the fixture databases: $ESE_FIXTURES, or made now."""
    from edb.fixtures import write_fixtures

    made = os.environ.get("ESE_FIXTURES")
    if made:
        return Path(made)
    folder = tmp_path_factory.mktemp("databases")
    write_fixtures(folder)
    return folder


@pytest.fixture
def types(databases: Path) -> Iterator[ese.Database]:
    with ese.open(databases / "types-4k.edb") as db:
        yield db


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[ese.Instance]:
    with ese.Instance("test", directory=tmp_path / "instance", recovery=False) as made:
        yield made


@pytest.fixture
def session(instance: ese.Instance) -> Iterator[ese.Session]:
    with instance.session() as begun:
        yield begun


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ese.Database]:
    """A new database with a table of people."""
    with ese.open(tmp_path / "store.edb", "w") as db:
        db.create_table(
            "people",
            {
                "id": ese.Long(autoincrement=True),
                "name": ese.Text(100, not_null=True),
                "born": ese.DateTime(),
                "visits": ese.Long(default=0),
                "tags": list[str],
                "photo": bytes,
            },
            primary_key="id",
            indexes={"byName": "name", "byTag": ese.Key("tags", ignore_null=True)},
        )
        yield db


@pytest.fixture
def people(store: ese.Database) -> ese.Table:
    return store["people"]
