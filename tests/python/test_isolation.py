"""What transactions must not see, each anomaly tried; and a bank whose sum never changes."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import ese
import pytest

ACCOUNTS, OPENING, TELLERS, TRANSFERS = 32, 1000, 4, 60


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[ese.Database, ese.Database]]:
    """One table of (id, number) in two sessions, the second one a duplicate of the first."""
    with ese.Instance("isolation", directory=tmp_path / "instance", recovery=False) as instance:
        first = instance.session()
        one = first.open(tmp_path / "t.edb", "w")
        table = one.create_table(
            "t", {"id": "long", "number": "long"}, primary_key="id", indexes={"byNumber": "number"}
        )
        table.insert_many([(k, 100 - k) for k in range(1, 10, 2)], columns=["id", "number"])
        yield one, first.dup().open(tmp_path / "t.edb", "r+")


def test_no_dirty_read(pair: tuple[ese.Database, ese.Database]) -> None:
    one, two = pair
    with one.transaction() as transaction:
        one["t"].insert(id=2, number=2)
        with one["t"].update(1) as row:
            row["number"] = -1
        del one["t"][3]
        assert two["t"].get(2) is None
        assert two["t"][1]["number"] == 99
        assert len(two["t"]) == 5
        transaction.rollback()
    assert [row["id"] for row in one["t"]] == [1, 3, 5, 7, 9]


def test_reads_repeat_and_no_phantom_appears(pair: tuple[ese.Database, ese.Database]) -> None:
    one, two = pair
    with two.transaction():
        one["t"].insert(id=4, number=96)
        del one["t"][5]
        assert [row["id"] for row in two["t"]] == [1, 3, 5, 7, 9]
        assert [row["id"] for row in two["t"].index("byNumber")] == [9, 7, 5, 3, 1]
        assert [row["id"] for row in two["t"].index().range(3, 6)] == [3, 5]
    assert [row["id"] for row in two["t"]] == [1, 3, 4, 7, 9]
    assert [row["id"] for row in two["t"].index("byNumber")] == [9, 7, 4, 3, 1]


def test_no_lost_update_and_no_dirty_write(pair: tuple[ese.Database, ese.Database]) -> None:
    one, two = pair
    with two.transaction():
        with one["t"].update(1) as row:
            row["number"] += 1
        with pytest.raises(ese.WriteConflict), two["t"].update(1) as row:
            row["number"] += 1
    with one.transaction():
        del one["t"][1]
        with pytest.raises(ese.WriteConflict):
            del two["t"][1]
    assert two["t"].get(1) is None


def test_a_read_lock_prevents_write_skew(pair: tuple[ese.Database, ese.Database]) -> None:
    one, two = pair
    with one.transaction():
        assert one["t"].seek(1)
        one["t"].lock(write=False)
        with pytest.raises(ese.WriteConflict), two["t"].update(1) as row:
            row["number"] = 0
    assert two["t"][1]["number"] == 99


def transfer(db: ese.Database, chance: random.Random) -> None:
    try:
        with db.transaction() as transaction:
            amount = chance.randrange(100)
            for account, sign in zip(chance.sample(range(ACCOUNTS), 2), (-1, 1), strict=True):
                with db["bank"].update(account) as row:
                    row["balance"] += sign * amount
            if chance.randrange(4) == 0:
                transaction.rollback()
    except ese.WriteConflict:
        pass


def test_the_sum_of_a_bank_never_changes(tmp_path: Path) -> None:
    path, sums = tmp_path / "bank.edb", []
    with ese.Instance("bank", directory=tmp_path / "instance", recovery=False) as instance:
        session = instance.session()
        db = session.open(path, "w")
        bank = db.create_table("bank", {"id": "long", "balance": "long"}, primary_key="id")
        bank.insert_many([(k, OPENING) for k in range(ACCOUNTS)], columns=["id", "balance"])

        def work(own: ese.Session, seed: int) -> None:
            chance = random.Random(seed)
            with own, own.open(path, "r+") as mine:
                for _ in range(TRANSFERS):
                    transfer(mine, chance)
                    with mine.transaction(read_only=True):
                        sums.append(sum(row["balance"] for row in mine["bank"]))

        threads = [threading.Thread(target=work, args=(session.dup(), seed)) for seed in range(TELLERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sums == [ACCOUNTS * OPENING] * (TELLERS * TRANSFERS)
