"""Writes ESE database files from scratch, without an engine.

The package lays a whole database out in memory, page by page, from table definitions and rows.  It serves tests, which
need small, exactly known files, and the example database.  It is no engine: it cannot read, change or check a file.

From the floor up (a module uses only those listed before it):

    checksum    sums of header and data pages
    compress    7-bit and Xpress compression of values
    page        one page: header, tags, nodes
    space       which tree owns which pages
    btree       a sorted list of entries as pages of a tree
    schema      columns, indexes, tables and the bytes of single values
    record      the record of a row
    keys        the key of an index entry
    lv          long-value trees
    layout      one table with its indexes and long values, placed on pages
    catalog     the system tables
    header      the database header
    expected    the content of a database as JSON lines
    db          everything together: the class Database
"""

from .db import Database
from .schema import Column, ColumnFlag, ColumnType, Index, IndexOption, Separate, Table, TupleLimits

__all__ = ["Column", "ColumnFlag", "ColumnType", "Database", "Index", "IndexOption", "Separate", "Table", "TupleLimits"]
