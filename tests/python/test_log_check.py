"""The checker of logs: it passes a stream that is as it must be, and finds what is planted in it."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from logcheck.files import SEGMENT, corrected, segment_checksum, xor_checksum
from logcheck.layout import NIL
from logcheck.replay import check_difference
from logcheck.stream import Report, check_folder

ROOT = Path(__file__).resolve().parents[2]
TIME = bytes([1, 2, 3, 4, 5, 126, 1, 0])
STREAM = b"stra" + TIME + bytes(16)
DATABASE = b"data" + TIME + bytes(16)
N_SEGMENTS = 16
PATH = "/d/data.edb"


def place(generation: int, segment: int, at: int = 0) -> int:
    return generation << 32 | segment << 16 | at


# ---- records


def begin0(procid: int = 1, trx: int = 0x10, levels: int = 1) -> bytes:
    return struct.pack("<BHBI", 8, procid, levels << 4, trx)


def commit0(procid: int = 1, trx: int = 0x14) -> bytes:
    return struct.pack("<BHBI", 9, procid, 0, trx)


def rollback(procid: int = 1, levels: int = 1) -> bytes:
    return struct.pack("<BHB", 7, procid, levels)


def node(kind: int, pgno: int, dbtime: int, before: int, rceid: int = 0, *, trx: int = 0x10, procid: int = 1) -> bytes:
    flags = 1 if rceid else 0
    head = struct.pack("<BHBIQQIBHB", kind, procid, 1, pgno, dbtime, before, trx, 1, 0, flags)
    return head + struct.pack("<III", rceid, 4, 30)


def insert(*arguments: int, key: bytes = b"key", data: bytes = b"data", **more: int) -> bytes:
    return node(29, *arguments, **more) + struct.pack("<HHH", len(key), 0, len(data)) + key + data


def replace(*arguments: int, data: bytes = b"new", old: int = 4, **more: int) -> bytes:
    return node(33, *arguments, **more) + struct.pack("<HHH", len(data), old, len(data)) + data


def undo(pgno: int, dbtime: int, before: int, rceid: int, oper: int = 1) -> bytes:
    head = bytearray(node(39, pgno, dbtime, before, rceid))
    return bytes(head) + struct.pack("<HHHB", 3, 0, oper, 1) + b"key"


def undo_info(rceid: int, oper: int = 2, data: bytes = b"old!") -> bytes:
    tail = struct.pack("<HHHHHH", 3, 0, oper, 8, 0, len(data)) + b"key" + data
    return node(36, 4, NIL, NIL, rceid) + tail


def create_db() -> bytes:
    path = (PATH + "\0").encode("utf-16-le")
    return struct.pack("<BHBII28sHB", 14, 1, 1, 0, 0, DATABASE, len(path), 8) + path


def init() -> bytes:
    return bytes([49]) + bytes(567) + TIME


def term(start: int) -> bytes:
    return struct.pack("<BQQB", 50, start, 0, 0) + TIME


def detach() -> bytes:
    path = (PATH + "\0").encode("utf-16-le")
    return struct.pack("<BHBHB", 16, 1, 1, len(path), 0x10) + path


CREATED = [init(), create_db(), struct.pack("<BHB", 79, 1, 1), begin0()]
# A page that is made, changed twice, and one change that is taken back.
CHANGES = [
    struct.pack("<BHBIQQIBHB", 25, 1, 1, 4, 0x40, NIL, 0x10, 1, 0, 4) + struct.pack("<IIII", 30, 1, 1, 0),
    insert(4, 0x41, 0x40, 3),
    replace(4, 0x42, 0x41, 5),
    commit0(),
    begin0(trx=0x18),
    insert(4, 0x43, 0x42, 7, trx=0x18),
    undo(4, 0x44, 0x43, 7).replace(struct.pack("<I", 0x10), struct.pack("<I", 0x18)),
    rollback(),
]
END = [detach(), bytes([23]), term(place(1, 1))]


# ---- files


class Writer:
    """Packs records into the segments of one generation, as the rules say."""

    def __init__(self, generation: int, previous: Writer | None = None) -> None:
        self.generation = generation
        self.previous = previous
        self.segments: list[bytearray] = []
        self.starts: list[int] = []
        self._open()

    def _open(self) -> None:
        number = len(self.segments) + 1
        self.segments.append(bytearray(struct.pack("<QQ8s12xI", 0, place(self.generation, number), TIME, 0x2000)))

    def add(self, record: bytes) -> int:
        room = SEGMENT - len(self.segments[-1])
        if len(record) > room and room < 32:
            self._open()
            room = SEGMENT - 40
        at = len(self.segments[-1])
        start = place(self.generation, len(self.segments), 0 if at == 40 else at)
        self.starts.append(start)
        if len(record) <= room:
            self.segments[-1] += record
            return start
        here = room - 7
        self.segments[-1] += struct.pack("<BIH", 76, len(record), here) + record[:here]
        while here < len(record):
            self._open()
            piece = record[here : here + SEGMENT - 43]
            self.segments[-1] += struct.pack("<BH", 77, len(piece)) + piece
            here += len(piece)
        return start

    def flush(self) -> None:
        segment = self.segments[-1]
        room = SEGMENT - len(segment)
        if room >= 5:
            segment += struct.pack("<BI", 71, room - 5)
        self._open()

    def sums(self) -> list[int]:
        return [segment_checksum(self._full(n), n) for n in range(1, len(self.segments) + 1)]

    def _full(self, number: int) -> bytes:
        return bytes(self.segments[number - 1]).ljust(SEGMENT, b"\0")

    def header(self, attached: bytes = b"") -> bytes:
        block = bytearray(SEGMENT)
        created = bytes([self.generation, *TIME[1:]])
        struct.pack_into("<iHHHH8s", block, 4, self.generation, SEGMENT, 1, N_SEGMENTS, 4096, created)
        struct.pack_into("<III28s", block, 32, 8, 4000, 5, STREAM)
        block[72:75] = block[333:336] = b"/d/"
        struct.pack_into("<Q", block, 640, place(1, 1))
        struct.pack_into("<I", block, 648, 16)
        struct.pack_into("<I", block, 667, 3)
        if self.previous is not None:
            block[24:32] = bytes([self.generation - 1, *TIME[1:]])
            total = 0
            for value in self.previous.sums():
                total ^= value
            struct.pack_into("<Q", block, 653, total)
        block[671 : 671 + len(attached)] = attached
        return seal(block)

    def image(self, attached: bytes = b"") -> bytes:
        if len(self.segments[-1]) == 40:
            self.segments.pop()
        body = b"".join(
            struct.pack("<Q", total) + self._full(number)[8:] for number, total in enumerate(self.sums(), start=1)
        )
        return (self.header(attached) + body).ljust(SEGMENT * N_SEGMENTS, b"\0")


def seal(block: bytearray) -> bytes:
    struct.pack_into("<I", block, 0, xor_checksum(bytes(block)))
    return bytes(block)


def attach_entry(position: int) -> bytes:
    path = (PATH + "\0").encode("utf-16-le")
    return struct.pack("<BBHQIIQQ28s", 1, 0x20, len(path), 0x42, 30, 0, position, 0, DATABASE) + path


def checkpoint(position: int, attached: bytes = b"") -> bytes:
    block = bytearray(SEGMENT)
    struct.pack_into("<Q28s", block, 12, position, STREAM)
    block[647] = 1
    struct.pack_into("<I", block, 667, 4)
    block[679 : 679 + len(attached)] = attached
    return seal(block) * 2


def write_one(folder: Path, records: list[bytes]) -> Path:
    writer = Writer(1)
    for record in records:
        writer.add(record)
    path = folder / "edb.log"
    path.write_bytes(writer.image())
    return path


def write_two(folder: Path) -> Writer:
    """Two generations; the first ends with a record in fragments, and a database is attached at the seam."""
    first = Writer(1)
    for record in [*CREATED, CHANGES[0]]:
        first.add(record)
    first.flush()
    first.add(insert(4, 0x41, 0x40, 3, data=bytes(9000)))
    second = Writer(2, first)
    (folder / "edb00000001.log").write_bytes(first.image())
    for record in [replace(4, 0x42, 0x41, 5), *CHANGES[3:], *END]:
        second.add(record)
    (folder / "edb.log").write_bytes(second.image(attach_entry(first.starts[1])))
    (folder / "edb.chk").write_bytes(checkpoint(place(1, 1)))
    return second


def texts(report: Report) -> str:
    return "\n".join(str(finding) for finding in report.findings.found)


def spoil(path: Path, at: int, data: bytes) -> None:
    raw = bytearray(path.read_bytes())
    raw[at : at + len(data)] = data
    path.write_bytes(raw)


# ---- the tests


def test_checksum__gives_the_known_sums() -> None:
    block = bytearray(SEGMENT)
    block[100] = 1
    assert segment_checksum(bytes(block), 7) == 0x7CDF032000000006
    block[100] = 0
    struct.pack_into("<QI", block, 8, place(1, 1), 0)
    struct.pack_into("<I", block, 36, 0x2000)
    assert segment_checksum(bytes(block), 1) == 0x7EE2011D00012000
    block[40:44] = b"\5\5\0\x11"
    assert segment_checksum(bytes(block), 1) == 0x7EE6011911012505


@pytest.mark.parametrize("bit", [64, 1000, 8 * SEGMENT - 1])
def test_checksum__puts_one_bit_right(bit: int) -> None:
    block = bytearray(range(256)) * 16
    struct.pack_into("<Q", block, 0, segment_checksum(bytes(block), 5))
    spoilt = bytearray(block)
    spoilt[bit // 8] ^= 1 << bit % 8
    assert corrected(bytes(spoilt), 5) == bytes(block)
    spoilt[200] ^= 1
    assert corrected(bytes(spoilt), 5) is None


def test_check__passes_a_sound_stream(tmp_path: Path) -> None:
    write_two(tmp_path)
    report = check_folder(tmp_path)
    assert texts(report) == ""
    assert report.figures["logs"] == 2
    assert report.figures["records"] == len(CREATED) + len(CHANGES) + len(END)
    assert report.figures["fragmented"] == 1
    assert report.figures["undone"] == 1
    assert report.figures["linked page changes"] == 4
    segments = report.figures["segments"] * (SEGMENT - 40)
    assert segments == report.figures["record bytes"] + report.figures["fill bytes"]


FILE_DAMAGE: list[tuple[str, int, bytes, str]] = [
    ("edb.log", 20, b"\7", "the checksum of the header"),
    ("edb.log", SEGMENT + 100, b"\xff\xff", "the segment is unreadable"),
    ("edb00000001.log", 2 * SEGMENT, bytes(SEGMENT), "a segment in use follows the end"),
    ("edb00000001.log", 3 * SEGMENT + 77, b"\1\1", "the segment is unreadable"),
    ("edb.log", 600 * 1024, b"\1", "instead of 16 segments"),
    ("edb.chk", 60, b"x", "the checksum is wrong"),
]


@pytest.mark.parametrize(("name", "at", "data", "text"), FILE_DAMAGE)
def test_check__finds_damage_in_a_file(tmp_path: Path, name: str, at: int, data: bytes, text: str) -> None:
    write_two(tmp_path)
    path = tmp_path / name
    if at > path.stat().st_size:
        path.write_bytes(path.read_bytes() + data)
    else:
        spoil(path, at, data)
    if name == "edb.log" and at > SEGMENT:  # what was not synced may be anything in the log that is written last
        (tmp_path / "edb.log").rename(tmp_path / "edb00000002.log")
    found = texts(check_folder(tmp_path))
    if name == "edb.log" and at == SEGMENT + 100:
        assert found == ""
    else:
        assert text in found


def header_word(at: int, form: str, value: int) -> Callable[[bytearray], None]:
    def change(block: bytearray) -> None:
        struct.pack_into("<" + form, block, at, value)

    return change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (header_word(4, "i", 7), "generation 0x2 is missing"),
        (header_word(8, "H", 512), "segments of 512 bytes"),
        (header_word(14, "H", 5000), "page size 5000"),
        (header_word(16, "H", 0x6363), "a time of the header"),
        (header_word(24, "B", 9), "the time of the previous generation"),
        (header_word(32, "I", 9), "is not 8.4000"),
        (header_word(44, "B", 9), "the signature is that of another stream"),
        (header_word(653, "Q", 9), "the sum of the previous generation"),
        (header_word(667, "I", 1), "file type 1"),
        (header_word(671, "B", 0), "database 1 is not listed"),
        (header_word(671 + 20, "Q", 3), "listed otherwise"),
        (header_word(4000, "B", 1), "reserved bytes"),
    ],
)
def test_check__finds_a_wrong_header(tmp_path: Path, change: Callable[[bytearray], None], text: str) -> None:
    write_two(tmp_path)
    raw = bytearray((tmp_path / "edb.log").read_bytes())
    head = raw[:SEGMENT]
    change(head)
    raw[:SEGMENT] = seal(head)
    (tmp_path / "edb.log").write_bytes(raw)
    assert text in texts(check_folder(tmp_path))


@pytest.mark.parametrize(
    ("begin", "text"),
    [(bytes([51]) + TIME, ""), (begin0(trx=0x30), "goes on behind the end of its generation")],
)
def test_check__lets_recovery_go_on_behind_a_torn_record(tmp_path: Path, begin: bytes, text: str) -> None:
    first = Writer(1)
    for record in [*CREATED, *CHANGES]:
        first.add(record)
    first.add(struct.pack("<BHH", 22, 1, 9000) + bytes(9000))
    first.segments.pop()
    second = Writer(2, first)
    second.add(begin)
    (tmp_path / "edb00000001.log").write_bytes(first.image())
    (tmp_path / "edb.log").write_bytes(second.image(attach_entry(first.starts[1])))
    found = texts(check_folder(tmp_path))
    assert text in found
    assert bool(text) == bool(found)


@pytest.mark.parametrize(("last", "text"), [([bytes([23])], ""), ([], "database 1 is not listed")])
def test_check__lets_a_generation_begin_between_mark_and_end(tmp_path: Path, last: list[bytes], text: str) -> None:
    first = Writer(1)
    for record in [*CREATED, *CHANGES, *last]:
        first.add(record)
    second = Writer(2, first)
    second.add(term(place(1, 1)) if last else begin0(trx=0x30))
    (tmp_path / "edb00000001.log").write_bytes(first.image())
    (tmp_path / "edb.log").write_bytes(second.image())
    found = texts(check_folder(tmp_path))
    assert text in found
    assert bool(text) == bool(found)


def test_check__finds_a_missing_generation(tmp_path: Path) -> None:
    write_two(tmp_path)
    (tmp_path / "edb00000001.log").unlink()
    assert "is not within the logs" in texts(check_folder(tmp_path))


def test_check__finds_a_file_under_a_wrong_name(tmp_path: Path) -> None:
    write_two(tmp_path)
    (tmp_path / "edb00000001.log").rename(tmp_path / "edb00000003.log")
    assert "generation 0x1" in texts(check_folder(tmp_path))


RECORD_DAMAGE: dict[str, tuple[list[bytes], str]] = {
    "time_before": ([insert(4, 0x45, 0x43, 9, trx=0x20)], "its time before is 0x43"),
    "time_back": ([insert(4, 0x44, 0x44, 9, trx=0x20)], "its time goes from"),
    "level": ([insert(4, 0x45, 0x44, 9, trx=0x24)], "and the session has"),
    "version_none": ([node(32, 4, 0x45, 0x44, trx=0x20)[:31] + b"\1" + bytes(4) + node(32, 4, 0, 0)[36:]], "is none"),
    "version_twice": (
        [insert(4, 0x45, 0x44, 9, trx=0x20), insert(4, 0x46, 0x45, 9, trx=0x20)],
        "version 9 is in use",
    ),
    "not_undone": ([insert(4, 0x45, 0x44, 9, trx=0x20), rollback()], "1 changes were not undone"),
    "undo_of_nothing": ([undo(4, 0x45, 0x44, 11)], "version 11 is not one of the transaction"),
    "undo_info_of_insert": ([insert(4, 0x45, 0x44, 9, trx=0x20), undo_info(9)], "which is not waiting for it"),
    "outside": ([commit0(trx=0x24), insert(4, 0x45, 0x44, 9, trx=0x20)], "is in no transaction"),
    "commit_before_begin": ([commit0(trx=0x1C)], "after a begin at"),
    "not_attached": ([insert(4, 0x45, 0x44, 9, trx=0x20)[:3] + b"\2" + insert(4, 0x45, 0x44, 9)[4:]], "not attached"),
    "version_too_new": ([bytes([101]) + bytes(18)], "does not belong to a log of version"),
    "split_alone": (
        [struct.pack("<BHBIQQIBHB", 62, 1, 1, 4, 0x45, 0x44, 0x20, 1, 0, 0) + bytes(78)],
        "stands outside of a macro",
    ),
    "difference": (
        [node(34, 4, 0x45, 0x44, 9, trx=0x20) + struct.pack("<HHH", 4, 9, 9) + b"\x08\x20\2x"],
        "does not fit",
    ),
    "unknown": ([bytes([110])], "there is no record type 110"),
    "behind_fill": ([b"\0" + commit0()], "bytes follow the zero fill"),
    "attached_at_term": ([commit0(trx=0x24), term(place(1, 1))], "does not follow a ShutDownMark"),
    "open_at_init": ([init()], "is at level 1"),
    "length": ([insert(4, 0x45, 0x44, 9, trx=0x20, data=b"")[:-3] + b""], "beyond its room"),
}


@pytest.mark.parametrize("name", RECORD_DAMAGE)
def test_check__finds_a_wrong_record(tmp_path: Path, name: str) -> None:
    records, text = RECORD_DAMAGE[name]
    if name == "length":  # the last record of a segment that is full up to it
        room = SEGMENT - 40 - sum(map(len, [*CREATED, *CHANGES, begin0(), records[0]])) - 5
        records = [struct.pack("<BHH", 22, 1, room) + bytes(room), *records]
    write_one(tmp_path, [*CREATED, *CHANGES, begin0(trx=0x20), *records])
    assert text in texts(check_folder(tmp_path))


def test_check__passes_what_the_wrong_records_were_made_from(tmp_path: Path) -> None:
    write_one(tmp_path, [*CREATED, *CHANGES, begin0(trx=0x20), insert(4, 0x45, 0x44, 9, trx=0x20)])
    report = check_folder(tmp_path)
    assert texts(report) == ""
    assert report.figures["open transactions at the end"] == 1


def test_check__finds_a_checkpoint_behind_an_open_transaction(tmp_path: Path) -> None:
    writer = Writer(1)
    for record in [*CREATED, *CHANGES, begin0(trx=0x20), insert(4, 0x45, 0x44, 9, trx=0x20)]:
        writer.add(record)
    (tmp_path / "edb.log").write_bytes(writer.image())
    entry = attach_entry(writer.starts[1])
    (tmp_path / "edb.chk").write_bytes(checkpoint(writer.starts[-2], entry))
    assert texts(check_folder(tmp_path)) == ""
    (tmp_path / "edb.chk").write_bytes(checkpoint(writer.starts[-1], entry))
    assert "is behind the begin" in texts(check_folder(tmp_path))
    (tmp_path / "edb.chk").write_bytes(checkpoint(writer.starts[-2] + 1, entry))
    assert "no record begins" in texts(check_folder(tmp_path))
    (tmp_path / "edb.chk").write_bytes(checkpoint(writer.starts[-2]))
    assert "database 1 is not listed" in texts(check_folder(tmp_path))


@pytest.mark.parametrize(
    ("dbtime", "text"),
    [(0x45, ""), (0x46, "the log only at 0x45"), (0x40, "and must be at 0x44"), (0x44, "")],
)
def test_check__finds_a_page_ahead_of_the_log(tmp_path: Path, dbtime: int, text: str) -> None:
    writer = Writer(1)
    for record in [*CREATED, *CHANGES, begin0(trx=0x20), insert(4, 0x45, 0x44, 9, trx=0x20)]:
        writer.add(record)
    (tmp_path / "edb.log").write_bytes(writer.image())
    (tmp_path / "edb.chk").write_bytes(checkpoint(writer.starts[-2], attach_entry(writer.starts[1])))
    header = bytearray(4096)
    struct.pack_into("<I", header, 4, 0x89ABCDEF)
    struct.pack_into("<28sI", header, 24, DATABASE, 2)
    struct.pack_into("<Q", header, 80, writer.starts[1])
    struct.pack_into("<ii", header, 296, 1, 1)
    struct.pack_into("<i", header, 416, 1)
    page = bytearray(4096)
    struct.pack_into("<Q", page, 8, dbtime)
    (tmp_path / "data.edb").write_bytes(seal(header) * 2 + bytes(3 * 4096) + page)
    found = texts(check_folder(tmp_path))
    assert text in found
    assert bool(text) == bool(found)


def test_check__finds_a_page_that_cannot_be_undone(tmp_path: Path) -> None:
    loser = [*CREATED, *CHANGES, begin0(trx=0x20), replace(4, 0x45, 0x44, 9, trx=0x20)]
    header = bytearray(4096)
    struct.pack_into("<I", header, 4, 0x89ABCDEF)
    struct.pack_into("<28sI", header, 24, DATABASE, 2)
    struct.pack_into("<Q", header, 80, place(1, 1, 40 + len(init())))
    struct.pack_into("<ii", header, 296, 1, 1)
    struct.pack_into("<i", header, 416, 1)
    page = bytearray(4096)
    struct.pack_into("<Q", page, 8, 0x45)
    (tmp_path / "data.edb").write_bytes(seal(header) * 2 + bytes(3 * 4096) + page)
    write_one(tmp_path, loser)
    assert "which the log cannot undo" in texts(check_folder(tmp_path))
    info = undo_info(9)
    write_one(tmp_path, [*loser, info[:24] + struct.pack("<I", 0x20) + info[28:]])
    assert texts(check_folder(tmp_path)) == ""


@pytest.mark.parametrize(
    ("data", "wide", "sizes", "is_right"),
    [
        (b"\x02\x20\2xy", False, (8, 8), True),
        (b"\x02\x40\2xy", False, (8, 10), True),
        (b"\x02\x00\2\4xy", False, (8, 6), True),
        (b"\2\0\x20\2xy", True, (8, 8), True),
        (b"\2\0\xc0\2\0xy", True, (8, 10), True),
        (b"\x02\x20\2xy", False, (8, 9), False),
        (b"\x07\x20\2xy", False, (8, 8), False),
        (b"\x02\x20\2xy\x01\x20\1x", False, (8, 8), False),
        (b"\x02\x20\2x", False, (8, 8), False),
        (b"", False, (8, 8), False),
    ],
)
def test_difference__must_lead_to_the_size_told(
    data: bytes, wide: bool, sizes: tuple[int, int], is_right: bool
) -> None:
    assert (check_difference(data, wide, *sizes) is None) == is_right


def test_command__counts_folders(tmp_path: Path) -> None:
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        write_two(tmp_path / name)
    spoil(tmp_path / "bad" / "edb.chk", 60, b"x")
    command = [sys.executable, str(ROOT / "tests/support/log_check.py"), str(tmp_path / "good"), str(tmp_path / "bad")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"
    assert "edb.chk: copy 1: the checksum is wrong" in done.stdout
