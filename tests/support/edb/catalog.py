"""The system tables: their definitions, and the rows that describe all tables.

The catalog is an ordinary table, MSysObjects, with two indexes and a copy, MSysObjectsShadow.  Its root pages have
fixed numbers, so that it can be found before anything is known.
"""

import struct
from typing import Any

from .header import Format
from .layout import PlacedTable
from .schema import Column, ColumnFlag, ColumnType, Index, IndexOption, Row, Table

OBJECTS_OBJID, SHADOW_OBJID, NAME_OBJID, ROOT_OBJECTS_OBJID = 2, 3, 4, 5
FIRST_FREE_OBJID = 6

TYPE_TABLE, TYPE_COLUMN, TYPE_INDEX, TYPE_LONG_VALUE = 1, 2, 3, 4

TABLE_SYSTEM = 0x80000000
TABLE_FIXED_DDL = 0x40000000
TABLE_TEMPLATE = 0x20000000
TABLE_DERIVED = 0x10000000
TABLE_DYNAMIC_SYSTEM = 0x08000000

INDEX_UNIQUE = 0x0001
INDEX_ALLOW_ALL_NULLS = 0x0002
INDEX_ALLOW_FIRST_NULL = 0x0004
INDEX_ALLOW_SOME_NULLS = 0x0008
INDEX_NO_NULL = 0x0010
INDEX_PRIMARY = 0x0020
INDEX_MULTI_VALUED = 0x0080
INDEX_TEMPLATE = 0x0100
INDEX_DERIVED = 0x0200
INDEX_LOCALIZED = 0x0400
INDEX_EXTENDED_COLUMNS = 0x0001_0000
INDEX_DOT_NET_GUID = 0x0002_0000
INDEX_OPTIONS = {
    IndexOption.SORT_NULLS_HIGH: 0x0800,
    IndexOption.CROSS_PRODUCT: 0x2000,
    IndexOption.DISALLOW_TRUNCATION: 0x4000,
    IndexOption.NESTED_TABLE: 0x8000,
    IndexOption.DOT_NET_GUID: INDEX_DOT_NET_GUID,
}

SEGMENT_TEMPLATE = 0x80
SEGMENT_DESCENDING = 0x40
SEGMENT_MUST_BE_NULL = 0x20

SORT_KEY_FLAGS = 0x30401  # sort key, ignoring case, kana type and width
LOCALE = "en-US"
LOCALE_ID_WINDOWS_7 = 0x409
SORT_VERSION = bytes.fromhex("0f0206000f020600")
SORT_ID = bytes.fromhex("01000000ee575c1e00b4d0000bb1e11e")
LOCALE_ROW = f"LocaleName={LOCALE},SortID=00000001-57ee-1e5c-00b4-d0000bb1e11e,Ver=6020f0006020f"


# --- definitions of the system tables


def _column(name: str, type: ColumnType, flags: int = 0, **more: Any) -> Column:
    return Column(name, type, flags=ColumnFlag(flags), **more)


def objects_columns(format: Format) -> list[Column]:
    """The columns of MSysObjects, which grew over time."""
    long, short, binary, blob = ColumnType.LONG, ColumnType.SHORT, ColumnType.BINARY, ColumnType.LONG_BINARY
    fixed = [_column(name, short if name == "Type" else long, 1) for name in (
        "ObjidTable", "Type", "Id", "ColtypOrPgnoFDP", "SpaceUsage", "Flags", "PagesOrLocale")]  # fmt: skip
    fixed += [
        _column("RootFlag", ColumnType.BIT),
        _column("RecordOffset", short),
        _column("LCMapFlags", long),
        _column("KeyMost", ColumnType.UNSIGNED_SHORT),
    ]
    variable = [
        _column("Name", ColumnType.TEXT, 1),
        _column("Stats", binary),
        _column("TemplateTable", ColumnType.TEXT),
    ]
    variable += [_column(name, binary) for name in (
        "DefaultValue", "KeyFldIDs", "VarSegMac", "ConditionalColumns", "TupleLimits", "Version")]  # fmt: skip
    tagged = [_column(name, blob) for name in (
        "CallbackData", "CallbackDependencies", "SeparateLV", "SpaceHints", "SpaceDeferredLVHints")]  # fmt: skip
    if not format.windows_7:
        fixed.append(_column("LVChunkMax", long))
        variable.append(_column("SortID", binary))
        tagged.append(_column("LocaleName", blob))
    if format.movable_roots:
        fixed.append(_column("PgnoFDPLastSetTime", ColumnType.DATE_TIME))
    return [*fixed, *variable, *tagged]


def objects_table(format: Format, pages: int) -> Table:
    unique = IndexOption.UNIQUE
    indexes = [
        Index("Id", ["+ObjidTable", "+Type", "+Id"], IndexOption.PRIMARY | IndexOption.DISALLOW_NULL),
        Index("Name", ["+ObjidTable", "+Type", "+Name"], unique | IndexOption.DISALLOW_NULL),
        Index("RootObjects", ["+RootFlag", "+Name"], unique | IndexOption.IGNORE_FIRST_NULL),
    ]
    flags = TABLE_SYSTEM | TABLE_FIXED_DDL
    return Table("MSysObjects", objects_columns(format), indexes, flags=flags, pages=pages)


def shadow_table(format: Format, pages: int) -> Table:
    primary = Index("Id", ["+ObjidTable", "+Type", "+Id"], IndexOption.PRIMARY | IndexOption.DISALLOW_NULL)
    flags = TABLE_SYSTEM | TABLE_FIXED_DDL
    return Table("MSysObjectsShadow", objects_columns(format), [primary], flags=flags, pages=pages)


def objids_table() -> Table:
    """Which table an object id belongs to."""
    columns = [
        Column("objid", ColumnType.LONG, tagged=True),
        Column("objidTable", ColumnType.LONG, tagged=True),
        Column("type", ColumnType.SHORT, tagged=True),
    ]
    flags = TABLE_SYSTEM | TABLE_FIXED_DDL | TABLE_DYNAMIC_SYSTEM
    primary = Index("primary", ["+objid"], IndexOption.PRIMARY, density=100)
    return Table("MSysObjids", columns, [primary], flags=flags, density=100)


def locales_table() -> Table:
    """Versions of this table's own layout, and the sort versions in use."""
    columns = [
        _column("Type", ColumnType.UNSIGNED_BYTE, 1),
        _column("iValue", ColumnType.LONG, ColumnFlag.ESCROW_UPDATE, default=0),
        _column("Key", ColumnType.BINARY),
    ]
    primary = Index("KeyPrimary", ["+Key"], IndexOption.PRIMARY | IndexOption.DISALLOW_TRUNCATION, density=92)
    return Table("MSysLocales", columns, [primary], flags=TABLE_SYSTEM | TABLE_DYNAMIC_SYSTEM, density=92)


def fixup_table() -> Table:
    """Index entries whose sort order was in doubt: Windows 7 only, and always empty here."""
    long = ColumnType.LONG
    columns = [
        _column("autoinc", ColumnType.CURRENCY, ColumnFlag.AUTOINCREMENT),
        _column("objidTable", long, tagged=True),
        _column("objidIndex", long, tagged=True),
        _column("keyPrimary", ColumnType.LONG_BINARY),
        _column("keySecondary", ColumnType.LONG_BINARY),
        _column("lcid", long, tagged=True),
        _column("sortVersion", long, tagged=True),
        _column("definedVersion", long, tagged=True),
        _column("rgitag", ColumnType.BINARY, tagged=True, size=64),
        _column("ichOffset", long, tagged=True),
    ]
    secondary = ["+objidTable", "-objidIndex", "+keyPrimary", "+keySecondary", "+rgitag", "+ichOffset"]
    indexes = [
        Index("primary", ["+objidTable", "-objidIndex", "+autoinc"], IndexOption.PRIMARY, density=100),
        Index("secondary", secondary, density=100),
    ]
    flags = TABLE_SYSTEM | TABLE_DYNAMIC_SYSTEM
    return Table("MSysUnicodeFixupVer2", columns, indexes, flags=flags, density=100, pages=2)


# --- rows of the catalog


def signed(number: int) -> int:
    """An unsigned 32-bit number as the Long column holds it."""
    return number - (1 << 32) if number >> 31 else number


def catalog_rows(placed: PlacedTable, format: Format) -> list[Row]:
    rows = [_table_row(placed)]
    rows += [_column_row(placed, column) for column in placed.table.columns]
    rows += [_index_row(placed, index, format) for index in placed.table.indexes]
    if placed.long_value_tree:
        tree = placed.long_value_tree
        rows.append(_row(placed, TYPE_LONG_VALUE, tree.objid, "LV", tree.space.fdp, 100, 0, 1))
    return rows


def _row(
    placed: PlacedTable, type: int, id: int, name: str, place: int, usage: int, flags: int, pages: int
) -> dict[str, Any]:
    """The columns every kind of row has."""
    return {
        "ObjidTable": placed.objid, "Type": type, "Id": id, "Name": name,
        "ColtypOrPgnoFDP": place, "SpaceUsage": usage, "Flags": signed(flags), "PagesOrLocale": pages,
    }  # fmt: skip


def _table_row(placed: PlacedTable) -> Row:
    table = placed.table
    flags = table.flags
    if table.is_template:
        flags |= TABLE_TEMPLATE | TABLE_FIXED_DDL
    if table.template:
        flags |= TABLE_DERIVED
    fdp = placed.tree.space.fdp
    row = _row(placed, TYPE_TABLE, placed.objid, table.name, fdp, table.density, flags, table.pages)
    row["RootFlag"] = True
    if table.chunk_size:
        row["LVChunkMax"] = table.chunk_size
    if table.template:
        row["TemplateTable"] = table.template.name
    if table.separate_above is not None:
        row["SeparateLV"] = struct.pack("<I", table.separate_above)
    return row


def _column_row(placed: PlacedTable, column: Column) -> Row:
    self_description = placed.objid in (OBJECTS_OBJID, SHADOW_OBJID)
    code_page = column.code_page if column.text or self_description else 0
    row = _row(placed, TYPE_COLUMN, column.id, column.name, column.type, column.size, column.flags, code_page)
    if column.is_fixed:
        # The catalog describes itself as well, but with one offset for all of its columns.
        row["RecordOffset"] = 4 if self_description else column.offset
    if column.default is not None:
        row["DefaultValue"] = column.encode(column.default)
    return row


def _index_row(placed: PlacedTable, index: Index, format: Format) -> Row:
    tree = placed.tree if index.primary else placed.index_trees[index.name]
    locale = LOCALE_ID_WINDOWS_7 if format.windows_7 else 0
    flags = _index_flags(placed.table, index)
    row = _row(placed, TYPE_INDEX, tree.objid, index.name, tree.space.fdp, index.density, flags, locale)
    row["LCMapFlags"] = 0 if index.inherited else SORT_KEY_FLAGS
    row["KeyFldIDs"] = b"".join(
        _segment(placed.table, name, SEGMENT_DESCENDING if descending else 0) for name, descending in index.segments
    )
    if index.key_most != 255:
        row["KeyMost"] = index.key_most
    if index.segment_most:
        row["VarSegMac"] = struct.pack("<H", index.segment_most)
    if index.conditions:
        row["ConditionalColumns"] = b"".join(
            _segment(placed.table, condition[1:], SEGMENT_MUST_BE_NULL if condition[0] == "=" else 0)
            for condition in index.conditions
        )
    if index.tuples:
        limits = index.tuples
        row["TupleLimits"] = struct.pack("<5I", limits.shortest, limits.longest, limits.most, limits.step, limits.start)
    if not format.windows_7:
        row["LocaleName"] = LOCALE.encode("utf-16-le")
        if flags & INDEX_LOCALIZED:
            row["Version"] = SORT_VERSION
            row["SortID"] = SORT_ID
    return row


def _segment(table: Table, name: str, flags: int) -> bytes:
    column = table.column(name)
    if table.is_template or table.from_template(column):
        flags |= SEGMENT_TEMPLATE
    return struct.pack("<BxH", flags, column.id)


def is_localized(table: Table, index: Index) -> bool:
    return any(table.column(name).unicode for name, _ in index.segments)


def _index_flags(table: Table, index: Index) -> int:
    options = index.options
    flags = INDEX_EXTENDED_COLUMNS
    flags |= sum(value for option, value in INDEX_OPTIONS.items() if option in options)
    if index.unique:
        flags |= INDEX_UNIQUE
    if index.primary:
        flags |= INDEX_PRIMARY
    if any(table.column(name).multi_valued for name, _ in index.segments):
        flags |= INDEX_MULTI_VALUED
    if is_localized(table, index):
        flags |= INDEX_LOCALIZED
    if index.inherited:
        flags |= INDEX_DERIVED
    elif table.is_template:
        flags |= INDEX_TEMPLATE
    return flags | _null_flags(options)


def _null_flags(options: IndexOption) -> int:
    if IndexOption.DISALLOW_NULL in options:
        return INDEX_NO_NULL
    if IndexOption.IGNORE_ANY_NULL in options:
        return 0
    if IndexOption.IGNORE_FIRST_NULL in options:
        return INDEX_ALLOW_SOME_NULLS
    if IndexOption.IGNORE_NULL in options:
        return INDEX_ALLOW_FIRST_NULL | INDEX_ALLOW_SOME_NULLS
    return INDEX_ALLOW_ALL_NULLS | INDEX_ALLOW_FIRST_NULL | INDEX_ALLOW_SOME_NULLS


# --- rows of the other system tables


def objids_rows(tables: list[PlacedTable]) -> list[Row]:
    rows: list[Row] = []
    for placed in tables:
        objects = [(placed.objid, TYPE_TABLE)]
        objects += [(tree.objid, TYPE_INDEX) for tree in placed.index_trees.values()]
        if placed.long_value_tree:
            objects.append((placed.long_value_tree.objid, TYPE_LONG_VALUE))
        rows += [{"objid": objid, "objidTable": placed.objid, "type": type} for objid, type in objects]
    return rows


def locales_rows(localized_indexes: int) -> list[Row]:
    rows = [
        (rf".Schema\{side}\{part}", 1, int(part == "Major"))
        for side in ("External", "Internal")
        for part in ("Major", "Minor", "Update")
    ]
    rows.append(("MSysLocalesConsistent", 2, 1))
    if localized_indexes:
        rows.append((LOCALE_ROW, 2, localized_indexes))
    return [{"Key": f"{key}\0".encode("utf-16-le"), "Type": type, "iValue": value} for key, type, value in rows]
