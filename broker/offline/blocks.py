"""The document of a day-ahead auction: simple orders of every slot, block orders, the place of the price."""

from typing import Any

from broker.clearing.block_orders import WHOLE, BlockOrder, block_problems
from broker.clearing.blocks import DayOutcome, clear_day
from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Rules
from broker.offline.decimal_book import Finding
from broker.offline.fields import NANO, Fields, top
from wire.quantities import kwh, price_per_kwh

ORDER = '{"id": "home-1", "price": 0.21, "qty": 1.5}'
BLOCK = '{"id": "b1", "participant": "home-1", "side": "sell", "price": 0.1, "quantities": [0, 1, 1]}'


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Prices, trades and accepted blocks of the day, or everything that is wrong with the document."""
    fields = top(document, f'{{"slots": [{{"bids": [{ORDER}], "offers": []}}], "blocks": [{BLOCK}]}}')
    k = fields.number("k", "parts from 0 to 1", least=0, most=1, default="0.5")
    books = [
        Book(*(book_side(_orders(slot, key)) for key in ("bids", "offers")))
        for slot in fields.rows("slots", f'{{"bids": [{ORDER}], "offers": []}}')
    ]
    rows = fields.rows("blocks", BLOCK, default=[])
    blocks = [_block(row) for row in rows]
    problems = block_problems(blocks, len(books)) if not fields.findings else {}
    for row, block in zip(rows, blocks, strict=True):
        if block.id in problems:
            row.wrong("id", f"block {block.id[:40]!r}: {problems[block.id]}", "correct the block or leave it out")
    return fields.findings or _result(clear_day(books, blocks, Rules(k=k)))


def _orders(slot: Fields, key: str) -> list[Step]:
    return [Step(row.text("id"), row.micro("price"), row.wh("qty", least=0)) for row in slot.rows(key, ORDER)]


def _block(row: Fields) -> BlockOrder:
    ratio = row.whole("accepted_min", "parts of 1", WHOLE, default=1)
    return BlockOrder(
        id=row.text("id"),
        key=row.text("participant"),
        is_buy=row.text("side", among=("buy", "sell")) == "buy",
        price=row.micro("price"),
        profile=tuple((slot, wh) for slot, wh in enumerate(row.list_wh("quantities", least=0)) if wh),
        accepted_min=ratio,
        parent=row.text("parent") if "parent" in row.entry else None,
        group=row.text("group") if "group" in row.entry else None,
    )


def _result(day: DayOutcome) -> dict[str, Any]:
    prices = [None if o.buyer_price is None else price_per_kwh(o.buyer_price) for o in day.slots]
    return {
        "prices": prices,
        "price_intervals": [
            None if o.low is None or o.high is None else [price_per_kwh(o.low), price_per_kwh(o.high)]
            for o in day.slots
        ],
        "volumes": [kwh(o.volume) for o in day.slots],
        "bought": [{name: kwh(wh) for name, wh in sorted(o.bought.items())} for o in day.slots],
        "sold": [{name: kwh(wh) for name, wh in sorted(o.sold.items())} for o in day.slots],
        "accepted_blocks": {name: float(ratio) for name, ratio in day.ratios.items()},
        "rejected_in_the_money": list(day.rejected_in_the_money),
        "welfare": day.welfare / NANO,
        "welfare_bound": day.bound / NANO,
        "note": day.note,
    }
