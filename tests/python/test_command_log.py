"""`ese log` and `ese checkpoint`, from outside. The logs are made here, by the documented format alone."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
from pathlib import Path
from typing import Any

import ese
import pytest

OK, PROBLEMS, USAGE, FAILED = 0, 1, 2, 3
COMMAND = Path(os.environ.get("ESE_COMMAND", Path(ese.__file__).parents[2] / "bin" / "ese"))
SEGMENT, SECTORS, DATA = 4096, 16, 40
TIME = bytes([1, 2, 3, 4, 5, 120, 1, 0])  # 2020-05-04 03:02:01 UTC

pytestmark = pytest.mark.skipif(not COMMAND.is_file(), reason=f"there is no command {COMMAND}: set ESE_COMMAND")


# ---- logs


def xor_checksum(block: bytes) -> int:
    total = 0x89ABCDEF
    for (word,) in struct.iter_unpack("<I", block[4:]):
        total ^= word
    return total


def parity(word: int) -> int:
    return word.bit_count() & 1


def segment_checksum(block: bytes, sector: int) -> int:
    words = [0, 0, *struct.unpack("<1022I", block[8:])]
    columns = [0, 0, 0, 0]
    p = q = 0
    for k in range(256):
        row = words[4 * k : 4 * k + 4]
        columns = [c ^ w for c, w in zip(columns, row, strict=True)]
        if parity(row[0] ^ row[1] ^ row[2] ^ row[3]):
            p ^= (0xFF800000 + k * 0xFF800080) & 0xFFFFFFFF
    c0, c1, c2, c3 = columns
    for first, second, bits in ((c0, c1, 0x400000), (c2, c3, 0x40), (c0, c2, 0x200000), (c1, c3, 0x20)):
        if parity(first ^ second):
            p ^= bits
    r = c0 ^ c1 ^ c2 ^ c3
    for i in range(32):
        if r >> i & 1:
            q ^= (0xFFFF0000 + i * 0xFFFF0001) & 0xFFFFFFFF
    mask = ((SEGMENT << 19) - 1) & 0xFFFFFFFF
    return ((p & 0xFFE0FFE0 & mask) | (q & 0x001F001F)) << 32 | r ^ sector


def segment(generation: int, sector: int, records: bytes) -> bytes:
    head = struct.pack("<8xHHi8s12xI", 0, sector, generation, TIME, 0x2000)
    block = (head + records).ljust(SEGMENT, b"\0")
    return struct.pack("<Q", segment_checksum(block, sector)) + block[8:]


def attachment(dbid: int, path: str) -> bytes:
    name = path.encode("utf-16-le") + b"\0\0"
    return struct.pack("<BBHQII16x28x", dbid, 0x20, len(name), 77, 9, 0) + name


def header(generation: int, *, previous: bytes = bytes(8), checksum: int = 0, update: int = 5) -> bytes:
    block = bytearray(SEGMENT)
    struct.pack_into("<iHHHH", block, 4, generation, SEGMENT, 1, SECTORS, 4096)
    block[16:24] = bytes([generation, *TIME[1:]])
    block[24:32] = previous
    struct.pack_into("<III", block, 32, 8, 4000, update)
    struct.pack_into("<I", block, 44, 0x1234)
    block[72:79] = b"C:\\logs"
    struct.pack_into("<IBQII", block, 648, 16, 0, checksum, 8920, 0)
    struct.pack_into("<I", block, 667, 3)
    listed = attachment(1, "C:\\data\\a b.edb")
    block[671 : 671 + len(listed)] = listed
    struct.pack_into("<I", block, 0, xor_checksum(bytes(block)))
    return bytes(block)


def begin0(trx: int) -> bytes:
    return struct.pack("<BHBI", 8, 3, 0x10, trx)


def commit0(trx: int) -> bytes:
    return struct.pack("<BHBI", 9, 3, 0, trx)


def insert(pgno: int, key: bytes, data: bytes) -> bytes:
    page = struct.pack("<BHBIQQIBHB", 29, 3, 1, pgno, 100, 99, 8, 1, 2, 5)
    return page + struct.pack("<IIIHHH", 11, 6, 9, len(key), 0, len(data)) + key + data


TERM2 = struct.pack("<B8x8xB8s", 50, 0, TIME)
RECORDS = begin0(8) + insert(7, b"key", b"data") + insert(8, b"k", bytes(40)) + commit0(12)


def log(generation: int, *segments: bytes, **options: Any) -> bytes:
    body = b"".join(segment(generation, i + 1, records) for i, records in enumerate(segments))
    return (header(generation, **options) + body).ljust(SECTORS * SEGMENT, b"\0")


def stream_checksum(block: bytes, n: int) -> int:
    total = 0
    for i in range(1, n + 1):
        total ^= struct.unpack_from("<Q", block, i * SEGMENT)[0]
    return total


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    first = log(1, RECORDS, RECORDS)
    second = log(2, RECORDS, TERM2, previous=first[16:24], checksum=stream_checksum(first, 2))
    (tmp_path / "edb00000001.log").write_bytes(first)
    (tmp_path / "edb.log").write_bytes(second)
    return tmp_path


# ---- the command


def run(*arguments: str | Path, status: int = OK) -> str:
    done = subprocess.run([COMMAND, *arguments], capture_output=True, timeout=60)
    assert done.returncode == status, done.stderr.decode()
    return done.stdout.decode() if status == OK else done.stdout.decode() + done.stderr.decode()


def objects(*arguments: str | Path, status: int = OK) -> list[tuple[str, dict[str, Any]]]:
    done = subprocess.run([COMMAND, *arguments, "--json"], capture_output=True, timeout=60)
    assert done.returncode == status, done.stderr.decode()
    return [next(iter(json.loads(line).items())) for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize("name", ["log", "checkpoint"])
def test_help(name: str) -> None:
    shown = run(name, "--help")
    assert f"Usage: ese {name}" in shown and "--json" in shown
    assert run("help", name) == shown
    assert name in run("--help")


def test_the_header_is_shown(folder: Path) -> None:
    shown = run("log", folder / "edb.log")
    lines = {line[:26].strip(): line[26:] for line in shown.splitlines()}
    assert lines["generation"] == "2"
    assert lines["version"] == "8.4000.5.16"
    assert lines["created"] == "2020-05-04 03:02:02.000 UTC"
    assert lines["previous created"] == "2020-05-04 03:02:01.000 UTC"
    assert lines["system path"] == "C:\\logs"
    assert 'path="C:\\data\\a b.edb"' in lines["attached"]
    assert lines["state"] == "clean shutdown"
    assert lines["records"] == "5, 0 of them in pieces"


def test_records_are_one_a_line(folder: Path) -> None:
    shown = run("log", "-q", "--records", folder / "edb.log").splitlines()
    assert [line.split()[:2] for line in shown] == [
        ["2:1:0", "Begin0"], ["2:1:30", "Insert"], ["2:1:69", "Insert"], ["2:1:c4", "Commit0"], ["2:2:0", "Term2"],
    ]  # fmt: skip
    assert "pgno=7" in shown[1]
    assert "suffix=6b6579 data=64617461" in shown[1]
    assert shown[2].endswith("data=00000000000000000000000000000000...(40)")


def test_records_as_json(folder: Path) -> None:
    found = objects("log", "--records", folder / "edb.log")
    assert [kind for kind, _ in found] == ["log"] + 5 * ["record"] + ["end"]
    assert found[0][1]["attached"][0]["path"] == "C:\\data\\a b.edb"
    assert found[2][1]["position"] == "2:1:30"
    assert found[2][1]["dbtimeBefore"] == 99
    assert found[3][1]["data"] == {"hex": 80 * "0"}
    end = found[-1][1]
    assert end["types"] == {"Insert": 2, "Begin0": 1, "Commit0": 1, "Term2": 1}
    assert end["recordBytes"] + end["fillBytes"] == 2 * (SEGMENT - DATA)
    assert end["clean"] is True


@pytest.mark.parametrize(
    ("options", "positions"),
    [
        (["--type", "insert"], ["2:1:30", "2:1:69"]), (["--type", "50"], ["2:2:0"]), (["--page", "8"], ["2:1:69"]),
        (["--from", "2:1:69"], ["2:1:69", "2:1:c4", "2:2:0"]), (["--from", "2:2"], ["2:2:0"]), (["--from", "3"], []),
        (["--from", "2:1:31", "--type", "Insert"], ["2:1:69"]),
    ],
)  # fmt: skip
def test_records_are_chosen(folder: Path, options: list[str], positions: list[str]) -> None:
    shown = run("log", "-q", *options, folder / "edb.log").splitlines()
    assert [line.split()[0] for line in shown] == positions


def test_a_folder_is_summed_up(folder: Path) -> None:
    shown = run("log", folder).splitlines()
    assert shown[1].split()[0] == "1" and shown[2].split()[0] == "2"
    found = objects("log", folder)
    assert [kind for kind, _ in found] == ["log", "end", "log", "end", "summary"]
    assert found[-1][1]["logs"] == 2
    assert found[-1][1]["types"]["Insert"] == 6
    assert found[-1][1]["clean"] is True


def test_a_gap_is_told_and_the_rest_is_shown(folder: Path) -> None:
    third = log(3, RECORDS)
    (folder / "edb.log").write_bytes(third)
    shown = run("log", folder, status=PROBLEMS)
    assert "generation 0x2 is missing in front of this log of 0x3 (JET_errInvalidLogSequence, -515)" in shown
    assert "damaged" in shown
    assert objects("log", folder, status=PROBLEMS)[-1][1]["types"]["Insert"] == 6


def test_a_log_of_another_stream_is_told(folder: Path) -> None:
    second = bytearray((folder / "edb.log").read_bytes())
    second[44] ^= 1
    struct.pack_into("<I", second, 0, xor_checksum(bytes(second[:SEGMENT])))
    (folder / "edb.log").write_bytes(second)
    assert "(JET_errBadLogSignature, -530)" in run("log", folder, status=PROBLEMS)


def test_a_damaged_segment_is_told(folder: Path) -> None:
    path = folder / "edb00000001.log"
    damaged = bytearray(path.read_bytes())
    damaged[2 * SEGMENT + 100 : 2 * SEGMENT + 103] = b"bad"
    path.write_bytes(damaged)
    shown = run("log", "--records", path, status=PROBLEMS)
    assert "\n1:1:c4 " in shown and "\n1:2:" not in shown
    assert "sector 2: the log is damaged" in shown


def test_a_flipped_bit_is_repaired(folder: Path) -> None:
    path = folder / "edb.log"
    damaged = bytearray(path.read_bytes())
    damaged[SEGMENT + 60] ^= 0x20
    path.write_bytes(damaged)
    assert objects("log", path)[-1][1]["repaired"] == 1


def test_a_lost_end_is_told(folder: Path) -> None:
    path = folder / "edb.log"
    cut = bytearray(path.read_bytes())
    cut[3 * SEGMENT : 4 * SEGMENT] = cut[2 * SEGMENT : 3 * SEGMENT]  # the copy that stands behind a segment
    cut[2 * SEGMENT : 3 * SEGMENT] = bytes(SEGMENT)
    path.write_bytes(cut)
    assert "cut off" in run("log", path, status=PROBLEMS)


def test_files_that_are_no_logs(tmp_path: Path) -> None:
    path = tmp_path / "edb.log"
    path.write_bytes(b"short")
    assert "(JET_errLogFileCorrupt, -501)" in run("log", path, status=FAILED)
    path.write_bytes(bytes(SECTORS * SEGMENT))
    assert "(JET_errLogFileCorrupt, -501)" in run("log", path, status=FAILED)
    path.write_bytes(log(1, RECORDS)[: 8 * SEGMENT])
    assert "(JET_errLogFileSizeMismatch, -541)" in run("log", path, status=FAILED)
    assert "2, 0 of them" not in run("log", "--damaged", path, status=PROBLEMS)
    path.write_bytes(log(1, RECORDS, update=999))
    assert "(JET_errBadLogVersion, -514)" in run("log", path, status=FAILED)
    assert "Insert" in run("log", "--damaged", path)
    assert "(JET_errFileNotFound, -1811)" in run("log", tmp_path / "none", status=FAILED)
    path.unlink()
    assert "(JET_errMissingLogFile, -528)" in run("log", tmp_path, status=FAILED)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--type", "Nonsense", "FILE"], ["--type", "102", "FILE"], ["--page", "0", "FILE"],
        ["--page", "x", "FILE"], ["--from", "12345678901", "FILE"], ["--from", "1:2:", "FILE"], ["--nonsense", "FILE"],
    ],
)  # fmt: skip
def test_wrong_usage(folder: Path, arguments: list[str]) -> None:
    words = [str(folder / "edb.log") if word == "FILE" else word for word in arguments]
    assert "Try 'ese log --help'" in run("log", *words, status=USAGE)


# ---- checkpoints


def checkpoint() -> bytes:
    block = bytearray(SEGMENT)
    struct.pack_into("<HHi", block, 12, 0x28, 3, 7)
    struct.pack_into("<I", block, 20, 0x1234)
    block[647] = 1
    struct.pack_into("<I", block, 667, 4)
    listed = attachment(1, "C:\\data\\a.edb")
    block[679 : 679 + len(listed)] = listed
    struct.pack_into("<I", block, 0, xor_checksum(bytes(block)))
    return bytes(block)


def test_checkpoints_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "edb.chk"
    path.write_bytes(2 * checkpoint())
    shown = run("checkpoint", path)
    assert "checkpoint                7:3:28\n" in shown
    assert "path=C:\\data\\a.edb" in shown
    ((kind, values),) = objects("checkpoint", path)
    assert kind == "checkpoint"
    assert values["checkpoint"] == "7:3:28"
    assert values["attached"][0]["dbtime"] == 77


def test_damaged_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "edb.chk"
    block = checkpoint()
    path.write_bytes(bytes([block[0] ^ 1]) + block[1:] + block)
    assert "7:3:28" in run("checkpoint", path, status=PROBLEMS)
    path.write_bytes(bytes(2 * SEGMENT))
    assert "(JET_errCheckpointCorrupt, -533)" in run("checkpoint", path, status=FAILED)
    path.write_bytes(header(1))
    assert "(JET_errFileInvalidType, -1812)" in run("checkpoint", path, status=FAILED)
    run("checkpoint", status=USAGE)


# ---- real logs


def real_streams() -> list[Path]:
    shared = Path(os.environ.get("ESE_SHARED") or Path(__file__).resolve().parents[2].parent / "shared")
    return sorted(shared.glob("corpus/golden/crash-*k-ddl"))


@pytest.mark.parametrize("stream", real_streams() or [pytest.param(None, marks=pytest.mark.skip("there is no corpus"))])
def test_real_streams_are_shown_whole(stream: Path, tmp_path: Path) -> None:
    for packed in stream.glob("edb*.log.gz"):
        if "tmp" not in packed.name:
            (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    found = objects("log", "--records", tmp_path)
    kind, summary = found[-1]
    assert kind == "summary"
    shown = [values for kind, values in found if kind == "record"]
    assert sum(values["type"] != "NOP2" for values in shown) == summary["records"]
    assert len(shown) == sum(summary["types"].values())
    assert summary["recordBytes"] + summary["fillBytes"] == summary["segments"] * (SEGMENT - DATA)
