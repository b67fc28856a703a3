"""Transactions: levels, snapshots, conflicts, threads."""

from __future__ import annotations

import threading
from pathlib import Path

import ese
import pytest


def names(table: ese.Table) -> list[str]:
    return [row["name"] for row in table]


def test_commit_and_rollback(store: ese.Database, people: ese.Table) -> None:
    with store.transaction():
        people.insert(name="kept")
    with pytest.raises(ZeroDivisionError), store.transaction():
        people.insert(name="lost")
        raise ZeroDivisionError
    with store.transaction() as transaction:
        people.insert(name="taken back")
        transaction.rollback()
    assert names(people) == ["kept"]


def test_levels(store: ese.Database, people: ese.Table) -> None:
    with store.transaction():
        people.insert(name="outer")
        with pytest.raises(ZeroDivisionError), store.transaction():
            people.insert(name="inner")
            assert store.session.level == 2
            raise ZeroDivisionError
        people.insert(name="after")
    assert names(people) == ["outer", "after"]
    assert store.session.level == 0


def test_seven_levels(store: ese.Database, people: ese.Table) -> None:
    opened = [store.transaction() for _ in range(7)]
    with pytest.raises(ese.TransTooDeep):
        store.transaction()
    people.insert(name="deep")
    people.insert_many([{"name": "deeper"}] * 2)
    for transaction in reversed(opened):
        transaction.commit()
    assert len(people) == 3


def test_read_only(store: ese.Database, people: ese.Table) -> None:
    with pytest.raises(ese.TransReadOnly), store.transaction(read_only=True):
        people.insert(name="x")
    with store.transaction(lazy=True):
        people.insert(name="y")
    assert names(people) == ["y"]


@pytest.fixture
def pair(tmp_path: Path) -> object:
    """The same table in two sessions."""
    instance = ese.Instance("pair", directory=tmp_path / "instance", recovery=False)
    first = instance.session()
    second = first.dup()
    one = first.open(tmp_path / "pair.edb", "w")
    table = one.create_table("t", {"k": "long", "name": str}, primary_key="k")
    table.insert_many([(k, f"n{k}") for k in range(5)], columns=["k", "name"])
    two = second.open(tmp_path / "pair.edb", "r+")
    yield one, two
    instance.close()


def test_a_session_sees_what_was_committed_when_it_began(pair: tuple[ese.Database, ese.Database]) -> None:
    one, two = pair
    with two.transaction():
        assert names(two["t"]) == ["n0", "n1", "n2", "n3", "n4"]
        with one.transaction():
            del one["t"][0]
            one["t"].upsert(k=1, name="new")
            one["t"].insert(k=9, name="n9")
            assert names(two["t"]) == ["n0", "n1", "n2", "n3", "n4"]  # nothing uncommitted
        assert names(two["t"]) == ["n0", "n1", "n2", "n3", "n4"]  # the same when read again, and no phantom
        assert len(two["t"]) == 5
    assert names(two["t"]) == ["new", "n2", "n3", "n4", "n9"]


def test_the_first_writer_wins(pair: tuple[ese.Database, ese.Database]) -> None:
    one, two = pair
    with one.transaction():
        one["t"].upsert(k=1, name="one")
        with pytest.raises(ese.WriteConflict):
            two["t"].upsert(k=1, name="two")
        with pytest.raises(ese.WriteConflict), two["t"].update(1) as row:
            row["name"] = "two"
        two["t"].upsert(k=2, name="two")  # another record
    assert names(one["t"]) == ["n0", "one", "two", "n3", "n4"]


def test_no_update_is_lost(pair: tuple[ese.Database, ese.Database]) -> None:
    one, two = pair
    with two.transaction():
        assert two["t"][1]["name"] == "n1"
        one["t"].upsert(k=1, name="one")
        with pytest.raises(ese.WriteConflict):
            two["t"].upsert(k=1, name="two")
    assert two["t"][1]["name"] == "one"


def test_threads_with_a_session_each(tmp_path: Path) -> None:
    accounts, rounds, workers = 16, 200, 4
    with ese.open(tmp_path / "bank.edb", "w") as db:
        table = db.create_table("accounts", {"id": "long", "balance": "long"}, primary_key="id")
        table.insert_many([(n, 100) for n in range(accounts)], columns=["id", "balance"])
        failures: list[BaseException] = []

        def transfer(seed: int) -> None:
            try:
                with db.session.dup() as session, session.open(db.path, "r+") as mine:
                    accounts_of_mine = mine["accounts"]
                    for i in range(rounds):
                        a, b = (seed * 7 + i) % accounts, (seed * 3 + 5 * i + 1) % accounts
                        if a == b:
                            continue
                        while True:
                            try:
                                with session.transaction():
                                    for key, delta in ((a, -1), (b, 1)):
                                        with accounts_of_mine.update(key) as row:
                                            row["balance"] += delta
                                break
                            except ese.WriteConflict:
                                pass
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=transfer, args=(seed,)) for seed in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert sum(row["balance"] for row in table) == accounts * 100


def test_leaving_while_a_transaction_is_open_undoes_it(tmp_path: Path) -> None:
    path = tmp_path / "open.edb"
    with ese.open(path, "w") as db:
        table = db.create_table("t", {"n": int})
        table.insert(n=1)
        transaction = db.transaction()
        table.insert(n=2)
    assert transaction.closed
    with ese.open(path) as db:
        assert [row["n"] for row in db["t"]] == [1]
