"""The TLS settings of clients, and what is said when a connection fails."""

import asyncio
import ssl
from pathlib import Path

import pytest

from broker.io.authority import Authority
from tls import TlsFileError, TlsFiles, client_tls, diagnosis, is_read_on_the_way, tls_advice

NOW_S = 1_790_000_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    authority = Authority(tmp_path_factory.mktemp("tls"))
    authority.found("elm", NOW_S)
    issued = authority.client("home-1", NOW_S)
    return TlsFiles(ca_file=authority.certificate, cert_file=issued.certificate, key_file=issued.key)


def test_only_the_communitys_authority_is_trusted_and_names_are_checked(files: TlsFiles) -> None:
    context = client_tls(files)
    assert context is not None
    assert [dict(x for (x,) in one["subject"])["commonName"] for one in context.get_ca_certs()] == [
        "authority of elm"
    ]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_without_an_authority_there_is_no_tls() -> None:
    assert client_tls(TlsFiles()) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ca_file": Path("/nowhere/ca.pem")}, "/nowhere/ca.pem: No such file"),
        ({"key_file": Path("/nowhere/client.key")}, "correct the path, or its owner and mode"),
        ({"ca_file": Path(__file__)}, "give ca_file that of the server's authority"),
        ({"cert_file": Path(__file__)}, "take both from one folder"),
        ({"key_file": Path(__file__)}, "take both from one folder"),
    ],
)
def test_a_file_that_is_none_is_named_with_the_remedy(files: TlsFiles, change: dict[str, Path], told: str) -> None:
    given = {name: getattr(files, name) for name in ("ca_file", "cert_file", "key_file")} | change
    with pytest.raises(TlsFileError) as raised:
        client_tls(TlsFiles(**given))
    assert told in str(raised.value)
    assert asyncio.run(diagnosis(raised.value, "localhost", 1, TlsFiles(**given), "[market]")) == str(raised.value)


def test_a_failure_is_found_under_those_that_wrap_it() -> None:
    inner = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    inner.reason = "WRONG_VERSION_NUMBER"
    outer = RuntimeError("connection failed")
    outer.__context__ = inner
    assert "does not speak TLS" in str(tls_advice(ExceptionGroup("group", [ValueError(), outer])))
    assert tls_advice(ConnectionRefusedError()) is None


@pytest.mark.parametrize(
    ("port", "files", "told"),
    [(1883, TlsFiles(), "start it or correct [market]"), (8883, TlsFiles(), "port 8883 speaks TLS: give ca_file")],
)
def test_a_server_that_is_not_there_is_told_with_what_may_be_wrong(port: int, files: TlsFiles, told: str) -> None:
    failure = ConnectionRefusedError(111, "Connection refused")
    assert told in asyncio.run(diagnosis(failure, "127.0.0.1", port, files, "[market]"))


def test_a_port_that_ends_encrypted_connections_may_not_speak_tls(files: TlsFiles) -> None:
    failure = RuntimeError("reset")
    failure.__context__ = ConnectionResetError()
    assert "does not seem to speak TLS" in asyncio.run(diagnosis(failure, "127.0.0.1", 1, files, "[market]"))


@pytest.mark.parametrize(
    ("url", "is_read"),
    [
        ("http://127.0.0.1:8086", False),
        ("http://127.8.9.1", False),
        ("http://[::1]:8086", False),
        ("http://LOCALHOST:8086", False),
        ("https://influx.example.net", False),
        ("http://influx.example.net:8086", True),
        ("http://127.example.net:8086", True),
        ("http://192.0.2.7:8086", True),
        ("http://[2001:db8::1]:8086", True),
    ],
)
def test_only_what_leaves_this_machine_unencrypted_is_read_on_the_way(url: str, *, is_read: bool) -> None:
    assert is_read_on_the_way(url) is is_read
