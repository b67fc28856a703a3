"""Extensible Storage Engine databases: SRUDB.dat, WebCacheV01.dat, Windows.edb, ntds.dit and any other .edb file.

import ese
with ese.open("SRUDB.dat") as db:
    for row in db["SruDbIdMapTable"]:
        print(row["IdType"], row["IdBlob"])
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

__all__ = [
    "Column",
    "ColumnFlags",
    "ColumnType",
    "Condition",
    "Database",
    "DatabaseInfo",
    "DatabaseState",
    "Index",
    "IndexFlags",
    "IndexRange",
    "Instance",
    "Problem",
    "Row",
    "SeekResult",
    "Segment",
    "Session",
    "Signature",
    "Table",
    "TableIndex",
    "Transaction",
    "TupleLimits",
    "open",
]
__all__ += errors.__all__


_MODULES = ("constants", "testing")


def __getattr__(name: str) -> object:
    """What few programs use is loaded when somebody asks for it: descriptions of schemas, and two modules."""
    if name in _MODULES:
        from importlib import import_module

        return import_module(f".{name}", __name__)
    if name in __all__:
        from . import schema

        return getattr(schema, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
