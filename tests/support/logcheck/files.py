"""Log files and checkpoints as bytes: headers, segments, and the records of a file put together."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from logcheck.layout import Record, RecordError, decode

SEGMENT = 4096
SEGMENT_HEADER = 40
FIRST_AT = SEGMENT_HEADER
ROOM_FOR_FRAGMENT = 32
NOP, NOP2, FRAGMENT_BEGIN, FRAGMENT = 0, 71, 76, 77
RECOVERY_UNDO, RECOVERY_UNDO2, UNDO_INFO = 17, 51, 36
SESSION_END = {2, 18, 50, 52, 80}  # Term, RecoveryQuit and their later forms
UNSYNCED_MOST = 256  # segments that may be on their way when the machine stops
BLANK = bytes(SEGMENT)
HEADER_SEED = 0x89ABCDEF
ATTACH_ROOM = 2048


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be."""

    file: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place + ': ' if self.place else ''}{self.text}"


@dataclass
class Findings:
    """What was found; a damaged file is not told in full."""

    most: int = 1000
    found: list[Finding] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)

    def add(self, file: str, place: str, text: str) -> None:
        if len(self.found) < self.most:
            self.found.append(Finding(file, place, text))

    def note(self, what: str, n: int = 1) -> None:
        self.notes[what] = self.notes.get(what, 0) + n


# ---- checksums


def xor_checksum(block: bytes) -> int:
    """The sum of headers: all words but the first."""
    total = HEADER_SEED
    for (word,) in struct.iter_unpack("<I", block[4:]):
        total ^= word
    return total


def _columns(row_bits: int, rows: int) -> list[int]:
    """For each bit of a row number: the rows that have it, one bit in 128."""
    masks = []
    for bit in range(8):
        mask = 0
        for row in range(rows):
            if row >> bit & 1:
                mask |= 1 << 128 * row
        masks.append(mask & row_bits)
    return masks


_ROWS = SEGMENT // 16
_ONE_IN_128 = sum(1 << 128 * row for row in range(_ROWS))
_ROW_MASKS = _columns(_ONE_IN_128, _ROWS)


def segment_checksum(block: bytes, number: int) -> int:
    """XOR of all words with the number, above it the XOR of the places of all set bits and of their complements."""
    value = int.from_bytes(block[8:], "little") << 64
    folded = value
    for shift in (16384, 8192, 4096, 2048, 1024, 512, 256, 128):
        folded = (folded >> shift) ^ (folded & ((1 << shift) - 1))
    parities = value  # of each row of 128 bits, in its lowest bit
    for shift in (64, 32, 16, 8, 4, 2, 1):
        parities ^= parities >> shift
    parities &= _ONE_IN_128
    places = 0
    for bit, mask in enumerate(_ROW_MASKS):
        places |= ((parities & mask).bit_count() & 1) << (bit + 7)
    for bit, mask in enumerate(_BIT_MASKS):
        places |= ((folded & mask).bit_count() & 1) << bit
    complement = places ^ (8 * SEGMENT - 1 if parities.bit_count() & 1 else 0)
    words = folded ^ folded >> 64
    words = (words ^ words >> 32) & 0xFFFFFFFF
    return (complement << 16 | places) << 32 | (words ^ number)


_BIT_MASKS = [sum(1 << place for place in range(128) if place >> bit & 1) for bit in range(7)]


def corrected(block: bytes, number: int) -> bytes | None:
    """The block with one bit put right, when that makes the sum right."""
    stored = struct.unpack_from("<Q", block)[0]
    difference = stored ^ segment_checksum(block, number)
    high = difference >> 32
    if (difference & 0xFFFFFFFF).bit_count() != 1 or (high ^ high >> 16) & 0x7FFF != 0x7FFF:
        return None
    bit = high & 0x7FFF
    mended = bytearray(block)
    mended[bit // 8] ^= 1 << bit % 8
    return bytes(mended) if segment_checksum(bytes(mended), number) == stored else None


def is_time(raw: bytes, may_be_blank: bool = False) -> bool:
    second, minute, hour, day, month, _year, low, high = raw
    if raw == bytes(8):
        return may_be_blank
    in_range = second < 60 and minute < 60 and hour < 24 and 1 <= day <= 31 and 1 <= month <= 12
    return in_range and high >> 4 == 0 and (low >> 1) + ((high >> 1 & 7) << 7) < 1000


# ---- headers


@dataclass(frozen=True)
class Attached:
    """An entry of a list of attached databases."""

    dbid: int
    dbtime: int
    objid: int
    attach: int
    consistent: int
    sign: bytes
    path: str


class HeaderError(ValueError):
    """A header that cannot be used."""


def attach_list(raw: bytes) -> list[Attached]:
    entries = []
    at = 0
    while at < len(raw) and raw[at] != 0:
        if at + 64 > len(raw):
            raise HeaderError("the list of databases goes beyond its room")
        dbid, flags, size, dbtime, objid, _cpg, attach, consistent, sign = struct.unpack_from("<BBHQIIQQ28s", raw, at)
        name = raw[at + 64 : at + 64 + size]
        if len(name) != size or not 1 <= dbid <= 6:
            raise HeaderError(f"entry of database {dbid}, name of {size} bytes, is impossible")
        entries.append(Attached(dbid, dbtime, objid, attach, consistent, sign, path_text(name, bool(flags & 0x20))))
        at += 64 + size
    if len({entry.dbid for entry in entries}) != len(entries):
        raise HeaderError("a database is in the list twice")
    return entries


def path_text(raw: bytes, wide: bool) -> str:
    text = raw.decode("utf-16-le" if wide else "cp1252", "replace")
    if not text.endswith("\0") or "\0" in text[:-1]:
        raise HeaderError("a path does not end in its only zero")
    return text[:-1]


def _entry_places(block: bytes, at: int) -> Iterator[int]:
    """Where the sizes of the names in a list stand."""
    while block[at - 2] != 0:
        yield at
        (size,) = struct.unpack_from("<H", block, at)
        at += 64 + int(size)


class Header:
    """The first segment of a log file."""

    def __init__(self, block: bytes) -> None:
        if len(block) < SEGMENT:
            raise HeaderError("the file is shorter than a header")
        if struct.unpack_from("<I", block)[0] != xor_checksum(block):
            raise HeaderError("the checksum of the header is wrong")
        self.generation, self.segment_size, self.first_segment, self.n_segments, self.page_size = struct.unpack_from(
            "<iHHHH", block, 4
        )
        self.created = block[16:24]
        self.previous_created = block[24:32]
        major, minor, update_major = struct.unpack_from("<III", block, 32)
        (update_minor,) = struct.unpack_from("<I", block, 648)
        self.version = (major, minor, update_major, update_minor)
        self.sign = block[44:72]
        self.folders = [_folder(block[at : at + 261]) for at in (72, 333)]
        self.flags = block[639]
        (self.checkpoint,) = struct.unpack_from("<Q", block, 640)
        self.previous_sum, self.engine = struct.unpack_from("<QI", block, 653)
        self.reserved = block[665:667]
        (self.file_type,) = struct.unpack_from("<I", block, 667)
        self.attached = attach_list(block[671 : 671 + ATTACH_ROOM])
        self.padding = block[2719:]

        used = sum(64 + struct.unpack_from("<H", block, at)[0] for at in _entry_places(block, 671 + 2))
        self.has_stale_entries = bool(block[671 + used : 671 + ATTACH_ROOM].strip(b"\0"))

    @property
    def is_ours(self) -> bool:
        """Paths of this system begin with a slash."""
        return any(folder.startswith(b"/") for folder in self.folders)

    def problems(self, size: int) -> Iterator[str]:
        if self.file_type not in (0, 3):
            yield f"file type {self.file_type} is not that of a log"
        if self.version[:2] != (8, 4000):
            yield f"version {self.version} is not 8.4000"
        if (self.segment_size, self.first_segment) != (SEGMENT, 1):
            yield f"segments of {self.segment_size} bytes begin at {self.first_segment}"
        if size != SEGMENT * self.n_segments:
            yield f"{size} bytes instead of {self.n_segments} segments"
        if self.page_size not in (0, 2048, 4096, 8192, 16384, 32768):
            yield f"page size {self.page_size}"
        if self.generation < 1:
            yield f"generation {self.generation}"
        if not is_time(self.created) or not is_time(self.previous_created, self.generation == 1):
            yield "a time of the header is impossible"
        if self.generation == 1 and (self.previous_created != bytes(8) or self.previous_sum != 0):
            yield "the first generation names a previous one"
        if self.sign == bytes(28) or not is_time(self.sign[4:12]):
            yield "the stream has no signature"
        if self.reserved.strip(b"\0") or self.padding.strip(b"\0"):
            yield "reserved bytes of the header are not zero"
        if self.is_ours and self.has_stale_entries:
            yield "bytes follow the end of the list of databases"
        if self.flags & ~7:
            yield f"flags {self.flags:#x} of the header"
        if self.checkpoint >> 32 > self.generation:
            yield "the checkpoint in the header is in a later generation"


def _folder(raw: bytes) -> bytes:
    """A path in its room, which is zero behind it."""
    path, _, rest = raw.partition(b"\0")
    if len(path) == len(raw) or rest.strip(b"\0"):
        raise HeaderError("the room of a path is not filled with zeros")
    return path


class Checkpoint:
    """One copy of the block of a checkpoint file."""

    def __init__(self, block: bytes) -> None:
        if len(block) != SEGMENT:
            raise HeaderError("the copy is not there")
        if struct.unpack_from("<I", block)[0] != xor_checksum(block):
            raise HeaderError("the checksum is wrong")
        if struct.unpack_from("<I", block, 667)[0] != 4:
            raise HeaderError("the file type is not that of a checkpoint")
        (self.position,) = struct.unpack_from("<Q", block, 12)
        self.sign = block[20:48]
        self.folders = [_folder(block[at : at + 261]) for at in (48, 309)]
        self.is_exact = bool(block[647] & 1)
        self.attached = attach_list(block[679 : 679 + ATTACH_ROOM])


# ---- segments


class LogFile:
    """A log file in memory, and after `scan` the segments that hold records."""

    def __init__(self, path: Path, findings: Findings) -> None:
        self.name = path.name
        self.data = path.read_bytes()
        self.header = Header(self.data[:SEGMENT])
        self.findings = findings
        self.segments: list[tuple[int, bytes]] = []
        self.sum = 0
        self.is_broken = False  # some of it cannot be read
        self.record_bytes = 0
        self.fill_bytes = 0
        for text in self.header.problems(len(self.data)):
            findings.add(self.name, "header", text)

    def block(self, number: int) -> bytes:
        return self.data[number * SEGMENT : (number + 1) * SEGMENT]

    def _verified(self, number: int, as_number: int) -> bytes | None:
        block = self.block(number)
        if len(block) < SEGMENT:
            return None
        if struct.unpack_from("<Q", block)[0] == segment_checksum(block, as_number):
            return block
        return None

    def _place(self, number: int) -> int:
        return int(self.header.generation) << 32 | number << 16

    def scan(self, is_last: bool) -> None:
        """Finds the segments in use; everything behind them must be blank, older, or the shadow of the last one."""
        empty = False
        last = max(1, self.header.n_segments - 1)
        for number in range(self.header.first_segment, last):
            block = self._verified(number, number)
            state = self._judge(number, block)
            if state == "good" and block is not None and not empty:
                self._accept(number, block)
            elif state in ("older", "shadow", "blank"):
                empty = True
            elif empty and state == "good":
                self._tell(number, "a segment in use follows the end of the log")
                return
            elif self._is_tail(number, is_last):
                self.findings.note("unsynced segments behind the end")
                return
            elif empty:
                self._tell(number, "what follows the end of the log is neither blank nor older")
                return
            elif not self._mend(number):
                self._tell(number, f"the segment is {state}")
                self.is_broken = True
                return
        if empty and not is_last and self.segments and self.segments[-1][0] < last - 1:
            self.findings.note("generations that were ended early")

    def _tell(self, number: int, text: str) -> None:
        self.findings.add(self.name, f"segment {number}", text)

    def _judge(self, number: int, block: bytes | None) -> str:
        if block is None:
            if self.block(number) == BLANK:
                return "blank"
            shadow = self._verified(number, number - 1)
            return "shadow" if shadow is not None else "unreadable"
        (place,) = struct.unpack_from("<Q", block, 8)
        if place == self._place(number):
            return "good"
        return "older" if place >> 32 < self.header.generation else f"one of {place:#x}"

    def _is_tail(self, number: int, is_last: bool) -> bool:
        """Our own logs: what was not synced may be anything, in the last log and near its end."""
        if not is_last or not self.header.is_ours:
            return False
        behind = range(number + UNSYNCED_MOST + 1, self.header.n_segments)
        return all(self._judge(later, self._verified(later, later)) != "good" for later in behind)

    def _mend(self, number: int) -> bool:
        mended = corrected(self.block(number), number) if len(self.block(number)) == SEGMENT else None
        shadow = self._verified(number + 1, number) if mended is None else None
        if mended is not None:
            self._tell(number, "one bit is flipped")
            self._accept(number, mended)
            return True
        if shadow is not None and struct.unpack_from("<Q", shadow, 8)[0] == self._place(number):
            self.findings.note("torn segments taken from their shadow")
            self._accept(number, shadow)
            return True
        return False

    def _accept(self, number: int, block: bytes) -> None:
        self.segments.append((number, block))
        self.sum ^= int(struct.unpack_from("<Q", block)[0])
        if block[24:36] != bytes(12) or struct.unpack_from("<I", block, 36)[0] != 0x2000:
            self._tell(number, "reserved bytes or flags of the segment are wrong")
        if not is_time(block[16:24]):
            self._tell(number, "the time of the segment is impossible")

    # ---- records

    def end(self) -> int:
        """The position behind the last segment in use."""
        last = self.segments[-1][0] if self.segments else self.header.first_segment - 1
        return self._place(last + 1)

    def pieces(self) -> Iterator[tuple[Record, int]]:
        """Records as they lie in the segments, fragments apart, with the room each had; fill is checked here."""
        for number, block in self.segments:
            at = FIRST_AT
            while at < SEGMENT:
                if block[at] == NOP:
                    if block[at:].strip(b"\0"):
                        self._tell(number, f"bytes follow the zero fill at {at}")
                    self.fill_bytes += SEGMENT - at
                    if SEGMENT - at >= ROOM_FOR_FRAGMENT:
                        self.findings.note("zero fills of 32 bytes or more")
                    break
                position = self._place(number) | (0 if at == FIRST_AT else at)
                try:
                    record = decode(block, at, SEGMENT, position)
                except RecordError as error:
                    self._tell(number, f"at {at}: {error}")
                    break
                room = SEGMENT - at
                at += len(record.body)
                if record.kind == NOP2:
                    self.fill_bytes += len(record.body)
                    if at != SEGMENT or record.body[5:].strip(b"\0"):
                        self._tell(number, f"a padding record that ends at {at}, or is not zero")
                else:
                    self.record_bytes += len(record.body)
                yield record, room


class Assembler:
    """Puts fragments together. A record never crosses a generation."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.open: tuple[int, int, bytearray] | None = None  # position, size, what is there
        self.n_fragmented = 0
        self.torn_in = ""  # the generation before ended in the middle of a record

    def records(self, log: LogFile, is_first: bool, is_last: bool) -> Iterator[Record]:
        begun = False
        for piece, room in log.pieces():
            if piece.kind == FRAGMENT:
                if self.open is None and not (is_first and not begun):
                    self._tell(log, piece, "a fragment without beginning")
                yield from self._continue(log, piece, room)
                continue
            if not begun:
                self._check_torn(piece)
            begun = True
            self._check_broken(log, piece)
            if piece.kind == FRAGMENT_BEGIN:
                self._begin(log, piece, room)
            elif piece.kind != NOP2:
                yield piece
        if self.open is not None:
            if is_last or log.is_broken:
                self.findings.note("records torn at the end")
            else:
                self.torn_in = log.name
            self.open = None

    def _tell(self, log: LogFile, piece: Record, text: str) -> None:
        self.findings.add(log.name, f"{piece.position >> 16 & 0xFFFF:x}:{piece.position & 0xFFFF:x}", text)

    def _check_torn(self, piece: Record) -> None:
        """Recovery may have gone on in a new generation; nobody else leaves half a record."""
        if self.torn_in and piece.kind in (RECOVERY_UNDO, RECOVERY_UNDO2):
            self.findings.note("records torn by a crash")
        elif self.torn_in:
            self.findings.add(self.torn_in, "", "a record goes on behind the end of its generation")
        self.torn_in = ""

    def _begin(self, log: LogFile, piece: Record, room: int) -> None:
        total, here = piece.fields["total"], piece.fields["here"]
        if room < ROOM_FOR_FRAGMENT:
            self._tell(log, piece, f"a record is split where only {room} bytes remain")
        if total <= room or here != room - 7 or here >= total:
            self._tell(log, piece, f"{here} bytes of a record of {total}, with room for {room}")
        self.open = (piece.position, total, bytearray(piece.tail()))

    def _continue(self, log: LogFile, piece: Record, room: int) -> Iterator[Record]:
        if self.open is None:
            return
        position, total, body = self.open
        body += piece.tail()
        if piece.position & 0xFFFF != 0:
            self._tell(log, piece, "a fragment that is not the first of its segment")
        if len(body) < total:
            if len(piece.body) != room:
                self._tell(log, piece, "a fragment in the middle does not fill its segment")
            return
        self.open = None
        self.n_fragmented += 1
        try:
            record = decode(bytes(body), 0, len(body), position)
            if len(body) != total or len(record.body) != total:
                raise RecordError(f"{len(body)} bytes for a record of {total}, {record.name} of {len(record.body)}")
        except (RecordError, IndexError) as error:
            self._tell(log, piece, f"of fragments: {error}")
            return
        yield record

    def _check_broken(self, log: LogFile, piece: Record) -> None:
        if self.open is None:
            return
        kind = piece.tail()[0] if piece.kind == FRAGMENT_BEGIN and piece.tail() else piece.kind
        if piece.position & 0xFFFF == 0 and kind in (RECOVERY_UNDO, RECOVERY_UNDO2, UNDO_INFO):
            self.findings.note("records torn by a crash")
        else:
            self._tell(log, piece, f"{piece.name} stands in the middle of a record in fragments")
        self.open = None


# ---- folders


_NAME = re.compile(r"(?P<base>[^.]{3})(?P<digits>[0-9A-F]{5}|[0-9A-F]{8})?\.(?P<ext>log|jtx)\Z", re.IGNORECASE)


def find_streams(folder: Path) -> dict[str, dict[int | None, Path]]:
    """Base name -> generation by name (None: the current log) -> file."""
    streams: dict[str, dict[int | None, Path]] = {}
    for path in sorted(folder.iterdir()):
        match = _NAME.match(path.name)
        if match is None or not path.is_file():
            continue
        digits = match["digits"]
        streams.setdefault(match["base"], {})[int(digits, 16) if digits else None] = path
    return streams
