"""Telemetry of a home: power, devices, decisions, plan, forecasts, money. Power into a device or home is positive."""

from wire.telemetry.declaration import Measurement, Tag, Writer, real, text, whole, yes

SITE = "the home, `[telemetry] site`"
METER = "the home's meter, as the community names it"
DEVICE = "the device's id in the home's configuration"
LEAD = "`last`: as expected shortly before the slot; `day`: as expected about a day before it"


class Grid(Measurement, name="grid", writer=Writer.METER):
    """The site meter, every 10 s."""

    site = Tag(SITE)
    meter = Tag(METER)
    power_w = whole("W", "power from the grid, negative into it")
    import_wh = whole("Wh", "cumulative register of energy from the grid")
    export_wh = whole("Wh", "cumulative register of energy into the grid")
    quality = text("`good`, `suspect`, `display_only`, `invalid`")
    is_good = yes("the quality is good")


class SlotEnergy(Measurement, name="slot_energy", writer=Writer.HOME_EXPORT, stamp="slot"):
    """What a slot took from the grid and gave to it: differences of registers at its ends."""

    site = Tag(SITE)
    meter = Tag(METER)
    import_wh = whole("Wh", "energy from the grid")
    export_wh = whole("Wh", "energy into the grid")
    net_wh = whole("Wh", "import less export")


class SlotMeans(Measurement, name="slot_means", writer=Writer.MANAGER, stamp="slot"):
    """Mean powers of a slot: the past that forecasts are made from."""

    site = Tag(SITE)
    load_kw = real("kW", "load beside the known devices")
    generation_kw = real("kW", "generation that was available")


class Device(Measurement, name="device", writer=Writer.MANAGER):
    """What a device measures, every tick of the energy manager."""

    site = Tag(SITE)
    device = Tag(DEVICE)
    kind = Tag("battery, pv, ev, zone, lighting, appliance")
    power_w = whole("W", "power into the device, negative out of it")
    available_w = whole("W", "what a generator could give now")
    lease_w = whole("W", "power that it was commanded to take; none when it runs by itself")
    soc = real("1", "state of charge, 0 to 1")
    temp_c = real("C", "temperature of the zone")
    outdoor_temp_c = real("C", "outdoor temperature at its sensor")
    daylight_lux = real("lux", "daylight at its sensor")
    is_plugged_in = yes("a car is plugged in")
    energy_needed_wh = whole("Wh", "energy that the plugged-in car still needs")
    is_running = yes("an appliance's programme runs")


class Decision(Measurement, name="decision", writer=Writer.MANAGER):
    """What was decided for a device, and why."""

    site = Tag(SITE)
    device = Tag(DEVICE)
    power_kw = real("kW", "power decided")
    price_per_kwh = real("currency/kWh", "price that the decision reacts to")
    worth_per_h = real("currency/h", "what following it is worth")
    code = text("reason code")
    reason = text("the reason as a sentence")


class Ladder(Measurement, name="ladder", writer=Writer.MANAGER):
    """On which rung of the fallback ladder a decision stood."""

    site = Tag(SITE)
    rung = text("`plan`, `last_plan`, `rules`")
    level = whole("", "0 plan, 1 last plan, 2 rules: above 0 planning failed")


class Offer(Measurement, name="offer", writer=Writer.MANAGER):
    """What was offered, or not, in the stages beside the auctions of simple orders."""

    site = Tag(SITE)
    code = text("reason code")
    about = text("the call, contract or block")
    reason = text("the reason as a sentence")


class Planning(Measurement, name="planning", writer=Writer.MANAGER):
    """A plan that was made for the market."""

    site = Tag(SITE)
    status = text("`optimal`, `feasible`, `fallback`")
    is_fallback = yes("no plan could be made")
    objective = real("currency", "cost of the horizon as planned")
    slots = whole("", "length of the horizon")


class Plan(Measurement, name="plan", writer=Writer.MANAGER, stamp="slot"):
    """The plan for a slot."""

    site = Tag(SITE)
    lead = Tag(LEAD)
    net_wh = whole("Wh", "planned energy from the grid, negative into it")
    marginal_per_kwh = real("currency/kWh", "what one more kWh is worth in the plan")


class PlannedDevice(Measurement, name="plan_device", writer=Writer.MANAGER, stamp="slot"):
    """The plan of a device for a slot, as last made before it."""

    site = Tag(SITE)
    device = Tag(DEVICE)
    kind = Tag("battery, pv, ev, zone, lighting, appliance")
    power_kw = real("kW", "planned power into the device")
    soc = real("1", "planned state of charge at the slot's end, 0 to 1")
    temp_c = real("C", "planned temperature at the slot's end")


class PlanError(Measurement, name="plan_error", writer=Writer.MANAGER, stamp="slot"):
    """What the energy manager saw at the meter against planned net energy of a slot that is over."""

    site = Tag(SITE)
    lead = Tag(LEAD)
    planned_wh = whole("Wh", "planned net energy")
    metered_wh = whole("Wh", "net energy by the mean of the powers seen")
    error_wh = whole("Wh", "metered less planned")


class Price(Measurement, name="price", writer=Writer.MANAGER, stamp="slot"):
    """Prices of a slot as the home's plan knew or expected them."""

    site = Tag(SITE)
    retail_per_kwh = real("currency/kWh", "price of energy from the grid")
    feed_in_per_kwh = real("currency/kWh", "price of energy into the grid")
    local_per_kwh = real("currency/kWh", "price expected in the local market")


class Forecast(Measurement, name="forecast", writer=Writer.MANAGER, stamp="slot"):
    """What a slot was expected to bring."""

    site = Tag(SITE)
    quantity = Tag("`load` or `generation`")
    lead = Tag(LEAD)
    expected_kw = real("kW", "mean")
    low_kw = real("kW", "10 % quantile")
    high_kw = real("kW", "90 % quantile")


class ForecastError(Measurement, name="forecast_error", writer=Writer.MANAGER, stamp="slot"):
    """Measured against expected power of a slot that is over."""

    site = Tag(SITE)
    quantity = Tag("`load` or `generation`")
    lead = Tag(LEAD)
    expected_kw = real("kW", "mean that was expected")
    measured_kw = real("kW", "mean that was measured")
    error_kw = real("kW", "measured less expected")
    abs_error_kw = real("kW", "size of the error")
    is_outside = yes("measured below the 10 % or above the 90 % quantile; none where no quantiles were kept")


class HomeAward(Measurement, name="home_award", writer=Writer.METER, stamp="slot"):
    """What a round of the market awarded to the home."""

    site = Tag(SITE)
    meter = Tag(METER)
    stage = Tag("stage of the market calendar")
    round = Tag("number of the round in its stage")
    bought_wh = whole("Wh", "energy bought")
    sold_wh = whole("Wh", "energy sold")
    position_wh = whole("Wh", "held in the slot after it from all stages, + bought")
    price_micro_per_kwh = whole("micro-currency/kWh", "price; none where several were paid")
    amount_nano = whole("nano-currency", "what it costs, negative when received")
    reason = text("`traded`, `part_traded`, `not_competitive`, ...")


class HomeMoney(Measurement, name="home_money", writer=Writer.METER, stamp="slot"):
    """What a slot cost the home, corrections included, beside what the tariff alone would have cost."""

    site = Tag(SITE)
    meter = Tag(METER)
    total_nano = whole("nano-currency", "paid by the home, negative when received")
    tariff_nano = whole("nano-currency", "metered energy at retail and feed-in prices alone")
    saved_nano = whole("nano-currency", "tariff less total")
    award_wh = whole("Wh", "energy held from the market, + bought")
    metered_wh = whole("Wh", "metered net energy, + import")
    imbalance_wh = whole("Wh", "metered less awarded")
    is_estimated = yes("settled on an estimate")
    corrections = whole("", "number of corrections so far")


class Metering(Measurement, name="metering", writer=Writer.METER):
    """How the meter process fares, every minute."""

    site = Tag(SITE)
    meter = Tag(METER)
    reading_age_s = real("s", "since the meter last answered")
    readings = whole("", "readings since the start of the process")
    failed_reads = whole("", "failed readings since the start of the process")
    unanswered = whole("", "messages that the broker has not receipted")
    oldest_unanswered_s = real("s", "age of the slot of the oldest of them; 0 without any")
    is_mqtt_connected = yes("connected to the MQTT server; none without a market")
    is_home_connected = yes("the energy manager is connected")
    violations = whole("", "findings against the market operator since the start of the process")


class Managing(Measurement, name="managing", writer=Writer.MANAGER):
    """How the energy manager fares, every minute."""

    site = Tag(SITE)
    devices = whole("", "devices that are configured")
    silent_devices = whole("", "devices that did not answer last time")
    leases = whole("", "devices that hold a command")
    step_s = real("s", "longest step since the last point")
    late_s = real("s", "longest delay of a step after its time since the last point")
    is_meter_connected = yes("linked to the meter process; none without a market")
    plan_age_s = real("s", "since the newest plan was made; none before the first")
    weather_age_s = real("s", "since the newest weather forecast was issued; none without any")
    history_slots = whole("", "slots that forecasts are made from")
