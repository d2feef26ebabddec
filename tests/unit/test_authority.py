"""The community's authority: who gets a certificate, what is kept, and the command."""

import json
import os
import ssl
import stat
import time
from pathlib import Path

import pytest
from cryptography import x509

from broker.cli import main
from broker.io.authority import Authority, AuthorityError

NOW_S = int(time.time())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "tls")
    made.found("elm", NOW_S)
    return made


def contents(authority: Authority) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in authority.folder.rglob("*") if path.is_file()}


def test_keys_are_readable_by_their_user_only(authority: Authority) -> None:
    keys = [authority.folder / "ca.key", authority.client("home-1", NOW_S).key, authority.server(["h"], NOW_S).key]
    assert [stat.S_IMODE(os.stat(path).st_mode) for path in keys] == [0o600] * 3  # noqa: PTH116


def test_a_certificate_names_its_client_and_is_signed_by_the_authority(authority: Authority) -> None:
    issued = authority.client("home-1", NOW_S)
    told = ssl._ssl._test_decode_cert(str(issued.certificate))  # type: ignore[attr-defined]
    assert told["subject"] == ((("commonName", "home-1"),),)
    assert told["issuer"] == ((("commonName", "authority of elm"),),)
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.load_cert_chain(issued.certificate, issued.key)


def test_what_exists_is_given_again_and_renewed_only_when_asked(authority: Authority) -> None:
    authority.client("home-1", NOW_S)
    authority.server(["a.example", "b.example"], NOW_S)
    before = contents(authority)
    authority.found("other", NOW_S)
    authority.client("home-1", NOW_S)
    authority.server(["b.example", "a.example"], NOW_S)
    assert contents(authority) == before
    authority.client("home-1", NOW_S, renew=True)
    changed = {Path(name).name for name, content in contents(authority).items() if before.get(name) != content}
    assert changed == {"home-1.pem", "home-1.key", "home-1.former"}


def test_a_certificate_in_its_last_days_is_made_anew(authority: Authority) -> None:
    old, of_server = authority.client("home-1", NOW_S), authority.server(["a.example"], NOW_S)
    later_s = NOW_S + 680 * 86_400
    assert authority.client("home-1", later_s).ends > old.ends
    assert authority.server(["a.example"], later_s).ends > of_server.ends
    assert authority.client("home-1", later_s + 1).ends == authority.client("home-1", later_s).ends


def test_other_hosts_need_a_renewal(authority: Authority) -> None:
    authority.server(["a.example"], NOW_S)
    before = contents(authority)
    with pytest.raises(AuthorityError, match=r"is for a\.example; --renew"):
        authority.server(["b.example"], NOW_S)
    assert contents(authority) == before


def test_a_revoked_certificate_is_not_given_again_and_a_new_one_counts(authority: Authority) -> None:
    authority.client("home-1", NOW_S)
    authority.client("home-2", NOW_S)
    authority.revoke("home-1", NOW_S)
    authority.revoke("home-1", NOW_S)
    assert {row.name: row.is_revoked for row in authority.issued()} == {"home-1": True, "home-2": False}
    with pytest.raises(AuthorityError, match="--renew gives it a new one"):
        authority.client("home-1", NOW_S)
    assert not authority.client("home-1", NOW_S, renew=True).is_revoked


def test_revoking_a_client_revokes_the_certificates_it_had_before(authority: Authority) -> None:
    def serial(path: Path) -> int:
        return x509.load_pem_x509_certificate(path.read_bytes()).serial_number

    had = [serial(authority.client("home-1", NOW_S).certificate)]
    had += [serial(authority.client("home-1", NOW_S, renew=True).certificate) for _ in range(2)]
    authority.client("home-2", NOW_S)
    authority.revoke("home-1", NOW_S)
    listed = x509.load_pem_x509_crl(authority.revocations.read_bytes())
    assert {entry.serial_number for entry in listed} == set(had)
    assert not authority.client("home-1", NOW_S, renew=True).is_revoked


@pytest.mark.parametrize("name", ["", "../ca", "home 1", "Home", "x" * 65, "server/"])
def test_a_name_that_no_client_can_have_is_refused_and_nothing_is_written(authority: Authority, name: str) -> None:
    before = contents(authority)
    with pytest.raises(AuthorityError):
        authority.client(name, NOW_S)
    with pytest.raises(AuthorityError):
        authority.revoke(name, NOW_S)
    assert contents(authority) == before


def test_an_authority_that_lost_a_part_is_not_made_anew(authority: Authority) -> None:
    authority.certificate.unlink()
    before = contents(authority)
    with pytest.raises(AuthorityError, match=r"ca\.pem missing: restore it"):
        authority.found("elm", NOW_S)
    assert contents(authority) == before


def test_the_command_makes_lists_and_revokes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--folder", str(tmp_path / "tls"), "--json"]
    assert main(["certificate", "server", "mqtt.example", "192.0.2.1", *folder]) == 0
    assert main(["certificate", "client", "home-1", "broker.elm", *folder]) == 0
    capsys.readouterr()
    assert main(["certificate", "revoke", "home-1", *folder]) == 0
    capsys.readouterr()
    assert main(["certificate", "list", *folder]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"]: row["revoked"] for row in rows} == {"server": False, "broker.elm": False, "home-1": True}
    assert all(Path(row["key"]).exists() for row in rows)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["client"], "needs at least one NAME"),
        (["list", "home-1"], "takes no name"),
        (["revoke", "nobody"], "no certificate of this name"),
        (["server", "bücher.example"], "ASCII"),
        (["client", "Home"], "the id of the meter"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["certificate", *arguments, "--folder", str(tmp_path / "tls")]) == 2
    assert told in capsys.readouterr().err
