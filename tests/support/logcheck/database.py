"""Database files beside the logs: no page may be ahead of the log, and none behind what the checkpoint relies on."""

import struct
from pathlib import Path

from logcheck.files import Findings, xor_checksum
from logcheck.layout import show_position
from logcheck.replay import Replay
from logcheck.sessions import NEEDS_INFO

MAGIC = 0x89ABCDEF
DIRTY, CLEAN = 2, 3
PAGE_SIZES = (4096, 8192, 16384, 32768, 2048)


def _header(data: bytes) -> tuple[bytes, int] | None:
    for size in PAGE_SIZES:
        for at in (0, size):
            block = data[at : at + size]
            if len(block) == size and struct.unpack_from("<I", block, 4)[0] == MAGIC:
                is_right = struct.unpack_from("<I", block)[0] == xor_checksum(block)
                if is_right and (struct.unpack_from("<I", block, 236)[0] or 4096) == size:
                    return block, size
    return None


def check_database(
    path: Path, replay: Replay, times: dict[int, bytes], before: dict[tuple[bytes, int], int], findings: Findings
) -> int:
    """The number of pages that were compared with the log; 0 for a file that is none of the stream."""
    data = path.read_bytes()
    found = _header(data)
    if found is None:
        return 0
    header, page_size = found
    sign = header[24:52]
    if sign not in replay.pages:
        return 0
    _check_header(path.name, header, sign, replay, times, findings)
    (state,) = struct.unpack_from("<I", header, 52)
    (consistent,) = struct.unpack_from("<Q", header, 56)
    is_attached = any(database.sign == sign for database in replay.attached.values())
    if state == CLEAN and not is_attached and replay.detached.get(sign) == consistent:  # everything is in the file
        before = {(sign, pgno): dbtime for pgno, dbtime in replay.pages[sign].last.items()}
    return _check_pages(path.name, data, page_size, sign, replay, before, findings)


def _check_header(
    name: str, header: bytes, sign: bytes, replay: Replay, times: dict[int, bytes], findings: Findings
) -> None:
    (state,) = struct.unpack_from("<I", header, 52)
    (consistent,) = struct.unpack_from("<Q", header, 56)
    (attach,) = struct.unpack_from("<Q", header, 80)
    low, high = struct.unpack_from("<ii", header, 296)
    (committed,) = struct.unpack_from("<i", header, 416)
    if state not in (DIRTY, CLEAN):
        findings.note(f"databases in state {state}")
        return
    if attach >> 32 in times and attach not in replay.marks[sign]:
        findings.add(name, "header", f"no record attaches it at {show_position(attach)}")
    if state == CLEAN:
        if low or high or committed:
            findings.add(name, "header", f"is clean, and needs generations {low} to {high}, {committed}")
        if consistent >> 32 in times and consistent not in replay.clean_marks:
            findings.add(name, "header", f"nothing ends at {show_position(consistent)}")
        return
    if not 0 < low <= high <= committed:
        findings.add(name, "header", f"needs generations {low} to {high}, {committed}")
    if committed > max(times) or low < min(times):
        findings.add(name, "header", f"needs generations {low} to {committed}, not all are there")
    for place, generation, what in ((672, high, "required"), (348, committed, "committed")):
        time = header[place : place + 8]
        if time != bytes(8) and generation in times and time != times[generation]:
            findings.add(name, "header", f"the time of the last {what} generation is another")


def _check_pages(
    name: str,
    data: bytes,
    page_size: int,
    sign: bytes,
    replay: Replay,
    before: dict[tuple[bytes, int], int],
    findings: Findings,
) -> int:
    pages = replay.pages[sign]
    n = 0
    stored: dict[int, int] = {}
    for pgno, last in pages.last.items():
        at = (pgno + 1) * page_size
        if at + 16 > len(data):
            stored[pgno] = 0
            continue
        (stored[pgno],) = struct.unpack_from("<Q", data, at + 8)
        n += 1
        if stored[pgno] > last and stored[pgno] < 1 << 63:
            findings.add(name, f"page {pgno}", f"is at {stored[pgno]:#x}, the log only at {last:#x}")
        needed = before.get((sign, pgno), 0)
        if stored[pgno] < needed:
            findings.add(name, f"page {pgno}", f"is at {stored[pgno]:#x}, and must be at {needed:#x}")
    _check_undo(name, sign, stored, replay, findings)
    return n


def _check_undo(name: str, sign: bytes, stored: dict[int, int], replay: Replay, findings: Findings) -> None:
    """A page with a change that has to be undone is in the file only when the log tells what was there before."""
    dbids = [database.dbid for database in replay.attached.values() if database.sign == sign]
    for session in replay.sessions.open_sessions():
        for version in session.versions.values():
            if version.dbid not in dbids or version.oper not in NEEDS_INFO or version.has_info:
                continue
            if stored.get(version.pgno, 0) >= version.dbtime and stored[version.pgno] < 1 << 63:
                text = f"holds version {version.rceid}, which the log cannot undo"
                findings.add(name, f"page {version.pgno}", text)
