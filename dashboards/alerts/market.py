"""Alerts of the market."""

from dashboards.alert import Above, Alert, Below, Outside
from dashboards.alerts.windows import DAY, HOUR, MINUTE, newest
from dashboards.community import naming as community
from dashboards.influxql import Query, aggregate, moving_average
from dashboards.market import naming as market
from wire.telemetry.community import Clearing, Ledger, Members, Round, SharedStorage

MARKET = (
    Alert(
        title="Rounds are late",
        severity="critical",
        area="market",
        query=newest(Round, aggregate("sum", Round.is_late), Round.community, Round.stage),
        window_s=HOUR,
        reduce="last",
        fires=Above(value=0),
        pending="0s",
        no_data="OK",
        summary="{{ .Labels.community }}, {{ .Labels.stage }}: awards came more than 5 s after the gate",
        action="Look at processor and disk of the broker; a slow disk is the usual cause. Nobody lost an order.",
        panel=(market.UID, market.LATENCY),
    ),
    Alert(
        title="Rounds have stopped",
        severity="critical",
        area="market",
        query=Query(
            source=Round,
            columns=(moving_average(aggregate("count", Round.orders), 2),),
            by=(Round.community,),
            every="1h",
            fill="0",
        ),
        window_s=2 * DAY,
        reduce="last",
        fires=Below(value=0.5),
        pending="5m",
        no_data="OK",
        summary="{{ .Labels.community }}: no gate has closed for more than an hour",
        action="Is the broker running, is its disk full? Homes go on with their tariffs.",
        panel=(market.UID, market.LATENCY),
    ),
    Alert(
        title="Rounds are void",
        severity="warning",
        area="market",
        query=newest(Clearing, aggregate("mean", Clearing.is_no_market), Clearing.community, Clearing.stage),
        window_s=HOUR,
        reduce="last",
        fires=Above(value=0.5),
        pending="0s",
        no_data="OK",
        summary="{{ .Labels.community }}, {{ .Labels.stage }}: most rounds of the last hour had no market",
        action="Trading is paused, prices of the grid are missing, feed-in is above retail, or rounds were cleared "
        "after their slot: see the log.",
        panel=(market.UID, market.VOID),
    ),
    Alert(
        title="Ledger does not sum",
        severity="critical",
        area="market",
        query=newest(Ledger, aggregate("last", Ledger.sum_nano), Ledger.community),
        window_s=15 * MINUTE,
        reduce="last",
        fires=Outside(low=-0.5, high=0.5),
        pending="0s",
        no_data="OK",
        summary="{{ .Labels.community }}: the balances sum to {{ .Values.B }} nano instead of 0",
        action="Pause the market, keep the state directory as it is, replay the journal and report what it says.",
        panel=(market.UID, market.LEDGER),
    ),
    Alert(
        title="Checkpoint is old",
        severity="warning",
        area="market",
        query=newest(Ledger, aggregate("min", Ledger.checkpoint_age_s), Ledger.community),
        window_s=10 * MINUTE,
        reduce="last",
        fires=Above(value=HOUR),
        pending="5m",
        no_data="OK",
        summary="{{ .Labels.community }}: no signed checkpoint of the log for more than an hour",
        action="Slots are not being settled or the broker does not reach its MQTT server: see rounds and messages.",
        panel=(market.UID, market.CHECKPOINT),
    ),
    Alert(
        title="Members are silent",
        severity="warning",
        area="market",
        query=newest(
            Members, aggregate("last", Members.silent) / aggregate("last", Members.enrolled), Members.community
        ),
        window_s=10 * MINUTE,
        reduce="last",
        fires=Above(value=0.2),
        pending="15m",
        no_data="OK",
        summary="{{ .Labels.community }}: more than a fifth of the members have been silent for two slots",
        action="Many at once: MQTT server, certificates, network. One: its meter process. They are settled on "
        "estimates.",
        panel=(community.UID, community.SILENT),
    ),
    Alert(
        title="Storage does not follow",
        severity="warning",
        area="market",
        query=newest(SharedStorage, aggregate("mean", SharedStorage.is_astray), SharedStorage.community),
        window_s=4 * HOUR,
        reduce="last",
        fires=Above(value=0.5),
        pending="15m",
        no_data="OK",
        summary="{{ .Labels.community }}: in most slots of the last four hours the shared storage did not do what it "
        "was told",
        action="Look at the storage's home and its battery. It pays for what it does not do; members keep what was "
        "granted.",
        panel=(community.UID, community.STORAGE),
    ),
)
