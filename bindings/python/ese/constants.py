"""Every constant of the public C headers under its own name: `ese.constants.JET_coltypLong`."""

from __future__ import annotations

from . import _core

_values = _core.constants()


def value(name: str) -> int:
    """The constant of that name; AttributeError."""
    try:
        return _values[name]
    except KeyError:
        raise AttributeError(f"the headers have no constant {name}") from None


def __getattr__(name: str) -> int:
    return value(name)


def __dir__() -> list[str]:
    return sorted(_values)
