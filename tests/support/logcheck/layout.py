"""The types of log records: how large each is, and where its fields lie.

One line for each type: name, size of the fixed part, fields, and the fields that add to the size. A field is
name@offset:format, with the format letters of struct.
"""

import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

NIL = 0xFFFFFFFFFFFFFFFF  # no time stamp
PROCID = "procid@1:H"
PAGE = "procid@1:H dbid@3:B pgno@4:I dbtime@8:Q before@16:Q trx@24:I level@28:B iline@29:H flags@31:B"
NODE = PAGE + " rceid@32:I fdp@36:I objid@40:I"
DATABASE_PATH = "procid@1:H dbid@3:B"

FLAG_VERSIONED = 1
FLAG_UNIQUE = 4
FLAG_SPACE = 8

# (major, update) versions of the header from which on a type may occur; types that are not here always may.
SINCE = {
    92: (6, 20),
    93: (20, 60),
    94: (30, 80),
    95: (40, 100),
    96: (50, 120),
    97: (50, 120),
    98: (60, 140),
    99: (70, 160),
    100: (90, 200),
    101: (120, 260),
}

TABLE: dict[int, tuple[str, int, str, str]] = {
    1: ("Init", 568, "", ""),
    2: ("Term", 18, "", ""),
    3: ("MS", 9, "", ""),
    5: ("Begin", 4, "procid@1:H levels@3:B", ""),
    6: ("Commit", 4, "procid@1:H levels@3:B", ""),
    7: ("Rollback", 4, "procid@1:H levels@3:B", ""),
    8: ("Begin0", 8, "procid@1:H levels@3:B trx@4:I", ""),
    9: ("Commit0", 8, "procid@1:H levels@3:B trx@4:I", ""),
    10: ("Refresh", 7, "procid@1:H trx@3:I", ""),
    11: ("MacroBegin", 11, "procid@1:H dbtime@3:Q", ""),
    12: ("MacroCommit", 11, "procid@1:H dbtime@3:Q", ""),
    13: ("MacroAbort", 11, "procid@1:H dbtime@3:Q", ""),
    14: ("CreateDB", 43, DATABASE_PATH + " grbit@4:I cpg_max@8:I sign@12:28s path_size@40:H flags@42:B", "path_size"),
    15: (
        "AttachDB",
        75,
        DATABASE_PATH + " cpg_max@4:I consistent@8:Q sign@16:28s sign_log@44:28s path_size@72:H flags@74:B",
        "path_size",
    ),
    16: ("DetachDB", 7, DATABASE_PATH + " path_size@4:H flags@6:B", "path_size"),
    17: ("RecoveryUndo", 1, "", ""),
    18: ("RecoveryQuit", 18, "", ""),
    19: ("FullBackup", 3, "size@1:H", "size"),
    20: ("IncBackup", 3, "size@1:H", "size"),
    21: ("JetOp", 4, PROCID, ""),
    22: ("Trace", 5, "procid@1:H size@3:H", "size"),
    23: ("ShutDownMark", 1, "", ""),
    24: (
        "CreateMultipleExtentFDP",
        56,
        PAGE + " objid@32:I oe@36:I ae@40:I parent@44:I cpg@48:I page_flags@52:I",
        "",
    ),
    25: ("CreateSingleExtentFDP", 48, PAGE + " objid@32:I parent@36:I cpg@40:I page_flags@44:I", ""),
    29: ("Insert", 50, NODE + " suffix@44:H prefix@46:H data@48:H", "suffix prefix data"),
    30: ("FlagInsert", 48, NODE + " key@44:H data@46:H", "key data"),
    31: ("FlagInsertAndReplaceData", 52, NODE + " key@44:H data@46:H rceid2@48:I", "key data"),
    32: ("FlagDelete", 44, NODE, ""),
    33: ("Replace", 50, NODE + " size@44:H old@46:H new@48:H", "size"),
    34: ("ReplaceD", 50, NODE + " size@44:H old@46:H new@48:H", "size"),
    35: ("Delete", 44, NODE, ""),
    36: (
        "UndoInfo",
        56,
        NODE + " bm_key@44:H bm_data@46:H oper@48:H size_max@50:H delta@52:H data@54:H",
        "bm_key bm_data data",
    ),
    37: ("Delta", 54, NODE + " bm_key@44:H bm_data@46:H delta@48:i offset@52:H", "bm_key bm_data"),
    38: ("SetExternalHeader", 46, NODE + " size@44:H", "size"),
    39: ("Undo", 51, NODE + " bm_key@44:H bm_data@46:H oper@48:H undo_level@50:B", "bm_key bm_data"),
    45: ("ExtRestore", 3, "size@1:H", "size"),
    46: ("Backup", 5, "size@3:H", "size"),
    48: ("EmptyTree", 46, NODE + " size@44:H", "size"),
    49: ("Init2", 576, "time@568:8s", ""),
    50: ("Term2", 26, "start@1:Q redo@9:Q hard@17:B time@18:8s", ""),
    51: ("RecoveryUndo2", 9, "time@1:8s", ""),
    52: ("RecoveryQuit2", 26, "start@1:Q redo@9:Q hard@17:B time@18:8s", ""),
    57: ("ForceWriteLog", 3, PROCID, ""),
    58: (
        "ConvertFDP2",
        68,
        PAGE
        + " objid@32:I oe@36:I ae@40:I parent@44:I sec_first@48:I cpg@52:I sec_cpg@56:I avail@60:I page_flags@64:I",
        "",
    ),
    59: ("ExtRestore2", 3, "size@1:H", "size"),
    60: ("Backup2", 35, "phase@1:B backup@2:I scope@6:B dbid@7:B path_size@33:H", "path_size"),
    61: ("ForceLogRollover", 5, "procid@1:H size@3:H", "size"),
    62: (
        "Split2",
        110,
        PAGE
        + " new@32:I right@36:I right_before@40:Q parent@48:I parent_before@52:Q fdp@60:I objid@64:I split_kind@68:B"
        " oper@69:B line_oper@70:H line_split@72:H lines@74:H new_flags@76:I split_flags@80:I free_split@84:h"
        " free_new@86:h prefix_split@88:i prefix_new@92:i size_old@96:H size_new@98:H size_key@100:H"
        " image_flags@102:I image@106:I",
        "size_key size_old size_new image",
    ),
    63: (
        "Merge2",
        96,
        PAGE + " right@32:I right_before@36:Q left@44:I left_before@48:Q parent@56:I parent_before@60:Q fdp@68:I"
        " objid@72:I size_total@76:H size_max_total@78:H free@80:H line_merge@82:H merge_flags@84:B merge_kind@85:B"
        " size_key@86:H image_flags@88:I image@92:I",
        "size_key image",
    ),
    64: ("Scrub", 54, NODE + " scrub_flags@44:I count@48:I size@52:H", "size"),
    65: (
        "PageMove",
        96,
        PAGE + " dest@32:I left@36:I right@40:I parent@44:I left_before@48:Q right_before@56:Q parent_before@64:Q"
        " fdp@72:I objid@76:I line_parent@80:i move_flags@84:I head@88:I tail_size@92:I",
        "head tail_size",
    ),
    66: ("PagePatchRequest", 46, "dbid@1:B pgno@2:I", ""),
    67: ("MacroInfo", 5, "size@1:I", "size"),
    68: ("ExtendDB", 5, "size@1:I", "size"),
    69: ("CommitCtx", 5, "size@1:I", "size"),
    70: ("ScanCheck", 5, "size@1:I", "size"),
    71: ("NOP2", 5, "size@1:I", "size"),
    72: ("ReAttach", 5, "size@1:I", "size"),
    73: ("MacroInfo2", 5, "size@1:I", "size"),
    74: ("FreeFDP", 5, "size@1:I", "size"),
    75: ("Ignored9", 5, "size@1:I", "size"),
    76: ("FragmentBegin", 7, "total@1:I here@5:H", "here"),
    77: ("Fragment", 3, "here@1:H", "here"),
    78: ("ShrinkDB", 10, "dbid@1:B last@2:I shrunk@6:I", ""),
    79: ("CreateDBFinish", 4, DATABASE_PATH, ""),
    80: ("RecoveryQuitKeepAttachments", 26, "start@1:Q redo@9:Q hard@17:B time@18:8s", ""),
    81: ("TrimDB", 10, "dbid@1:B first@2:I cpg@6:I", ""),
    92: ("SetDbVersion", 14, "dbid@1:B major@2:I update@6:I minor@10:I", ""),
    93: ("Delta64", 58, NODE + " bm_key@44:H bm_data@46:H delta@48:q offset@56:H", "bm_key bm_data"),
    94: ("ShrinkDB2", 10, "dbid@1:B last@2:I shrunk@6:I", ""),
    95: ("NewPage", 20, "procid@1:H dbid@3:B pgno@4:I objid@8:I dbtime@12:Q", ""),
    96: ("RootPageMove", 16, "dbtime@1:Q dbid@9:B objid@10:I procid@14:H", ""),
    97: ("SignalAttachDb", 2, "dbid@1:B", ""),
    98: ("ScanCheck2", 27, "dbid@1:B pgno@2:I", ""),
    99: ("ShrinkDB3", 18, "dbid@1:B last@2:I shrunk@6:I dbtime@10:Q", ""),
    100: ("ExtentFreed", 11, "dbid@1:B first@2:I cpg@6:I", ""),
    101: ("ExtentFreed2", 19, "dbid@1:B first@2:I cpg@6:I dbtime@11:Q", ""),
}
TABLE.update({number: (f"Ignored{number - 72}", 5, "size@1:I", "size") for number in range(82, 92)})

# Sizes that a type of the family that old engines skip must have, where its content is known.
EXACT_SIZE = {68: 10, 70: 44, 72: 50, 74: 15}
INNER_FIELDS = {
    68: "dbid@5:B last@6:I",
    69: "procid@5:H flags@7:B",
    72: "dbid@5:B attach@6:Q consistent@14:Q sign@22:28s",
    73: "dbid@5:B count@6:I",
    74: "dbid@5:B fdp@6:I trx@10:I tree@14:B",
}


class RecordError(ValueError):
    """Bytes that are no record."""


class _Kind(NamedTuple):
    name: str
    fixed: int
    names: tuple[str, ...]
    unpack: struct.Struct
    variable: tuple[str, ...]


def _compile(spec: str) -> tuple[tuple[str, ...], struct.Struct]:
    names = []
    form = "<"
    at = 0
    for field in spec.split():
        name, place = field.split("@")
        offset, letter = place.split(":")
        form += f"{int(offset) - at}x{letter}"
        at = int(offset) + struct.calcsize("<" + letter)
        names.append(name)
    return tuple(names), struct.Struct(form)


_KINDS: dict[int, _Kind] = {}
for _number, (_name, _fixed, _fields, _variable) in TABLE.items():
    _KINDS[_number] = _Kind(_name, _fixed, *_compile(_fields), tuple(_variable.split()))
_INNER = {number: _compile(spec) for number, spec in INNER_FIELDS.items()}


@dataclass(slots=True)
class Record:
    """A record with its place in the log, and what its fields hold."""

    kind: int
    name: str
    position: int
    body: bytes
    fields: dict[str, Any]
    fixed: int

    def __getattr__(self, name: str) -> Any:
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None

    def tail(self) -> bytes:
        """What stands behind the fixed part."""
        return self.body[self.fixed :]


def name_of(kind: int) -> str:
    return _KINDS[kind].name if kind in _KINDS else f"type {kind}"


def measure(data: bytes, at: int, end: int) -> tuple[int, dict[str, Any]]:
    """Size and fields of the record that begins at `at`; the bytes up to `end` are there."""
    kind = _KINDS.get(data[at])
    if kind is None:
        raise RecordError(f"there is no record type {data[at]}")
    if at + kind.fixed > end:
        raise _TooShortError(kind.fixed)
    fields = dict(zip(kind.names, kind.unpack.unpack_from(data, at)))
    size = kind.fixed
    for part in kind.variable:
        size += fields[part]
    if data[at] == 34:  # the highest bit tells the form of the difference
        size = kind.fixed + (fields["size"] & 0x7FFF)
    elif data[at] == 14 and fields["flags"] & 4:
        size += 4
    return size, fields


class _TooShortError(RecordError):
    def __init__(self, wanted: int) -> None:
        super().__init__(f"{wanted} bytes at least are needed")


def decode(data: bytes, at: int, end: int, position: int) -> Record:
    """The record at `at`, which must not go beyond `end`."""
    size, fields = measure(data, at, end)
    kind = _KINDS[data[at]]
    if at + size > end:
        raise RecordError(f"{kind.name} of {size} bytes goes {at + size - end} bytes beyond its room")
    if data[at] in EXACT_SIZE and size != EXACT_SIZE[data[at]]:
        raise RecordError(f"{kind.name} has {size} bytes instead of {EXACT_SIZE[data[at]]}")
    record = Record(data[at], kind.name, position, data[at : at + size], fields, kind.fixed)
    inner = _INNER.get(record.kind)
    if inner is not None:
        if inner[1].size > size:
            raise RecordError(f"{kind.name} of {size} bytes is too short for its fields")
        fields.update(zip(inner[0], inner[1].unpack_from(record.body)))
    return record


def show_position(position: int) -> str:
    return f"{position >> 32:x}:{position >> 16 & 0xFFFF:x}:{position & 0xFFFF:x}"
