"""A home, its measurements and its day in the market, for tests of what the page shows."""

from hems.control.house_view.market_day import RoundView
from hems.control.house_view.money import Sum
from hems.control.house_view.notices import Contact
from hems.control.house_view.now import NowView, now_view
from hems.control.house_view.plan_view import Lane, PlanView
from hems.control.house_view.snapshot import HouseSnapshot, Wishes
from hems.control.household.options import options
from hems.control.household.overrides import Override
from hems.io.page.content import Content
from hems.io.page.money_section import MoneyView
from hems.metering.image import DeviceImage, SiteImage, Stay
from hems.site.home import BatteryUnit, ComfortPeriod, EvUnit, Home, PvUnit, ZoneUnit

AT_S = 1_795_874_400  # 2026-11-28T14:00:00Z
COMFORT = ComfortPeriod(from_hour=0, to_hour=24, temp_min_c=20, temp_max_c=23)
HOME = Home(
    meter="h7",
    timezone="Europe/Berlin",
    units=(
        PvUnit(id="roof"),
        BatteryUnit(id="battery", capacity_kwh=10, charge_kw_max=5, discharge_kw_max=5),
        EvUnit(id="car", charge_kw_max=11),
        ZoneUnit(
            id="living",
            mode="heat",
            electric_kw_max=4,
            cop=3,
            thermal_capacity_kwh_per_k=6,
            thermal_resistance_k_per_kw=6,
            comfort=(COMFORT,),
        ),
    ),
)


def image(at_s: int = AT_S, grid_w: float = 1200.0, **powers_w: float) -> SiteImage:
    """An image; without powers the roof gives 2 kW and the battery takes 1.5 kW."""
    given = powers_w or {"roof": -2000.0, "battery": 1500.0, "car": 0.0, "living": 0.0}
    stay = Stay(energy_needed_wh=14_500, departure_s=AT_S + 40_000)
    known = {
        "battery": {"soc": 0.62},
        "car": {"stay": stay},
        "living": {"temp_c": 20.4},
        "roof": {"available_w": -given.get("roof", 0.0)},
    }
    devices = {name: DeviceImage(power_w=w, **known[name]) for name, w in given.items()}  # type: ignore[arg-type]
    return SiteImage(at_s=at_s, grid_w=grid_w, devices=devices)


def plan() -> PlanView:
    """Four measured and 96 planned slots."""
    n = 100
    return PlanView(
        start_s=AT_S - 4 * 900,
        slot_minutes=15,
        now_slot=4,
        now=4.0,
        status="optimal",
        retail=tuple(0.32 + 0.09 * (20 <= k < 36) for k in range(n)),
        feed_in=(0.08,) * n,
        expected=(None,) * 5 + (0.2,) * (n - 5),
        grid_kw=tuple(0.5 if k % 7 else -0.5 for k in range(n)),
        lanes=(
            Lane(name="", kind="house", kw=(0.6,) * n),
            Lane(name="roof", kind="pv", kw=(-1.0,) * 20 + (0.0,) * (n - 20)),
            Lane(name="battery", kind="battery", kw=(None,) * 4 + (1.0,) * (n - 4)),
        ),
        soc=(Lane(name="battery", kind="battery", kw=(None,) * 4 + (0.62,) * (n - 4)),),
        cost=1.5,
    )


def one_round(start_s: int = AT_S, **changes: object) -> RoundView:
    """A round with trade in which the home bought."""
    fields: dict[str, object] = {
        "start_s": start_s,
        "stage": "intraday",
        "mechanism": "uniform_price_k_double_auction",
        "outcome": "cleared",
        "price": 0.2134,
        "volume_kwh": 3.2,
        "orders": 9,
        "demand": ((0.32, 2.0), (0.25, 2.0)),
        "supply": ((0.08, 3.0), (0.2, 2.0)),
        "asked": ((0.29, 0.8),),
        "bought_kwh": 0.8,
        "sold_kwh": 0.0,
        "own_price": 0.2134,
        "reason": "traded",
        "pseudonym": "83d8b78a" * 4,
    }
    return RoundView(**{**fields, **changes})  # type: ignore[arg-type]


def now(override: Override | None = None) -> NowView:
    """The moment of `image()`, nothing decided yet."""
    return now_view(HOME, image(), None, () if override is None else (override,))


def snapshot(**changes: object) -> HouseSnapshot:
    """A moment without anything the matter."""
    fields: dict[str, object] = {
        "at_s": AT_S,
        "slot_minutes": 15,
        "now": now(),
        "plan": plan(),
        "contact": Contact(trades=True, is_linked=True, heard_s=AT_S),
        "notices": (),
        "wishes": Wishes(options=options(HOME)),
        "price_now": 0.32,
        "feed_in_now": 0.08,
    }
    return HouseSnapshot(**{**fields, **changes})  # type: ignore[arg-type]


def content(of: HouseSnapshot | None = None, **changes: object) -> Content:
    """A page with everything on it."""
    today = HOME.local_day(AT_S)
    days = {
        today: Sum(bill=1.2, charges=0.1, alone=2.0, spent=0.05, import_kwh=5.0, bought_kwh=2.0, settled=40),
        today - 1: Sum(bill=-0.4, alone=-0.1, export_kwh=9.0, sold_kwh=4.0, settled=96),
    }
    fields: dict[str, object] = {
        "home": HOME,
        "snapshot": of or snapshot(),
        "money": MoneyView(today=today, days=days, trades=True),
        "rounds": (one_round(AT_S - 900, price=None, outcome="no_trade", volume_kwh=0.0), one_round()),
    }
    return Content(**{**fields, **changes})  # type: ignore[arg-type]
