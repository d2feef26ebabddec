"""The shipped containers: the file is valid, nothing in it is open, and every command of it works here too."""

import importlib
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from broker.io.certificate_forms import hosts_of
from broker.io.page_config import PageSettings
from meter_firmware_sim.config import load_config
from twin.cli import main as twin

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {name for name, service in SERVICES.items() if service["restart"] == "no"}
OURS = {name: service["command"] for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROGRAMS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]


def ran(command: list[str]) -> int:
    """The exit status of a container's command, run in this process."""
    module, _, function = PROGRAMS[command[0]].partition(":")
    try:
        status: int = getattr(importlib.import_module(module), function)(command[1:])
    except SystemExit as end:  # --help leaves this way
        return int(end.code or 0)
    return status


@pytest.mark.parametrize("profile", ["", "demo"])
def test_the_file_is_valid_with_every_profile(profile: str) -> None:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed")
    options = ["--profile", profile] if profile else []
    done = subprocess.run(
        [program, "--file", str(ROOT / "docker-compose.yml"), *options, "config"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "mosquitto" in yaml.safe_load(done.stdout)["services"]


def test_only_the_history_waits_for_its_profile() -> None:
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        "history": ["demo"]
    }


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":") == ["10001", "10001"]
    assert service["mem_limit"]
    assert service["pids_limit"] > 0
    assert service["logging"]["options"]["max-size"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & service.keys()


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONCE))
def test_a_service_that_stays_is_watched_and_comes_back(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["healthcheck"]["interval"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_published_is_on_loopback(name: str) -> None:
    assert all(str(port).startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("image", sorted({service["image"] for service in SERVICES.values()}))
def test_an_image_has_an_exact_version(image: str) -> None:
    _, _, tag = image.partition(":")
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[a-z0-9.-]+)?", tag), image


def test_no_secret_stands_in_the_file() -> None:
    for service in SERVICES.values():
        for key, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|TOKEN|SECRET|KEY", key):
                assert key.endswith("_FILE"), key
                assert str(value).startswith("/"), key


def test_every_volume_is_named_used_and_owned_before_others_use_it() -> None:
    def sources(service: dict[str, Any]) -> set[str]:
        mounts = service.get("volumes", [])
        return {mount["source"] if isinstance(mount, dict) else mount.partition(":")[0] for mount in mounts}

    named = set(COMPOSE["volumes"])
    used = {source for service in SERVICES.values() for source in sources(service) if not source.startswith(".")}
    assert used == named == sources(SERVICES["found"])
    for name, service in SERVICES.items():
        assert name == "found" or "found" in service["depends_on"]
        for source in sources(service):
            assert not source.startswith(".") or (ROOT / source).exists() or source == "./dashboards/provisioning"


def test_the_image_has_a_folder_of_the_user_for_every_volume() -> None:
    made = set()
    for folder, names in (("files", "authority"), ("data", "mosquitto")):
        line = next(line for line in DOCKERFILE.splitlines() if f"for name in {names} " in line)
        made |= {f"/{folder}/{name}" for name in re.findall(r"for name in ([^;]+);", line)[0].split()}
    assert made == {mount.split(":")[1] for mount in SERVICES["found"]["volumes"]}


def test_the_image_is_pinned_checks_hashes_and_runs_as_nobody_special() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base) for base in bases)
    assert DOCKERFILE.count("--require-hashes") == 2
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == ["10001:10001"]


def test_the_image_gets_exactly_the_locked_packages_that_programs_need() -> None:
    def packages(path: str) -> set[str]:
        return set((ROOT / path).read_text().replace("\\\n", "").splitlines())

    assert packages("deploy/requirements.lock") <= packages("requirements.lock")
    names = {re.split("[=; ]", line)[0] for line in packages("deploy/requirements.lock")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = {re.split("[<>=;! ]", text)[0] for text in project["dependencies"] if "win32" not in text}
    development = {re.split("[<>=;! ]", text)[0] for text in project["optional-dependencies"]["dev"]} - {"pyyaml"}
    assert direct <= names
    assert not development & names


def test_the_image_sees_every_package_and_nothing_private() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {pattern.rstrip("*") for pattern in found} <= kept
    assert not {".git", ".venv", "tests", "out"} & kept


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the service `found` makes, with its own command, in a folder of this machine."""
    folder = tmp_path_factory.mktemp("files")
    token = folder / "influx_write_token"
    token.write_text("a-token")
    command = [here(word, folder) for word in OURS["found"][1:]]
    assert twin(command) == 0
    return folder


def here(word: str, folder: Path) -> str:
    return word.replace("/files", str(folder)).replace("/run/secrets", str(folder)).replace("$$", "$")


@pytest.mark.parametrize("name", OURS)
def test_a_command_exists_with_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = OURS[name]
    assert ran([*command[:2], "--help"]) == 0
    said = capsys.readouterr().out
    assert not [word for word in command[2:] if word.partition("=")[0] not in said]


@pytest.mark.parametrize("name", sorted(OURS.keys() - ONCE))
def test_a_configuration_that_was_made_fits_its_command(
    name: str, founded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [here(word, founded) for word in OURS[name]]
    if command[0] == "meter-sim":
        config = load_config(Path(command[-1].partition("=")[2]))
        assert config.server.host == "0.0.0.0"
        return
    assert ran([*command, "--link" if command[1] == "page" else "--check"]) == 0
    assert ("/enter#" if command[1] == "page" else str(founded)) in capsys.readouterr().out


def test_every_host_that_is_named_is_a_service_in_the_same_network(founded: Path) -> None:
    def met(one: str, other: str) -> bool:
        return bool(set(SERVICES[one]["networks"]) & set(SERVICES[other]["networks"]))

    for number in (1, 2):
        home = tomllib.loads((founded / f"home-{number}" / "home.toml").read_text())
        assert met(f"home-{number}-ems", home["meter"]["host"])
        assert met(f"home-{number}-meter", home["meter"]["host"])
        assert met(f"home-{number}-meter", home["market"]["host"])
        assert met(f"home-{number}-telemetry", home["telemetry"]["url"].split("/")[2].split(":")[0])
        simulator = tomllib.loads((founded / f"home-{number}-simulator" / "meter.toml").read_text())
        assert simulator["server"]["port"] == home["meter"]["port"]
        assert not met(f"home-{number}-ems", "mosquitto")
        port = home["page"]["port"]
        assert SERVICES[f"home-{number}-ems"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    broker = tomllib.loads((founded / "broker" / "broker.toml").read_text())
    assert SERVICES["broker-page"]["ports"] == [f"127.0.0.1:{PageSettings().port}:{PageSettings().port}"]
    assert met("broker", broker["mqtt"]["host"])


def test_the_certificate_of_the_server_names_the_service_and_loopback(founded: Path) -> None:

    certificate = x509.load_pem_x509_certificate((founded / "mosquitto" / "server.pem").read_bytes())
    assert hosts_of(certificate) == ["127.0.0.1", "localhost", "mosquitto"]


def test_founding_again_changes_nothing(founded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in founded.rglob("*") if path.is_file()}
    assert twin([here(word, founded) for word in OURS["found"][1:]]) == 0
    assert "0 files made" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in founded.rglob("*") if path.is_file()} == before


def test_every_secret_is_readable_by_its_user_only_and_nothing_is_the_same_twice(founded: Path) -> None:
    secrets = [
        *founded.rglob("*.key"),
        *founded.glob("*/admin-*"),
        *founded.rglob("secret"),
    ]
    assert len(secrets) >= 10
    assert all(path.stat().st_mode & 0o077 == 0 for path in secrets)
    words = [path.read_text() for path in founded.glob("*/admin-*")]
    assert len(set(words)) == len(words) == 3
    assert all(len(word) >= 24 for word in words)


def test_the_token_script_is_shell_and_is_run_by_influxdb() -> None:
    script = ROOT / "deploy" / "influxdb" / "tokens.sh"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert shlex.split(script.read_text().splitlines()[0])[0] == "#!/bin/bash"
