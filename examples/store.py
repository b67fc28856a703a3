#!/usr/bin/env python3
"""A small shop: a table of goods and one of orders, transactions that sell, and counters shared by threads.

usage: store.py FILE      the shop is in FILE.shop, which is made for the time of the program
"""

import sys
import threading
from pathlib import Path

import ese

GOODS = [("cards", 12_0000, 500), ("wheels", 45_5000, 40), ("engine", 9999_0000, 1)]


def create(db: ese.Database) -> None:
    db.create_table(
        "goods",
        {"name": ese.Text(60, not_null=True), "price": ese.Currency(), "stock": ese.Long(not_null=True)},
        primary_key="name",
    ).insert_many(GOODS, columns=["name", "price", "stock"])
    db.create_table(
        "orders",
        {"id": ese.LongLong(autoincrement=True), "customer": str, "total": ese.Currency(), "items": list[str]},
        primary_key="id",
        indexes={"byCustomer": ["customer", "-total"], "byItem": ese.Key("items", ignore_null=True)},
    )


def sell(db: ese.Database, customer: str, basket: dict[str, int]) -> int:
    """An order, or nothing at all: what is missing from the shelf leaves everything as it was."""
    goods, orders = db["goods"], db["orders"]
    while True:
        try:
            with db.transaction():
                total = 0
                for name, n in basket.items():
                    with goods.update(name) as row:
                        if row["stock"] < n:
                            raise LookupError(f"only {row['stock']} {name} left")
                        row["stock"] -= n
                        total += n * row["price"]
                number: int = orders.insert(customer=customer, total=total, items=sorted(basket))
                return number
        except ese.WriteConflict:
            pass  # somebody else took from the same shelf: look again


def main(path: Path) -> None:
    with ese.open(path, "w") as db:
        create(db)
        print("order", sell(db, "Ada", {"cards": 100, "wheels": 4}))
        try:
            sell(db, "Charles", {"cards": 1, "engine": 2})
        except LookupError as reason:
            print("no order:", reason)

        def customer(name: str) -> None:
            with db.session.dup() as session, session.open(path, "r+") as mine:
                for _ in range(20):
                    sell(mine, name, {"cards": 2})

        threads = [threading.Thread(target=customer, args=(name,)) for name in ("Grace", "Mary", "Joan")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with ese.open(path) as db:
        for row in db["goods"]:
            print(f"{row['name']:8} {row['price'] / 10000:8.2f} {row['stock']:4}")
        orders = db["orders"]
        print(len(orders), "orders, with wheels:", [row["id"] for row in orders.index("byItem").equal("wheels")])
        best = next(iter(orders.index("byCustomer").equal("Ada")))
        print(f"the largest of Ada: {best['total'] / 10000:.2f}")
        assert db["goods"]["cards"]["stock"] == 500 - 100 - 3 * 20 * 2


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    shop = Path(sys.argv[1] + ".shop")
    main(shop)
    shop.unlink()
