"""A whole database: system tables, user tables, header, file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import catalog
from .btree import Shape, Tree, build_tree, close_tree
from .expected import expected_lines
from .header import Format, encode_header
from .layout import PlacedTable, Surroundings, index_tree, place_table
from .page import Geometry, Page
from .schema import Column, Index, Row, Table
from .space import Space

ROOT_OBJID = 1
ROOT_FDP, OBJECTS_FDP, NAME_FDP, ROOT_OBJECTS_FDP, SHADOW_FDP = 1, 4, 7, 10, 24
OBJECTS_PAGES = 20
HEADER_PAGES = 2  # the header and its copy lie in front of page 1
FIRST_DBTIME = 0x100


class Database:
    """Collects tables, then writes the file.

    Tables get their places when they are added, rows and pages are made by `build`; a database is built once.
    """

    def __init__(
        self,
        page_size: int = 4096,
        format: tuple[int, int] = (20, 0),
        *,
        dirty: bool = False,
        old_checksum: bool = False,
        spare_pages: int = 0,
        least_growth: int = 4,
    ) -> None:
        """`spare_pages`: free pages at the end of the file; `least_growth`: least pages by which a tree grows."""
        self.format = Format(*format)
        self.geometry = Geometry(page_size, old_checksum, self.format.reserved_tags)
        self.dirty = dirty
        self.spare_pages = spare_pages
        self.last_objid = catalog.FIRST_FREE_OBJID - 1
        self.tables: list[PlacedTable] = []
        self.around = Surroundings(self.geometry, self.format, self._new_objid)
        self.root = Space(ROOT_FDP, 3, None, multi=True, least_growth=least_growth)
        self._place_system_tables()

    def table(
        self, name: str, columns: list[Column], indexes: Sequence[Index] = (), rows: Sequence[Row] = (), **more: Any
    ) -> Table:
        """Add a table.  See `schema.Table` for what else there is to say about one."""
        table = Table(name, columns, list(indexes), rows, **more)
        self.tables.append(self._place(table))
        return table

    def write(self, path: str | Path) -> None:
        Path(path).write_bytes(self.build())

    def expected(self) -> list[str]:
        """The content of the user tables as JSON lines; available after `build`."""
        return list(expected_lines(self.tables))

    def build(self) -> bytes:
        pages = [page for placed in self.tables for page in placed.build(self.around)]
        pages += self._build_system_tables()
        if self.spare_pages:
            self.root.reserve(self.spare_pages)
        pages += self._build_root()
        return self._encode(pages)

    def _new_objid(self) -> int:
        self.last_objid += 1
        return self.last_objid

    def _place(self, table: Table) -> PlacedTable:
        objid = self._new_objid()
        space = self.root.child(max(1, table.pages))
        secondary = [index for index in table.indexes if not index.primary]
        trees = {index.name: index_tree(index, self._new_objid(), space.child()) for index in secondary}
        return place_table(table, objid, space, trees)

    # --- system tables

    def _place_system_tables(self) -> None:
        """The catalog at its fixed places, then the other system tables of the format."""
        objects = catalog.objects_table(self.format, OBJECTS_PAGES)
        space = self.root.child(OBJECTS_PAGES, multi=True)
        name = index_tree(objects.indexes[1], catalog.NAME_OBJID, space.child(3, multi=True))
        root_objects = index_tree(objects.indexes[2], catalog.ROOT_OBJECTS_OBJID, space.child(3, multi=True))
        self.objects = place_table(objects, catalog.OBJECTS_OBJID, space, {"Name": name, "RootObjects": root_objects})

        shadow = catalog.shadow_table(self.format, self._shadow_pages())
        space = self.root.child(shadow.pages, multi=True)
        self.shadow = place_table(shadow, catalog.SHADOW_OBJID, space, {})

        tables = [catalog.fixup_table()] if self.format.windows_7 else [catalog.objids_table(), catalog.locales_table()]
        self.other_system_tables = [self._place(table) for table in tables]

    def _shadow_pages(self) -> int:
        if self.format.windows_7:
            return 9
        return 6 if self.geometry.page_size == 2048 else 5

    def _build_system_tables(self) -> list[Page]:
        """The catalog comes last, because it tells where everything else lies."""
        everything = [self.objects, self.shadow, *self.other_system_tables, *self.tables]
        if not self.format.windows_7:
            objids, locales = self.other_system_tables
            objids.table.rows = catalog.objids_rows(everything)
            localized = sum(catalog.is_localized(p.table, index) for p in self.tables for index in p.table.indexes)
            locales.table.rows = catalog.locales_rows(localized)
        pages = [page for placed in self.other_system_tables for page in placed.build(self.around)]
        rows = [row for placed in everything for row in catalog.catalog_rows(placed, self.format)]
        for placed in (self.objects, self.shadow):
            placed.table.rows = rows
            pages += placed.build(self.around)
        return pages

    # --- the file

    def _build_root(self) -> list[Page]:
        """The root of the database is a tree without entries; it only owns pages."""
        tree = Tree(ROOT_OBJID, self.root)
        pages = build_tree(tree, [], self.geometry, Shape())
        return pages + close_tree(tree, pages[0], self.geometry)

    def _encode(self, pages: list[Page]) -> bytes:
        size = self.geometry.page_size
        dbtime = FIRST_DBTIME
        data = bytearray(size * (HEADER_PAGES + self.root.owned[0].count))
        for page in sorted(pages, key=lambda page: page.pgno):
            dbtime += 1
            page.dbtime = dbtime
            place = (page.pgno + HEADER_PAGES - 1) * size
            data[place : place + size] = page.encode(self.geometry)
        header = encode_header(size, self.format, dbtime, self.last_objid, self.dirty)
        data[: HEADER_PAGES * size] = header * HEADER_PAGES
        return bytes(data)
