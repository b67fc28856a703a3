"""ese.dict: a dictionary as Python has it, sorted, in a file, shared by threads."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import ese
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule


@pytest.fixture
def d(tmp_path: Path) -> Iterator[ese.Dict]:
    with ese.dict(tmp_path / "dict.edb") as made:
        yield made


def order(key: int | bytes | str) -> tuple[int, Any]:
    """The order of keys: integers, bytes, texts."""
    return (0, key) if isinstance(key, int) else (1, key) if isinstance(key, bytes) else (2, key)


def test_simple_use(tmp_path: Path) -> None:
    path = tmp_path / "dict.edb"
    with ese.dict(path) as d:
        d["b"] = 2
        d["a"] = "one"
        d[7] = b"\x00seven"
        assert d["a"] == "one" and len(d) == 3
    with ese.dict(path, "r") as d:
        assert list(d) == [7, "a", "b"]
        assert dict(d) == {7: b"\x00seven", "a": "one", "b": 2}
        with pytest.raises(ese.EseError):
            d["c"] = 3
    with pytest.raises(ese.InvalidDatabaseId):
        d["a"]
    assert d.closed and repr(d).endswith("(closed)>")


@pytest.mark.parametrize("log", [None, True])
def test_long_keys(tmp_path: Path, log: bool | None) -> None:
    path = tmp_path / "dict.edb"
    longest = "k" * 1775
    with ese.dict(path, log=log) as d:
        d[longest] = 1
        with pytest.raises(ese.EseError):
            d["k" * 1776] = 2
    with ese.dict(path, "r") as d:
        assert dict(d) == {longest: 1}
    with ese.open(path) as db:
        assert db.info.page_size == 8192


@pytest.mark.parametrize(("page_size", "longest"), [(2048, 439), (4096, 887), (8192, 1775), (32768, 1775)])
def test_keys_in_databases_of_every_page_size(tmp_path: Path, page_size: int, longest: int) -> None:
    path = tmp_path / "dict.edb"
    ese.open(path, "w", page_size=page_size).close()
    with ese.dict(path) as d:
        d["k" * longest] = page_size
        with pytest.raises(ese.EseError):
            d["k" * (longest + 1)] = 2
        assert dict(d) == {"k" * longest: page_size}


def test_flags(tmp_path: Path) -> None:
    path = tmp_path / "dict.edb"
    for flag in ("r", "w"):
        with pytest.raises(ese.FileNotFound):
            ese.dict(path, flag)
    with ese.dict(path, "c") as d:
        d["a"] = 1
    with ese.dict(path, "w") as d:
        d["b"] = 2
    with ese.dict(path, "c") as d:
        assert len(d) == 2
    with ese.dict(path, "n") as d:
        assert len(d) == 0
    with pytest.raises(ValueError, match="a flag is one of"):
        ese.dict(path, "x")  # type: ignore[arg-type]


VALUES = [
    None, True, False, 0, -1, 2**63 - 1, -(2**63), 0.0, -1.5, float("inf"), b"", b"\x00\xff" * 1000, "", "ü🦊\x00",
    "long " * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_values_keep_their_type(d: ese.Dict, value: Any) -> None:
    d["k"] = value
    assert d["k"] == value and type(d["k"]) is type(value)
    d["k"] = 5
    d["k"] = value
    assert d["k"] == value and type(d["k"]) is type(value)


KEYS = [
    -(2**100),
    -(2**64),
    -257,
    -256,
    -255,
    -1,
    0,
    1,
    255,
    256,
    2**64,
    2**100,
    b"",
    b"\x00",
    b"\xff",
    "",
    "A",
    "a",
    "ü",
    "🦊",
]


def test_keys_keep_their_type_and_order(d: ese.Dict) -> None:
    for i, key in enumerate(reversed(KEYS)):
        d[key] = i
    assert list(d) == KEYS
    assert [type(key) for key in d] == [type(key) for key in KEYS]
    assert list(reversed(d)) == KEYS[::-1]
    assert d["A"] != d["a"]  # not the order of a language, in which these two are the same
    assert all(key in d for key in KEYS) and "b" not in d and 2 not in d and None not in d and 1.5 not in d


def test_keys_and_values_that_are_none(d: ese.Dict) -> None:
    for key in (None, 1.5, ("a",), ["a"]):
        with pytest.raises(TypeError):
            d[key] = 1
        with pytest.raises(KeyError):
            d[key]
    for value, error in ((2**63, OverflowError), (["a"], TypeError), (object(), TypeError)):
        with pytest.raises(error, match="pickle=True"):
            d["k"] = value
    assert len(d) == 0


def test_keys_have_a_limit(d: ese.Dict) -> None:
    d["x" * 1500] = 1
    with pytest.raises(ese.EseError):
        d["x" * 3000] = 2
    assert "x" * 3000 not in d and len(d) == 1


def test_pickle(tmp_path: Path) -> None:
    path = tmp_path / "dict.edb"
    values = {"list": [1, {"a": None}], "date": date(2000, 1, 1), "big": 2**80, "set": {1, 2}, "plain": "text"}
    with ese.dict(path, pickle=True) as d:
        d.update(values)
        assert dict(d) == values
    with ese.dict(path) as d:
        assert d["plain"] == "text"
        with pytest.raises(TypeError, match="if you trust"):
            d["list"]


def test_slices(d: ese.Dict) -> None:
    d.update({letter: ord(letter) for letter in "abcdefgh"})
    d.update({n: n for n in range(5)})
    middle = d["c":"f"]
    assert list(middle) == ["c", "d", "e"] and len(middle) == 3
    assert list(middle.items()) == [("c", 99), ("d", 100), ("e", 101)]
    assert list(reversed(middle)) == ["e", "d", "c"]
    assert list(reversed(middle.values())) == [101, 100, 99] and list(reversed(middle.keys())) == ["e", "d", "c"]
    assert "c" in middle and "f" not in middle and "b" not in middle and None not in middle
    assert middle["d"] == 100 and middle.get("a") is None
    with pytest.raises(KeyError):
        middle["f"]
    assert dict(middle["d":]) == {"d": 100, "e": 101} and list(middle[:"d"]) == ["c"]
    assert list(d[:2]) == [0, 1] and list(d["g":]) == ["g", "h"] and list(d[:]) == list(d)
    assert list(d["x":"y"]) == [] and next(iter(d["dd":])) == "e" and next(reversed(d[:"d"])) == "c"
    d["cc"] = 0
    assert len(middle) == 4  # a view
    assert repr(middle) == "<ese.DictRange ['c':'f']>"
    with pytest.raises(ValueError, match="no step"):
        d["a":"b":2]
    del d["b":"g"]
    assert list(d) == [0, 1, 2, 3, 4, "a", "g", "h"]
    assert d[:].clear() == 8 and not d


def test_the_rest_of_a_mapping(d: ese.Dict) -> None:
    d.update(a=1, b=2)
    d.update([("c", 3)])
    d.update({"d": 4}, e=5)
    assert d.pop("a") == 1 and d.pop("a", None) is None
    with pytest.raises(KeyError):
        d.pop("a")
    with pytest.raises(KeyError):
        del d["a"]
    assert d.setdefault("b", 9) == 2 and d.setdefault("z", 9) == 9
    assert d.popitem() == ("z", 9) and d.popitem(last=False) == ("b", 2)
    assert list(d.keys()) == ["c", "d", "e"] and list(d.values()) == [3, 4, 5]
    assert ("c", 3) in d.items() and d.keys() & {"c", "x"} == {"c"}
    assert d == {"c": 3, "d": 4, "e": 5}
    d.clear()
    with pytest.raises(KeyError, match="empty"):
        d.popitem()
    with pytest.raises(TypeError):
        copy.copy(d)


def test_transactions(d: ese.Dict) -> None:
    with d.transaction():
        d["a"] = 1
        d["b"] = 2
    with pytest.raises(ZeroDivisionError), d.transaction():
        d["a"] = 3
        del d["b"]
        raise ZeroDivisionError
    assert dict(d) == {"a": 1, "b": 2}
    with pytest.raises(TypeError):
        d.update({"c": 1, "d": object()})
    assert "c" not in d


def test_sync_leaves_a_clean_file_and_goes_on(d: ese.Dict, tmp_path: Path) -> None:
    d["a"] = 1
    d.sync()
    (tmp_path / "copy.edb").write_bytes((tmp_path / "dict.edb").read_bytes())
    with ese.dict(tmp_path / "copy.edb", "r") as copied:
        assert dict(copied) == {"a": 1}
        copied.sync()
    d["b"] = 2
    with pytest.raises(ese.InTransaction), d.transaction():
        d.sync()
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(dict(d)))
    thread.start()
    thread.join()
    assert seen == [{"a": 1, "b": 2}]


def test_changing_while_walking(d: ese.Dict) -> None:
    d.update((n, n) for n in range(2000))
    for key in d:
        if isinstance(key, int) and key % 2:
            del d[key]
    assert list(d) == list(range(0, 2000, 2))


def test_threads_count_together(d: ese.Dict) -> None:
    d["n"] = 0
    failures: list[BaseException] = []

    def count() -> None:
        try:
            for _ in range(100):
                while True:
                    with contextlib.suppress(ese.WriteConflict), d.transaction():
                        d["n"] += 1
                        break
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and d["n"] == 400


def test_threads_write_the_same_key(d: ese.Dict) -> None:
    """One operation waits for the other; nobody has to know of conflicts."""
    failures: list[BaseException] = []

    def write(seed: int) -> None:
        try:
            for i in range(200):
                d[i % 5] = seed
                d.pop(i % 5, None)
                d.setdefault("x", seed)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_what_another_thread_has_not_committed_is_invisible(d: ese.Dict) -> None:
    d["a"] = 1
    seen: list[object] = []

    def look() -> None:
        seen.append(d["a"])

    with d.transaction():
        d["a"] = 2
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [1]


keys = st.integers(-300, 300) | st.integers() | st.binary(max_size=6) | st.text(max_size=6)
values = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.binary(max_size=40) | st.text(max_size=40)
)  # fmt: skip


class Machine(RuleBasedStateMachine):
    """The same steps in a dict of Python."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.d = ese.dict(self.folder / "machine.edb", "n")
        self.model: dict[Any, Any] = {}

    def teardown(self) -> None:
        self.d.close()

    @rule(key=keys, value=values)
    def set(self, key: Any, value: Any) -> None:
        self.d[key] = value
        self.model[key] = value

    @rule(key=keys)
    def get(self, key: Any) -> None:
        assert self.d.get(key, "missing") == self.model.get(key, "missing")
        assert (key in self.d) == (key in self.model)

    @rule(key=keys)
    def pop(self, key: Any) -> None:
        assert self.d.pop(key, "missing") == self.model.pop(key, "missing")

    @rule(last=st.booleans())
    def popitem(self, last: bool) -> None:
        if self.model:
            key = (max if last else min)(self.model, key=order)
            assert self.d.popitem(last) == (key, self.model.pop(key))

    @rule(key=keys, value=values)
    def setdefault(self, key: Any, value: Any) -> None:
        assert self.d.setdefault(key, value) == self.model.setdefault(key, value)

    @rule(more=st.dictionaries(keys, values, max_size=8))
    def update(self, more: dict[Any, Any]) -> None:
        self.d.update(more)
        self.model.update(more)

    @rule(lower=keys, upper=keys, is_deleted=st.booleans())
    def range(self, lower: Any, upper: Any, is_deleted: bool) -> None:
        inside = [key for key in self.model if order(lower) <= order(key) < order(upper)]
        assert list(self.d[lower:upper]) == sorted(inside, key=order)
        if is_deleted:
            del self.d[lower:upper]
            for key in inside:
                del self.model[key]

    @rule()
    def reopen(self) -> None:
        self.d.close()
        self.d = ese.dict(self.folder / "machine.edb", "w")

    @invariant()
    def is_the_same(self) -> None:
        expected = sorted(self.model.items(), key=lambda item: order(item[0]))
        assert list(self.d.items()) == expected
        assert len(self.d) == len(expected)


def test_it_does_what_a_dict_does(tmp_path: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    Machine.folder = tmp_path
    run_state_machine_as_test(Machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None))
