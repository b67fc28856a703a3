"""Extensible Storage Engine databases: SRUDB.dat, WebCacheV01.dat, Windows.edb, ntds.dit and any other .edb file.

import ese
with ese.open("SRUDB.dat") as db:
    for row in db["SruDbIdMapTable"]:
        print(row["IdType"], row["IdBlob"])

with ese.open("people.edb", "c") as db:
    people = db.create_table("people", {"id": ese.Long(autoincrement=True), "name": str}, primary_key="id")
    print(people.insert(name="Ada"))

with ese.dict("store.edb") as d:
    d["answer"] = 42

with ese.open("evidence/ntds.dit", logs="evidence") as db:  # not shut down: read from a copy, up to date
    print(db.recovery)
"""

from __future__ import annotations

from . import errors
from .database import Database
from .database import open_database as open
from .errors import *  # noqa: F403 - every class of that module is public
from .instance import Instance, Session, Transaction
from .rows import Row
from .table import IndexRange, SeekResult, Table, TableIndex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import constants as constants
    from . import testing as testing
    from .ddl import (
        Binary,
        Bit,
        ColumnSpec,
        Currency,
        DateTime,
        Double,
        Guid,
        Key,
        Long,
        LongBinary,
        LongLong,
        LongText,
        Short,
        Single,
        Text,
        UnsignedByte,
        UnsignedLong,
        UnsignedLongLong,
        UnsignedShort,
    )
    from .dicts import Dict, DictRange
    from .dicts import Dict as dict  # noqa: N813 - the simplest door has the simplest name
    from .recovery import RecoveredDatabase, RecoveryOutcome, RecoveryReport, recover, restore
    from .schema import (
        Column,
        ColumnFlags,
        ColumnType,
        Condition,
        DatabaseInfo,
        DatabaseState,
        Index,
        IndexFlags,
        Problem,
        Segment,
        Signature,
        TupleLimits,
    )
    from .streams import LongValue
    from .writing import RowUpdate

__all__ = [
    "Binary",
    "Bit",
    "Column",
    "ColumnFlags",
    "ColumnSpec",
    "ColumnType",
    "Condition",
    "Currency",
    "Database",
    "DatabaseInfo",
    "DatabaseState",
    "DateTime",
    "Dict",
    "DictRange",
    "Double",
    "Guid",
    "Index",
    "IndexFlags",
    "IndexRange",
    "Instance",
    "Key",
    "Long",
    "LongBinary",
    "LongLong",
    "LongText",
    "LongValue",
    "Problem",
    "RecoveredDatabase",
    "RecoveryOutcome",
    "RecoveryReport",
    "Row",
    "RowUpdate",
    "SeekResult",
    "Segment",
    "Session",
    "Short",
    "Signature",
    "Single",
    "Table",
    "TableIndex",
    "Text",
    "Transaction",
    "TupleLimits",
    "UnsignedByte",
    "UnsignedLong",
    "UnsignedLongLong",
    "UnsignedShort",
    "dict",
    "open",
    "recover",
    "restore",
]
__all__ += errors.__all__


_MODULES = ("constants", "testing")
_LATE = {
    "Dict": "dicts",
    "DictRange": "dicts",
    "Key": "ddl",
    "LongValue": "streams",
    "RecoveredDatabase": "recovery",
    "RecoveryOutcome": "recovery",
    "RecoveryReport": "recovery",
    "RowUpdate": "writing",
    "dict": "dicts",
    "recover": "recovery",
    "restore": "recovery",
}
_SPECS = (
    "Binary Bit ColumnSpec Currency DateTime Double Guid Long LongBinary LongLong LongText Short Single Text "
    "UnsignedByte UnsignedLong UnsignedLongLong UnsignedShort"
).split()


def __getattr__(name: str) -> object:
    """What few programs use is loaded when somebody asks for it: descriptions of schemas, writing, and two modules."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name in __all__:
        module = import_module(f".{'ddl' if name in _SPECS else _LATE.get(name, 'schema')}", __name__)
        return getattr(module, "Dict" if name == "dict" else name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
