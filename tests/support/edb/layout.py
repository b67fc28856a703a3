"""One table placed on pages: its rows, its secondary indexes, its long values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import record
from .btree import Shape, Tree, build_tree, close_tree
from .compress import compress
from .header import Format
from .keys import Instances, index_keys, sequential_key
from .lv import LongValues
from .page import Entry, Geometry, Page, PageFlag
from .schema import Column, ColumnFlag, Index, Row, Separate, Table
from .space import Space

LONGEST_INTRINSIC = 1023  # a longer value leaves the record
AUTOINCREMENT_RESERVE = 1000  # numbers a running engine holds ready


@dataclass
class Surroundings:
    """What all tables of a database share."""

    geometry: Geometry
    format: Format
    new_objid: Callable[[], int]


@dataclass
class StoredRow:
    instances: Instances
    bookmark: bytes
    record: bytes


@dataclass
class PlacedTable:
    """A table with the places of its trees.  Build it once, when its rows are final."""

    table: Table
    tree: Tree
    index_trees: dict[str, Tree]
    long_value_tree: Tree | None = None
    rows: list[StoredRow] = field(default_factory=list)  # in primary order
    index_entries: dict[str, list[Entry]] = field(default_factory=dict)

    @property
    def objid(self) -> int:
        return self.tree.objid

    def build(self, around: Surroundings) -> list[Page]:
        long_values = LongValues(self.table.chunk_size or around.geometry.long_value_chunk, around.format.wide_ids)
        self.rows = _store_rows(self.table, long_values, around.geometry.large)
        if around.format.extended_header:
            self.tree.extra_header = _autoincrement_header(self.table)
        pages = self._build_tree(self.tree, [Entry(row.bookmark, row.record) for row in self.rows], around)
        table_root = pages[0]
        for index in self.table.indexes:
            if not index.primary:
                entries = self.index_entries[index.name] = _index_entries(self.table, index, self.rows)
                pages += self._build_child(self.index_trees[index.name], entries, around)
        if long_values.entries:
            self.long_value_tree = Tree(around.new_objid(), self.tree.space.child(), PageFlag.LONG_VALUE)
            pages += self._build_child(self.long_value_tree, long_values.entries, around)
        return pages + close_tree(self.tree, table_root, around.geometry)

    def _build_child(self, tree: Tree, entries: list[Entry], around: Surroundings) -> list[Page]:
        pages = self._build_tree(tree, entries, around)
        return pages + close_tree(tree, pages[0], around.geometry)

    def _build_tree(self, tree: Tree, entries: list[Entry], around: Surroundings) -> list[Page]:
        shape = Shape(self.table.prefix, self.table.fill, self.table.fanout)
        return build_tree(tree, entries, around.geometry, shape)


def place_table(table: Table, objid: int, space: Space, index_trees: dict[str, Tree]) -> PlacedTable:
    return PlacedTable(table, Tree(objid, space), index_trees)


def index_tree(index: Index, objid: int, space: Space) -> Tree:
    kind = PageFlag.INDEX if index.unique else PageFlag.INDEX | PageFlag.NON_UNIQUE
    return Tree(objid, space, kind)


def _autoincrement_header(table: Table) -> bytes:
    columns = [column for column in table.all_columns if column.flags & ColumnFlag.AUTOINCREMENT]
    if not columns:
        return b""
    largest = max((row[columns[0].name] for row in table.rows), default=0)
    return (largest + AUTOINCREMENT_RESERVE).to_bytes(8, "little")


def _store_rows(table: Table, long_values: LongValues, large_pages: bool) -> list[StoredRow]:
    derived = {column.name for column in table.all_columns if table.from_template(column)}
    stored = []
    for number, row in enumerate(table.rows, start=1):
        unknown = row.keys() - {column.name for column in table.all_columns}
        if unknown:
            raise ValueError(f"table {table.name} has no column {unknown}")
        instances = {column.name: _instances(column, row) for column in table.all_columns}
        values = {
            column.name: _stored_values(table, column, row, long_values)
            for column in table.all_columns
            if _is_stored(column, row)
        }
        bookmark = index_keys(table, table.primary, instances)[0] if table.primary else sequential_key(number)
        data = record.encode_record(table.all_columns, values, derived, large_pages)
        stored.append(StoredRow(instances, bookmark, data))
    stored.sort(key=lambda row: row.bookmark)
    _refuse_duplicates(table.name, [row.bookmark for row in stored])
    return stored


def _given(column: Column, row: Row) -> list[Any]:
    """The values of a column, the default where the row does not name it; an empty list is NULL."""
    value = row.get(column.name, column.default)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Separate) else value


def _instances(column: Column, row: Row) -> list[bytes]:
    return [column.encode(_plain(value)) for value in _given(column, row)]


def _is_stored(column: Column, row: Row) -> bool:
    """Defaults of tagged columns stay in the catalog, others go to the record; a tagged NULL hides a default."""
    if column.name not in row:
        return column.default is not None and not column.is_tagged and not column.added_later
    return bool(_given(column, row)) or not column.is_tagged or column.default is not None


def _stored_values(table: Table, column: Column, row: Row, long_values: LongValues) -> list[record.Value]:
    limit = LONGEST_INTRINSIC if table.separate_above is None else table.separate_above
    values = []
    for value in _given(column, row):
        data = column.encode(_plain(value))
        if not column.long:
            values.append(record.Value(data))
            continue
        may_compress = bool(column.flags & ColumnFlag.COMPRESSED)
        packed = compress(data) if may_compress and not values else None  # only the first of several
        if isinstance(value, Separate) or len(packed or data) > limit:
            values.append(long_values.add(data, may_compress))
        else:
            values.append(record.Value(packed or data, compressed=packed is not None))
    return values


def _index_entries(table: Table, index: Index, rows: list[StoredRow]) -> list[Entry]:
    entries = [Entry(key, row.bookmark) for row in rows for key in index_keys(table, index, row.instances)]
    entries.sort(key=lambda entry: (entry.key, entry.data))
    if index.unique:
        _refuse_duplicates(index.name, [entry.key for entry in entries])
    return entries


def _refuse_duplicates(name: str, ordered_keys: list[bytes]) -> None:
    for left, right in zip(ordered_keys, ordered_keys[1:]):
        if left == right:
            raise ValueError(f"{name}: duplicate key {left.hex()}")
