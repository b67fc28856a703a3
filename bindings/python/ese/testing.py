"""Making the engine fail on purpose, so that a program can test how it copes."""

from __future__ import annotations

from contextlib import contextmanager

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .instance import Session

_KINDS = {"alloc": 0, "open": 1, "read": 2, "fatal": 3, "term": 4, "write": 5, "full": 6, "sync": 7}


@contextmanager
def fault(kind: str, nth: int = 1, *, repeat: bool = False) -> Iterator[None]:
    """Within the block, the nth occasion fails, and with `repeat` all later ones too. For the whole process.

    alloc  an allocation: OutOfMemory        open  the opening of a file: FileAccessDenied
    read   a read of a file: DiskIO          fatal a call of a session: InstanceUnavailable from then on
    write  a write of a file: DiskIO         full  the growth of a file: DiskFull
    sync   bringing a file to disk: DiskIO   term  the end of an instance waits until the block ends
    """
    _core.arm_fault(_KINDS[kind], nth, repeat)
    try:
        yield
    finally:
        _core.arm_fault(_KINDS[kind], 0, False)


def live_allocations() -> int:
    """Memory blocks that the engine holds; the same before and after means that nothing leaked."""
    return _core.live_allocations()


def dup_handle(number: int) -> None:
    """JetDupSession of a number that may be no session: raises what the engine says."""
    _core.dup_handle(number)


def dup_nowhere(session: Session) -> None:
    """JetDupSession without room for the answer."""
    session._handle.dup_nowhere()
