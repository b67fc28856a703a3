#!/usr/bin/env python3
"""Makes the example database.

usage: make_example.py OUT

Three small tables to look around in: people, the visits they made, and their photos.
"""

import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))

from edb import Column, ColumnFlag, ColumnType, Database, Index, IndexOption

NUMBER = ColumnFlag.AUTOINCREMENT | ColumnFlag.NOT_NULL
UNICODE = 1200

PEOPLE = [
    # id, name, born, member, tags
    (1, "Ada Lovelace", datetime(1815, 12, 10), "6f1c1d2e-58a3-4f0e-9d53-0a5b3c7e1801", ["mathematics", "engines"]),
    (
        2,
        "Grace Hopper",
        datetime(1906, 12, 9),
        "6f1c1d2e-58a3-4f0e-9d53-0a5b3c7e1802",
        ["compilers", "navy", "engines"],
    ),
    (3, "Alan Turing", datetime(1912, 6, 23), "6f1c1d2e-58a3-4f0e-9d53-0a5b3c7e1803", ["mathematics", "running"]),
    (4, "Mary Kenneth Keller", datetime(1913, 12, 17), "6f1c1d2e-58a3-4f0e-9d53-0a5b3c7e1804", ["teaching"]),
    (5, "Hedy Lamarr", datetime(1914, 11, 9), "6f1c1d2e-58a3-4f0e-9d53-0a5b3c7e1805", ["radio", "film"]),
    (6, "Radia Perlman", datetime(1951, 12, 18), "6f1c1d2e-58a3-4f0e-9d53-0a5b3c7e1806", ["networks", "teaching"]),
    (7, "José Muñoz", None, "6f1c1d2e-58a3-4f0e-9d53-0a5b3c7e1807", None),
]

NOTES = {
    1: "Wrote the first program, for a machine that was never built.",
    2: "Found a moth in a relay and glued it into the log book. " * 40,
    5: "Frequency hopping — an idea from a player piano 🎹.",
}

VISITS = [
    # person, when, minutes, fee, rating
    (1, datetime(2023, 5, 2, 10, 30), 45, 12_5000, 4.5),
    (2, datetime(2023, 5, 2, 14, 0), 90, 12_5000, 5.0),
    (3, datetime(2023, 6, 18, 9, 15), 30, 0, None),
    (2, datetime(2023, 9, 1, 16, 45), 20, 8_0000, 3.5),
    (6, datetime(2024, 1, 20, 11, 0), 120, 25_0000, 5.0),
    (1, datetime(2024, 2, 29, 12, 0), 60, 12_5000, 4.0),
]


def people(database: Database) -> None:
    database.table(
        "people",
        [
            Column("id", ColumnType.LONG, flags=NUMBER),
            Column("born", ColumnType.DATE_TIME),
            Column("member", ColumnType.GUID),
            Column("name", ColumnType.TEXT, flags=ColumnFlag.NOT_NULL, size=100),
            Column("tags", ColumnType.TEXT, flags=ColumnFlag.MULTI_VALUED, size=40),
            Column("notes", ColumnType.LONG_TEXT, code_page=UNICODE),
        ],
        [
            Index("byId", ["+id"], IndexOption.PRIMARY),
            Index("byName", ["+name"], IndexOption.UNIQUE),
            Index("byTag", ["+tags"], IndexOption.IGNORE_NULL),
            Index("youngestFirst", ["-born"]),
        ],
        [
            {"id": number, "name": name, "born": born, "member": UUID(member), "tags": tags, "notes": NOTES.get(number)}
            for number, name, born, member, tags in PEOPLE
        ],
    )


def visits(database: Database) -> None:
    database.table(
        "visits",
        [
            Column("id", ColumnType.LONG, flags=NUMBER),
            Column("person", ColumnType.LONG, flags=ColumnFlag.NOT_NULL),
            Column("when", ColumnType.DATE_TIME, flags=ColumnFlag.NOT_NULL),
            Column("minutes", ColumnType.UNSIGNED_SHORT),
            Column("fee", ColumnType.CURRENCY),
            Column("rating", ColumnType.DOUBLE),
            Column("paid", ColumnType.BIT),
        ],
        [
            Index("byId", ["+id"], IndexOption.PRIMARY),
            Index("byPerson", ["+person", "-when"]),
            Index("byRating", ["-rating"], IndexOption.IGNORE_NULL),
        ],
        [
            {
                "id": number,
                "person": who,
                "when": when,
                "minutes": length,
                "fee": fee,
                "rating": rating,
                "paid": fee > 0,
            }
            for number, (who, when, length, fee, rating) in enumerate(VISITS, start=1)
        ],
    )


def photos(database: Database) -> None:
    """The images are in the PGM format, which any viewer can show."""
    ramp = b"P5 64 64 255\n" + bytes((x * y) // 16 % 256 for y in range(64) for x in range(64))
    grid = b"P5 96 96 255\n" + bytes(255 * ((x // 12 + y // 12) % 2) for y in range(96) for x in range(96))
    database.table(
        "photos",
        [
            Column("person", ColumnType.LONG, flags=ColumnFlag.NOT_NULL),
            Column("number", ColumnType.UNSIGNED_BYTE, flags=ColumnFlag.NOT_NULL),
            Column("title", ColumnType.TEXT, size=120, code_page=UNICODE),
            Column("picture", ColumnType.LONG_BINARY),
        ],
        [Index("byPerson", ["+person", "+number"], IndexOption.PRIMARY)],
        [
            {"person": 1, "number": 1, "title": "Ramp", "picture": ramp},
            {"person": 1, "number": 2, "title": "Chess board", "picture": grid},
            {"person": 5, "number": 1, "title": "Klavier 🎹"},
        ],
    )


def main(arguments: list[str]) -> None:
    if len(arguments) != 1:
        sys.exit(__doc__)
    database = Database(spare_pages=32)
    people(database)
    visits(database)
    photos(database)
    database.write(arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
