"""What instances, sessions, databases and transactions have in common."""

from __future__ import annotations

import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Self

    from . import _core


class Handle:
    """An object of the engine, closed by close(), at the end of its with statement, or with what it belongs to."""

    _is_borrowed = False  # of an object that belongs to another one, which closes it

    def __init__(self, handle: _core._Object, title: str) -> None:
        self._object = handle
        self._title = title

    def __repr__(self) -> str:
        return f"<ese.{type(self).__name__} {self._title}{'' if self._object.is_open() else ' (closed)'}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"an ese.{type(self).__name__} cannot be copied or pickled")

    def __del__(self) -> None:
        if hasattr(self, "_object") and not self._is_borrowed and self._object.is_open():
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)

    @property
    def closed(self) -> bool:
        """Whether it was closed, here or with what it belongs to."""
        return not self._object.is_open()

    def close(self) -> None:
        """Closes it and all that belongs to it. A second time does nothing."""
        self._object.close()
