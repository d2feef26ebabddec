"""The home's MQTT server behind TLS: the certificate authority that is named decides who is believed."""

import asyncio
import datetime
import ipaddress
import os
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import aiomqtt
import pytest
from broker_rig import free_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mqtt_household import until

from hems.io.modbus_link import MeterUnreachable
from hems.io.mqtt_link import MqttLink
from hems.io.mqtt_meter import MqttMeter
from hems.io.template_files import template
from hems.metering.foreign.binding import bind
from hems.site.config_meter import MqttTable

TOPIC = "hearthgrid/home-1/reading"


def authority(folder: Path, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate authority, its certificate written to `<name>.crt`."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = issued(name, key, name, key, is_authority=True)
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def issued(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool = False,
) -> x509.Certificate:
    """A certificate of loopback for a day."""
    now = datetime.datetime.now(datetime.UTC)
    subject, by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (name, issuer))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(address, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def test_a_server_is_believed_under_its_own_authority_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    monkeypatch.setattr("hems.io.mqtt_link.FIRST_WAIT_S", 0.5)
    _, ca_key = authority(tmp_path, "house")
    authority(tmp_path, "stranger")
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "server.crt").write_bytes(
        issued("server", key, "house", ca_key).public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "server.key").write_bytes(private)
    port = free_port()
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", f"certfile {tmp_path / 'server.crt'}"]
    lines += [f"keyfile {tmp_path / 'server.key'}", *(["user root"] if os.geteuid() == 0 else [])]
    (tmp_path / "m.conf").write_text("\n".join(lines) + "\n")
    child = subprocess.Popen([program, "-c", str(tmp_path / "m.conf")], stderr=subprocess.DEVNULL)

    def meter(authority_file: str | None) -> MqttMeter:
        ca_file = None if authority_file is None else Path(authority_file)
        link = MqttLink(MqttTable(port=port, ca_file=ca_file), tmp_path)
        return MqttMeter(link, bind(template("native"), TOPIC), connection_w=17_000.0)

    async def speak() -> None:
        context = ssl.create_default_context(cafile=str(tmp_path / "house.crt"))
        async with aiomqtt.Client("127.0.0.1", port, tls_context=context) as client:
            while True:
                await client.publish(TOPIC, b'{"power_w": 310, "import_wh": 5, "export_wh": 6}')
                await asyncio.sleep(0.05)

    async def test() -> None:
        speaking = asyncio.create_task(speak())
        trusted = meter("house.crt")
        assert (await trusted.reading()).power_w == 310
        trusted.close()
        for file, reason in (
            ("stranger.crt", "certificate verify failed"),
            ("missing.crt", "ca_file of"),
            (None, "is not there"),
        ):
            doubted = meter(file)
            with pytest.raises(MeterUnreachable, match=reason):
                await doubted.reading()
            doubted.close()
        speaking.cancel()

    try:
        until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        asyncio.run(asyncio.wait_for(test(), 60))
    finally:
        child.terminate()
        child.wait(10)
