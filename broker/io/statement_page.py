"""A statement as one self-contained page that prints on A4: no script, no font, no picture from anywhere."""

from dataclasses import dataclass
from fractions import Fraction
from html import escape
from itertools import pairwise

from broker.settlement.statement import ItemSum, Statement
from wire.quantities import NANO_PER_UNIT, WH_PER_KWH
from wire.slots import format_utc, parse_utc

ITEMS = {
    "award": "Traded in the community",
    "contract": "Contracts with other members",
    "flexibility": "Called flexibility",
    "ancillary": "Standing by and activation",
    "imbalance": "Shared in the community",
    "outside": "Energy with the outside supplier",
    "donation": "Donated energy",
    "storage": "Community storage",
    "penalty": "Penalties for deviations",
    "network_charge": "Network charges",
    "levy": "Levies",
    "fee": "Fees",
    "incentive": "Incentives",
    "tax": "Taxes",
    "correction": "Corrections of earlier settlements",
}
STYLE = """
@page { size: A4; margin: 18mm 16mm 16mm }
* { box-sizing: border-box }
body { font: 10pt/1.4 system-ui, "DejaVu Sans", Arial, sans-serif; color: #1b1f24; margin: 0 auto; max-width: 178mm }
@media screen { body { padding: 12mm 8mm } }
header { display: flex; justify-content: space-between; gap: 8mm; border-bottom: 2px solid #1d5c4d }
h1 { font-size: 18pt; margin: 0 0 1mm } h2 { font-size: 11.5pt; margin: 7mm 0 1.5mm; break-after: avoid }
p { margin: 1mm 0 2mm } .quiet { color: #59626b; font-size: 8.5pt }
.due { text-align: right; padding-bottom: 3mm }
.due strong { display: block; font-size: 20pt; line-height: 1.25; white-space: nowrap; color: #1b1f24 }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th { text-align: left; font-weight: 600; font-size: 8.5pt; color: #59626b; border-bottom: 1px solid #9aa4ad }
th, td { padding: 1mm 1.5mm; vertical-align: top } td { border-bottom: 1px solid #e3e7ea }
tr { break-inside: avoid } thead { display: table-header-group }
.n { text-align: right; white-space: nowrap } tr.group td { font-weight: 600; background: #f1f5f3 }
tr.part td:first-child { padding-left: 5mm } tr.sum td { font-weight: 700; border-top: 1.5px solid #1b1f24 }
.figures { display: flex; gap: 4mm; margin: 5mm 0 } .figures div { flex: 1; background: #f1f5f3; padding: 2mm 3mm }
.figures b { display: block; font-size: 12pt; font-weight: 600; color: #1b1f24; white-space: nowrap }
.slots { columns: 3; font-size: 8.5pt; margin: 0 }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What a page says of the statement's frame; `start` and `end` are the asked bounds, "" for none.

    `begins` says that earlier records are erased, "" where none are.
    """

    community: str
    currency: str
    slot_minutes: int
    start: str = ""
    end: str = ""
    begins: str = ""


def page(result: Statement, heading: Heading) -> str:
    """The page as HTML."""
    title = f"Statement {result.meter}"
    verb = "to pay" if result.total_nano >= 0 else "to receive"
    body = "".join(
        [
            f"<header><div><h1>Statement</h1><p>{escape(heading.community)} · ",
            f"meter <b>{escape(result.meter)}</b><br>",
            f"{_period(result, heading)}</p></div>",
            f'<div class="due quiet">{verb}<strong>{abs(result.payable):,} {heading.currency}</strong>',
            "rounded once, to the cent</div></header>",
            _figures(result),
            _sums(result, heading.currency),
            _taxes(result, heading.currency),
            _notes(result),
            _estimated(result, heading.slot_minutes),
            _days(result, heading.currency),
            _corrections(result, heading.currency),
            f'<p class="quiet">Every amount is exact to 0.000000001 {heading.currency}, shown with four decimals; ',
            "sums are taken of the exact amounts. Positive amounts are paid by the member, negative ones received. ",
            "Times and days are UTC. The line of every slot, with its place in the public log, is in the CSV and ",
            "JSON form of this statement.</p>",
        ]
    )
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return f'<!doctype html>\n<html lang="en"><head>{head}{view}</head><body>{body}</body></html>\n'


def _period(result: Statement, heading: Heading) -> str:
    first = heading.start or (result.days[0].day if result.days else "")
    last = f"before {heading.end}" if heading.end else f"through {result.days[-1].day}" if result.days else ""
    slots = f"{result.slots:,} slots of {heading.slot_minutes} minutes"
    begins = f"; {heading.begins}" if heading.begins else ""
    return escape((f"from {first} {last}, {slots}" if first else slots) + begins)


def _kwh(energy_wh: int) -> str:
    return f"{energy_wh / WH_PER_KWH:,.3f}"


def _money(nano: int) -> str:
    """Four decimals, rounded half even from the exact amount."""
    ticks = round(Fraction(nano, 100_000))
    sign = "−" if ticks < 0 else ""
    return f"{sign}{abs(ticks) // 10_000:,}.{abs(ticks) % 10_000:04d}"


def _exact(nano: int) -> str:
    return f"{'−' if nano < 0 else ''}{abs(nano) // NANO_PER_UNIT:,}.{abs(nano) % NANO_PER_UNIT:09d}"


def _figures(result: Statement) -> str:
    figures = (
        ("Drawn from the grid", result.drawn_wh),
        ("Fed into the grid", result.fed_in_wh),
        ("Bought by auction", result.bought_wh),
        ("Sold by auction", result.sold_wh),
    )
    cells = (f'<div class="quiet">{name}<b>{_kwh(energy)} kWh</b></div>' for name, energy in figures)
    return f'<div class="figures">{"".join(cells)}</div>'


def _row(cells: list[str], kind: str = "", numbers_from: int = 1) -> str:
    tag = f' class="{kind}"' if kind else ""
    shown = (f'<td class="n">{c}</td>' if i >= numbers_from else f"<td>{c}</td>" for i, c in enumerate(cells))
    return f"<tr{tag}>{''.join(shown)}</tr>"


def _table(head: list[str], rows: list[str], numbers_from: int = 1) -> str:
    shown = (f'<th class="n">{h}</th>' if i >= numbers_from else f"<th>{h}</th>" for i, h in enumerate(head))
    return f"<table><thead><tr>{''.join(shown)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _sums(result: Statement, currency: str) -> str:
    rows = []
    for item in dict.fromkeys(s.item for s in result.items):
        parts = [s for s in result.items if s.item == item]
        total = sum(s.amount_nano for s in parts)
        if len(parts) == 1 and not parts[0].label:
            rows.append(_row([ITEMS.get(item, item), *_energies(parts[0]), _money(total)], "group"))
            continue
        rows.append(_row([ITEMS.get(item, item), "", "", _money(total)], "group"))
        rows += [_row([escape(_name(s)), *_energies(s), _money(s.amount_nano)], "part") for s in parts]
    rows.append(_row(["Sum, exact", "", "", _exact(result.total_nano)], "sum"))
    return f"<h2>Sums by item</h2>{_table(['Item', 'kWh', 'delivered kWh', currency], rows)}"


def _energies(s: ItemSum) -> list[str]:
    return [_kwh(energy) if energy else "" for energy in (s.drawn_wh, s.delivered_wh)]


def _name(s: ItemSum) -> str:
    of = ITEMS.get(s.of, s.of) if s.of else ""
    return ": ".join(text for text in (of, s.label or "") if text) or ITEMS.get(s.item, s.item)


def _taxes(result: Statement, currency: str) -> str:
    if not result.taxes:
        return ""
    rows = [_row([escape(t.label), _money(t.base_nano), _money(t.amount_nano)]) for t in result.taxes]
    return f"<h2>Taxes in percent, corrections included</h2>{_table(['Tax', f'taken of {currency}', currency], rows)}"


def _notes(result: Statement) -> str:
    if not result.notes:
        return ""
    rows = [_row([escape(n.note), f"{n.first[:10]} {n.first[11:16]}", f"{n.slots:,}"]) for n in result.notes]
    return f"<h2>What the rules noted</h2>{_table(['Note', 'first', 'slots'], rows)}"


def _corrections(result: Statement, currency: str) -> str:
    if not result.corrected:
        return ""
    rows = []
    for slot in result.corrected:
        lines = [line for line in result.lines if line.slot == slot and line.item == "correction"]
        first = sum(line.amount_nano for line in result.lines if line.slot == slot and line.item != "correction")
        change = sum(line.amount_nano for line in lines)
        quality = "still estimated" if slot in result.estimated else "measured"
        rows.append(
            _row(
                [f"{slot[:10]} {slot[11:16]}", quality, _money(first), _money(change), _money(first + change)], "", 2
            )
        )
    head = ["Slot", "Now", f"settled first, {currency}", "corrections", "final"]
    return f"<h2>Corrected slots</h2>{_table(head, rows, 2)}"


def _estimated(result: Statement, slot_minutes: int) -> str:
    if not result.estimated:
        return ""
    shown = "".join(f"{escape(text)}<br>" for text in ranges(result.estimated, slot_minutes))
    return (
        f"<h2>Estimated slots: {len(result.estimated):,}</h2><p>No measured value has come for these slots yet. "
        f"They are corrected when it comes within the time for corrections.</p>"
        f'<p class="slots">{shown}</p>'
    )


def ranges(slots: tuple[str, ...], slot_minutes: int) -> list[str]:
    """Runs of neighbouring slots as texts: first start, and the end of the last when there are more."""
    starts = [parse_utc(slot) for slot in slots]
    breaks = [i + 1 for i, (a, b) in enumerate(pairwise(starts)) if b - a != 60 * slot_minutes]
    runs = [starts[a:b] for a, b in pairwise([0, *breaks, len(starts)])]
    shown = []
    for run in runs:
        first, end = format_utc(run[0]), format_utc(run[-1] + 60 * slot_minutes)
        same_day = first[:10] == end[:10]
        shown.append(f"{first[:10]} {first[11:16]} to {'' if same_day else end[:10] + ' '}{end[11:16]}")
    return shown


def _days(result: Statement, currency: str) -> str:
    rows = [
        _row([d.day, _kwh(d.drawn_wh), _kwh(d.fed_in_wh), _kwh(d.bought_wh), _kwh(d.sold_wh), _money(d.amount_nano)])
        for d in result.days
    ]
    rows.append(
        _row(
            [
                "Sum",
                _kwh(result.drawn_wh),
                _kwh(result.fed_in_wh),
                _kwh(result.bought_wh),
                _kwh(result.sold_wh),
                _money(result.total_nano),
            ],
            "sum",
        )
    )
    head = ["Day", "drawn kWh", "fed in kWh", "bought kWh", "sold kWh", currency]
    return f"<h2>Days</h2>{_table(head, rows)}"
