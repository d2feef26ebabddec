"""What becomes of the storage that the members share; empty where they share none."""

from dashboards import look
from dashboards.charts import chart
from dashboards.community.naming import SLOT, STORAGE, ask
from dashboards.influxql import INTERVAL, aggregate
from dashboards.page import Row
from dashboards.panels import rows
from wire.telemetry.community import SharedStorage, StorageAccount

NO_STORAGE = "The members share no storage"


def storage() -> Row:
    """One row of the dashboard."""
    return "Shared storage", [
        chart(
            "Charge of the shared storage",
            "What all accounts hold after each slot, and what they can hold. Always full or always empty: it is too "
            "small, or members cannot tell when it is worth something.",
            (ask(SharedStorage, aggregate("last", SharedStorage.charge_wh), every=INTERVAL), "in the accounts"),
            (ask(SharedStorage, aggregate("last", SharedStorage.capacity_wh), every=INTERVAL), "capacity"),
            unit=look.WATT_HOUR, style="steps", at_least=SLOT, dashed="capacity", zero_based=True, empty=NO_STORAGE,
        ),
        chart(
            STORAGE,
            "What the storage was told to take (+) or give (-), and by how much its meter and its own trades differ "
            "from it. A deviation that lasts: it does not follow, or it holds less than its accounts.",
            (ask(SharedStorage, aggregate("sum", SharedStorage.flow_wh), every=INTERVAL), "told"),
            (ask(SharedStorage, aggregate("sum", SharedStorage.deviation_wh), every=INTERVAL), "deviation"),
            unit=look.WATT_HOUR, style="steps", at_least=SLOT, empty=NO_STORAGE,
        ),
        chart(
            "Granted to members",
            "Energy that members charge and discharge by their accounts, and what is lost from these. What passes "
            "from one to another does not flow.",
            (ask(SharedStorage, aggregate("sum", SharedStorage.charged_wh), every=INTERVAL), "charged"),
            (ask(SharedStorage, -aggregate("sum", SharedStorage.discharged_wh), every=INTERVAL), "discharged"),
            (ask(SharedStorage, aggregate("sum", SharedStorage.losses_wh), every=INTERVAL), "losses"),
            unit=look.WATT_HOUR, style="steps", at_least=SLOT, empty=NO_STORAGE, width=8,
        ),
        chart(
            "Requests to the storage",
            "Members that asked for something in a slot, and those of them that got less. Most are cut: its power or "
            "the shares are too small for what members want at once.",
            (ask(SharedStorage, aggregate("sum", SharedStorage.requests), every=INTERVAL), "asked"),
            (ask(SharedStorage, aggregate("sum", SharedStorage.cut), every=INTERVAL), "cut"),
            unit=look.COUNT, style="steps", at_least=SLOT, zero_based=True, empty=NO_STORAGE, width=8,
        ),
        rows(
            "Accounts of members",
            "What each member's account held last, of which share, and what it asked for and was granted in the time "
            "shown. Filled by a broker with `[telemetry] members = true`.",
            ask(
                StorageAccount, aggregate("last", StorageAccount.level_wh).named("account"),
                aggregate("last", StorageAccount.share_wh).named("share"),
                aggregate("sum", StorageAccount.requested_wh).named("asked"),
                aggregate("sum", StorageAccount.granted_wh).named("granted"),
                by=(StorageAccount.meter,),
            ),
            units=dict.fromkeys(("account", "share", "asked", "granted"), look.WATT_HOUR),
            show_time=False, empty="No storage is shared, or the broker sends no points of single members", width=8,
        ),
    ]  # fmt: skip
