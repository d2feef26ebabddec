"""Mistakes in the configuration files of home and broker."""

from benchmarks.mistakes.examples import BATTERY, MARKET, broker, command, home, then, write
from benchmarks.mistakes.mistake import Mistake

METER = ("meter", "--check")

HOME: tuple[Mistake, ...] = (
    Mistake(
        name="home file missing",
        did="names a file that is not there",
        prepare=command("hems", "run", "--config", "FOLDER/hoem.toml"),
        says=("No such file", "name the home's TOML file"),
    ),
    Mistake(
        name="home file is a folder",
        did="names the folder in place of the file",
        prepare=command("hems", "run", "--config", "FOLDER"),
        says=("Is a directory", "name the home's TOML file"),
    ),
    Mistake(
        name="home not TOML",
        did="forgets a quote",
        prepare=home(('meter = "home-1"', 'meter = "home-1')),
        says=("not TOML", r"line 2", "correct that line"),
    ),
    Mistake(
        name="home not text",
        did="saves the file as UTF-16",
        prepare=then(home(), write("home.toml", "\ufeff[home]\n".encode("utf-16"))),
        says=("not UTF-8 text", "name the home's TOML file"),
    ),
    Mistake(
        name="key misspelt",
        did="writes prot for port",
        prepare=home(("port = 1", "prot = 1")),
        says=(r"meter\.prot|meter\.modbus\.prot", "unknown key", "correct its spelling"),
    ),
    Mistake(
        name="table misspelt",
        did="writes [tarif]",
        prepare=home(("[tariff]", "[tarif]")),
        says=("tarif: unknown key", "tariff: missing: add it"),
    ),
    Mistake(
        name="text for a number",
        did='writes port = "502"',
        prepare=home(("port = 1", 'port = "502"')),
        says=(r"meter.*port", "integer"),
    ),
    Mistake(
        name="port out of range",
        did="writes port = 70000",
        prepare=home(("port = 1", "port = 70000")),
        says=(r"meter.*port", "65535"),
    ),
    Mistake(
        name="time zone unknown",
        did='writes timezone = "Wien"',
        prepare=home(("Europe/Vienna", "Wien")),
        says=("no time zone 'Wien'", "use a name such as"),
    ),
    Mistake(
        name="slot length odd",
        did="writes slot_minutes = 7",
        prepare=home(("[meter]", "slot_minutes = 7\n[meter]")),
        says=("slot_minutes", "15"),
    ),
    Mistake(
        name="price missing",
        did="leaves the import price out",
        prepare=home(("import_price_per_kwh = 0.32\n", "")),
        says=("import_price_per_kwh", "give import_price_per_kwh, or file"),
    ),
    Mistake(
        name="two devices of one id",
        did="copies a device and keeps its id",
        prepare=home(more=BATTERY + BATTERY),
        says=("device ids have to differ: battery",),
    ),
    Mistake(
        name="limits crossed",
        did="sets soc_min above soc_max",
        prepare=home(more=BATTERY + "soc_min = 0.9\nsoc_max = 0.2\nreserve_soc = 0.5\n"),
        says=("soc_m(in|ax)|reserve_soc", "lower it|raise it|lower|raise"),
    ),
    Mistake(
        name="percent for a fraction",
        did="writes soc_min = 20",
        prepare=home(more=BATTERY + "soc_min = 20\n"),
        says=("soc_min", "less than or equal to 1"),
    ),
    Mistake(
        name="device of no kind",
        did='writes kind = "boiler"',
        prepare=home(more=BATTERY.replace('"battery"\ndevice_id', '"boiler"\ndevice_id')),
        says=("kind|boiler", "battery"),
    ),
    Mistake(
        name="not a number",
        did="writes capacity_kwh = nan",
        prepare=home(more=BATTERY.replace("capacity_kwh = 10", "capacity_kwh = nan")),
        says=("capacity_kwh", "finite"),
    ),
    Mistake(
        name="broker key cut off",
        did="copies 62 of 64 digits",
        prepare=home(more=MARKET.replace("ab" * 32, "ab" * 31), words=METER),
        says=(r"market\.broker_key", "64"),
    ),
    Mistake(
        name="no market",
        did="starts the transactive meter without a [market]",
        prepare=home(words=METER),
        says=("needs the .market. table", "add|missing"),
    ),
    Mistake(
        name="price file missing",
        did="names a price file that is not there",
        prepare=home(
            ("import_price_per_kwh = 0.32\nexport_price_per_kwh = 0.08", 'file = "prices.csv"'), words=("run",)
        ),
        says=("prices.csv", "give|write|name|correct"),
    ),
    Mistake(
        name="price file of another kind",
        did="gives a CSV with other columns",
        prepare=then(
            home(("import_price_per_kwh = 0.32\nexport_price_per_kwh = 0.08", 'file = "prices.csv"'), words=("run",)),
            write("prices.csv", "date;price\n1.1.2027;32,1\n"),
        ),
        says=("prices.csv", "time_utc"),
    ),
    Mistake(
        name="password file missing",
        did="names a password file that is not there",
        prepare=home(more=MARKET + 'username = "home-1"\npassword_file = "pw"\n', words=("meter",)),
        says=(r"market\.password_file", "give an existing one"),
    ),
    Mistake(
        name="CA file missing",
        did="names a CA that is not there",
        prepare=home(more=MARKET + 'ca_file = "ca.crt"\n', words=("meter",)),
        says=(r"market\.ca_file", "give an existing one"),
    ),
    Mistake(
        name="CA file is none",
        did="gives a text as the CA",
        prepare=then(home(more=MARKET + 'ca_file = "ca.crt"\n', words=("meter",)), write("ca.crt", "hello\n")),
        says=(r"market\.ca_file", "no certificate", "operator"),
    ),
    Mistake(
        name="meter template misspelt",
        did='writes template = "tasmotta"',
        prepare=home(("port = 1", 'kind = "mqtt"\ntemplate = "tasmotta"\ntopic = "tele/x/SENSOR"')),
        says=("no template 'tasmotta'", "use one of .*tasmota"),
    ),
    Mistake(
        name="meter of no kind",
        did='writes kind = "zigbee"',
        prepare=home(("port = 1", 'kind = "zigbee"')),
        says=("kind has to be", '"modbus", "mqtt" or "p1"'),
    ),
    Mistake(
        name="register map unknown",
        did='writes map = "eastern"',
        prepare=home(("port = 1", 'port = 1\nmap = "eastern"')),
        says=("eastern", "use one of"),
    ),
    Mistake(
        name="page open by accident",
        did="lets the page listen on all addresses",
        prepare=home(more='[page]\nhost = "0.0.0.0"\n'),
        says=("can be reached from the network", "set lan = true, or leave host out"),
    ),
    Mistake(
        name="token file missing",
        did="sends telemetry without a token",
        prepare=home(more='[telemetry]\ntoken_file = "token"\n', words=("telemetry",)),
        says=("token_file", "write the server's token into it"),
    ),
    Mistake(
        name="weather without a place",
        did="gives a weather service and no coordinates",
        prepare=home(more='[weather]\nurl = "https://weather.example/v1"\n'),
        says=("latitude_deg",),
    ),
)

BROKER: tuple[Mistake, ...] = (
    Mistake(
        name="broker file missing",
        did="names a file that is not there",
        prepare=command("community-broker", "run", "--config", "FOLDER/broker.toml"),
        says=("No such file", "give the path of a readable file"),
    ),
    Mistake(
        name="broker not TOML",
        did="writes a colon for an equals sign",
        prepare=broker(('community = "elm"', 'community: "elm"')),
        says=("is not TOML", "correct that line"),
    ),
    Mistake(
        name="mechanism unknown",
        did="misspells the mechanism",
        prepare=broker(("[mqtt]", '[market]\nmechanism = "unifrom_price"\n[mqtt]')),
        says=("mechanism", "unifrom_price", "use|one of|mechanisms"),
    ),
    Mistake(
        name="tariff of no kind",
        did='writes kind = "flat"',
        prepare=broker(('"constant"', '"flat"')),
        says=("unknown kind", 'use kind = "constant"'),
    ),
    Mistake(
        name="member twice",
        did="enrols one meter twice",
        prepare=broker(
            more='[[members]]\nmeter = "home-1"\npublic_key = "%s"\nnameplate_import_w = 1\nnameplate_export_w = 1\n'
            % ("cd" * 32)
        ),
        says=("home-1 stands more than once", "keep one entry each"),
    ),
    Mistake(
        name="key of a member is short",
        did="cuts a public key",
        prepare=broker(("ab" * 32, "ab" * 30)),
        says=("public_key", "64|correct the value"),
    ),
    Mistake(
        name="nameplate in kW",
        did="writes 11.5 for a whole number of W",
        prepare=broker(("nameplate_import_w = 11000", "nameplate_import_w = 11.5")),
        says=("nameplate_import_w", "correct the value"),
    ),
    Mistake(
        name="slot does not divide an hour",
        did="writes slot_minutes = 25",
        prepare=broker(("[mqtt]", "[market]\nslot_minutes = 25\n[mqtt]")),
        says=("does not divide an hour", "use one of"),
    ),
    Mistake(
        name="password of the broker missing",
        did="names a password file that is not there",
        prepare=broker(("port = 1", 'port = 1\nusername = "b"\npassword_file = "pw"')),
        says=(r"mqtt\.password_file", "give an existing one"),
    ),
    Mistake(
        name="tariff file missing",
        did="names a price file that is not there",
        prepare=broker(
            (
                'kind = "constant"\nimport_price_per_kwh = 0.32\nexport_price_per_kwh = 0.08',
                'kind = "csv"\nfile = "p.csv"',
            )
        ),
        says=(r"p\.csv", "give|name|correct"),
    ),
)
CONFIGURATION = (*HOME, *BROKER)
