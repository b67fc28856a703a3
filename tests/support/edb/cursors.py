"""Small tables whose every entry a test of cursors knows: moves, seeks, ranges, bookmarks, indexes, filters, columns.

Each function adds the table of its name.  Bytes of long values follow `pattern`, which C tests know too.
"""

from typing import Any

from .db import Database
from .schema import Column, ColumnFlag, ColumnType, Index, IndexOption, Separate, TupleLimits

T, F, X = ColumnType, ColumnFlag, IndexOption
UNICODE = 1200
BY_ID = Index("pk", ["+id"], X.PRIMARY)


def pattern(size: int) -> bytes:
    """Bytes that differ from one chunk of a long value to the next."""
    return bytes((7 * at + at // 251) % 256 for at in range(size))


def numbers(*names: str) -> list[Column]:
    return [Column(name, T.LONG) for name in names]


def move(database: Database) -> None:
    indexes = [BY_ID, Index("byn", ["+n"]), Index("down", ["-n", "+id"])]
    database.table("move", numbers("id", "n"), indexes, [{"id": i, "n": i // 5} for i in range(1, 21)])
    database.table("arrival", numbers("x"), rows=[{"x": x} for x in (5, 4, 3, 2, 1)])
    database.table("empty", numbers("id"), [BY_ID])


def seek(database: Database) -> None:
    """Four groups of three, and a row without a group; the second table has one more row, alone in its group."""
    indexes = [
        BY_ID,
        Index("byn", ["+n"]),
        Index("down", ["-n"]),
        Index("both", ["+n", "+id"], X.UNIQUE),
    ]
    rows: list[dict[str, Any]] = [{"id": i * 10, "n": (i - 1) // 3 * 100} for i in range(1, 13)]
    rows.append({"id": 999})
    database.table("seek", numbers("id", "n"), indexes, rows)
    database.table("seek-more", numbers("id", "n"), indexes, [*rows, {"id": 1000, "n": 555}])


def ranges(database: Database) -> None:
    rows = [{"id": i * 2, "n": i // 4} for i in range(1, 16)]
    database.table("range", numbers("id", "n"), [BY_ID, Index("byn", ["-n"])], rows)


def bookmarks(database: Database) -> None:
    database.table(
        "bookmark",
        [*numbers("id", "n"), Column("s", T.TEXT, size=100)],
        [BY_ID, Index("byn", ["+n"]), Index("uniq", ["-s"], X.UNIQUE)],
        [{"id": i, "n": i // 3, "s": f"string {i}"} for i in range(1, 9)],
    )
    database.table("numbered", numbers("x"), rows=[{"x": x} for x in range(300)])


def prefixes(database: Database) -> None:
    """Every name in three groups, and rows that lack the group, the name or both."""
    names = ["ann", "Anna", "ANNABEL", "anne", "bob", "Bobby", "bo", "a", "", "zoe", "anm", "ano", "ann "]
    rows: list[dict[str, Any]] = [{"n": n, "s": name} for n in (1, 2, 3) for name in names]
    rows += [{}, {"n": 1}, {"n": 2, "s": "ann"}]
    database.table(
        "prefix",
        [*numbers("id", "n"), Column("s", T.TEXT, size=60)],
        [
            BY_ID,
            Index("ns", ["+n", "+s"]),
            Index("nsd", ["-n", "-s"]),
            Index("mix", ["+n", "-s"]),
            Index("s", ["+s"]),
            Index("sd", ["-s"]),
            Index("sn", ["+s", "+n"]),
        ],
        [{"id": number, **row} for number, row in enumerate(rows)],
    )


def intersections(database: Database) -> None:
    database.table(
        "intersect",
        [*numbers("id", "a", "b"), Column("c", T.LONG, flags=F.MULTI_VALUED)],
        [BY_ID, Index("ia", ["+a"]), Index("ib", ["+b"]), Index("ic", ["+c"])],
        [{"id": i, "a": i % 7, "b": i % 5, "c": [i % 4, i % 3 + 10]} for i in range(60)],
    )


def index_choice(database: Database) -> None:
    """Two values of one column in each row, and a column that every second row lacks."""
    database.table(
        "index",
        [*numbers("id", "n"), Column("mv", T.LONG, flags=F.MULTI_VALUED), Column("sparse", T.LONG)],
        [BY_ID, Index("byn", ["-n"]), Index("bymv", ["+mv"]), Index("sparse", ["+sparse"], X.IGNORE_NULL)],
        [
            {"id": i, "n": i % 3, "mv": [i * 10, i * 1000], **({"sparse": i} if i % 2 else {})}
            for i in range(1, 7)
        ],
    )  # fmt: skip


def filters(database: Database) -> None:
    database.table(
        "filter",
        [*numbers("id", "n"), Column("s", T.TEXT, size=20)],
        [BY_ID, Index("byn", ["+n"])],
        [
            {"id": i, "s": "odd" if i % 2 else "even", **({"n": i % 6} if i % 5 != 4 else {})}
            for i in range(20)
        ],
    )  # fmt: skip


def tuples(database: Database) -> None:
    texts = ["abcdefgh", "Hello World", "ab", "a", "", "aaaaaa", "The quick brown fox jumps"]
    rows: list[dict[str, Any]] = [{"id": number, "s": value} for number, value in enumerate(texts)]
    database.table(
        "tuple",
        [*numbers("id"), Column("s", T.TEXT, size=200)],
        [BY_ID, Index("pieces", ["+s"], tuples=TupleLimits(shortest=3, longest=5, most=20))],
        [*rows, {"id": 7}],
    )


def enumeration(database: Database) -> None:
    """One row: plain, defaulted, multi-valued, separated and null columns; behind it an empty one."""
    columns = [
        Column("a", T.LONG),
        Column("b", T.TEXT, size=30),
        Column("d", T.TEXT, size=30, default="dflt"),
        Column("m", T.TEXT, size=30, flags=F.MULTI_VALUED),
        Column("lv", T.LONG_BINARY),
        Column("q", T.TEXT, size=30, tagged=True, default="tagdef"),
        Column("nul", T.TEXT, size=30),
    ]
    row = {"a": 0x41424344, "b": "bee", "m": ["m one", "", "m three"], "lv": b"L" * 9000, "nul": None}
    database.table("enumerate", columns, rows=[row, {}])


def from_index(database: Database) -> None:
    """A row with a value of each type that an index entry can give back, and one with nothing but its id."""
    columns = [
        *numbers("id", "n"),
        Column("tx", T.TEXT, size=40),
        Column("lt", T.LONG_TEXT),
        Column("bi", T.BINARY),
        Column("mv", T.LONG, flags=F.MULTI_VALUED),
        Column("gu", T.GUID),
    ]
    indexes = [
        BY_ID,
        Index("in", ["+n"]),
        Index("itx", ["-tx", "+n"]),
        Index("ilt", ["+lt"]),
        Index("ibi", ["+bi"]),
        Index("imv", ["+mv"]),
        Index("igu", ["+gu"]),
    ]
    row = {
        "id": 1000, "n": -5, "tx": "Mixed Case", "lt": "Long Text value", "bi": b"\x01\x02\x00\xff\x80abcdefgh",
        "mv": [7, -7], "gu": "33323130-3534-3736-3839-616263646566",
    }  # fmt: skip
    database.table("from-index", columns, indexes, [row, {"id": 2000}])


def offsets(database: Database) -> None:
    """Values in every kind of storage, to be read in part."""
    columns = [
        Column("a", T.LONG),
        Column("b", T.TEXT, size=50),
        Column("c", T.LONG_TEXT),
        Column("d", T.LONG_BINARY),
        Column("m", T.LONG_BINARY, flags=F.MULTI_VALUED),
        Column("z", T.LONG_TEXT, flags=F.COMPRESSED, code_page=UNICODE),
    ]
    row = {
        "a": 0x01020304, "b": "variable text", "c": "a short long text", "d": pattern(20000),
        "m": [b"first", pattern(5000), b""], "z": "zipped " * 3000,
    }  # fmt: skip
    database.table("offsets", columns, rows=[row])


def sizes(database: Database) -> None:
    """Each row has one more column than the one before; then long values of several sizes."""
    columns = [
        Column("a", T.LONG),
        Column("f", T.TEXT, size=10, fixed=True),
        Column("b", T.TEXT, size=60),
        Column("m", T.TEXT, size=60, flags=F.MULTI_VALUED),
        Column("lv", T.LONG_BINARY),
        Column("cz", T.LONG_TEXT, flags=F.COMPRESSED, code_page=UNICODE),
    ]
    values = ["tagged", "tagged two", "tagged three"]
    plain = {"a": 5, "f": "fixed", "b": "variable"}
    rows: list[dict[str, Any]] = [
        {},
        {"a": 5},
        {"a": 5, "f": "fixed"},
        plain,
        {**plain, "m": values[:1]},
        {**plain, "m": values},
        {**plain, "m": values, "lv": pattern(100)},
        {**plain, "m": values, "lv": pattern(20000)},
        {**plain, "b": None, "m": values, "lv": pattern(9000)},
        {**plain, "b": None, "m": ["tagged", "tagged three"]},
        {"lv": Separate(b"abc")},
        {"lv": b""},
    ]
    database.table("sizes", columns, rows=rows)
    totals = [*rows[9:10], *({"a": i, "lv": pattern(10000)} for i in range(3))]
    database.table("sizes-total", columns, rows=totals)


def cursors() -> Database:
    database = Database(4096)
    for add in (
        move, seek, ranges, bookmarks, prefixes, intersections, index_choice, filters, tuples, enumeration,
        from_index,
    ):  # fmt: skip
        add(database)
    return database


def values() -> Database:
    database = Database(8192)
    offsets(database)
    sizes(database)
    return database
