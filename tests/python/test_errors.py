"""Exceptions: the hierarchy agrees with the engine's list of errors."""

from __future__ import annotations

import pickle
from pathlib import Path

import ese
import pytest
from ese import _core, errors


def test_every_documented_error_becomes_an_exception_of_its_category() -> None:
    for code, name, category, text in _core.error_list():
        error = errors.make_error(code, name, category, text)
        assert isinstance(error, errors._CATEGORIES[category][1]), name
        assert (error.code, error.name, error.message) == (code, name, text)
        assert error.category == errors._CATEGORIES[category][0]


def test_every_class_of_an_error_has_its_code() -> None:
    categories = {kind for _, kind in errors._CATEGORIES}
    leaves = [getattr(ese, name) for name in errors.__all__ if getattr(ese, name) not in categories]
    assert len(leaves) > 30
    for leaf in leaves:
        assert errors._LEAVES[leaf.code] is leaf
        assert leaf.name == f"JET_err{leaf.__name__}"
        assert leaf.__doc__


def test_an_unknown_code_is_an_error_of_the_engine() -> None:
    error = errors.make_error(-32000, None, 0, "odd")
    assert type(error) is ese.EseError
    assert str(error) == "odd (error -32000)"


def test_errors_can_be_pickled() -> None:
    error = ese.RecordNotFound(-1601, "JET_errRecordNotFound", "State", "none")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is ese.RecordNotFound
    assert copy.args == error.args
    assert str(copy) == "none (JET_errRecordNotFound -1601)"


def test_messages_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(ese.FileNotFound, match=r"nobody\.edb"):
        ese.open(tmp_path / "nobody.edb")
