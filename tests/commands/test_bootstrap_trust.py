"""Whom `regops bootstrap` trusts to be Swift: what options say wins over variables and clouds.yaml."""

from collections.abc import Generator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from certificates import authority, make_identity, server_context, write_identity
from fault_server import FaultServer, Peer
from regops.main import app

CLOUD = """
clouds:
  here:
    auth_type: v1password
    auth: {{auth_url: '{url}/auth/v1.0', username: me, key: hunter2}}
    cacert: {cacert}
"""


def answer(peer: Peer) -> None:
    if peer.path == "/auth/v1.0":
        peer.reply(200, "", {"X-Storage-Url": f"{peer.server.url}/v1/AUTH_x", "X-Auth-Token": "t"})
    else:
        peer.reply(200, "[]")


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A Swift whose authority this system does not know."""
    identity = make_identity("swift", issuer=authority(), names=("127.0.0.1",))
    with FaultServer(answer, tls=server_context(tmp_path, identity)) as server:
        for name, value in {"ST_AUTH": f"{server.url}/auth/v1.0", "ST_USER": "me", "ST_KEY": "hunter2"}.items():
            monkeypatch.setenv(name, value)
        yield server.url


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_identity(tmp_path, authority(), "ca")[0]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return write_identity(tmp_path, make_identity("another CA", is_authority=True), "other")[0]


def listing(*options: str) -> Result:
    return CliRunner().invoke(app, ["bootstrap", "list", "-c", "images", *options])


@pytest.mark.usefixtures("url")
def test_an_authority_nobody_knows_is_refused_until_it_is_named(bundle: Path) -> None:
    refused = listing()
    assert refused.exit_code == 3
    assert "cannot be trusted" in refused.stderr
    assert "--os-cacert" in refused.stderr
    assert listing("--os-cacert", str(bundle)).exit_code == 0
    assert listing("--insecure").exit_code == 0


@pytest.mark.usefixtures("url")
def test_the_option_wins_over_the_variable(bundle: Path, other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_CACERT", str(other))
    assert listing().exit_code == 3
    assert listing("--os-cacert", str(bundle)).exit_code == 0


def test_the_option_wins_over_the_cloud(
    url: str, bundle: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(CLOUD.format(url=url, cacert=other))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
    assert listing("--os-cloud", "here").exit_code == 3
    assert listing("--os-cloud", "here", "--os-cacert", str(bundle)).exit_code == 0
    assert listing("--os-cloud", "here", "--insecure").exit_code == 0


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize("way", ["option", "variable"])
def test_what_is_no_bundle_is_a_usage_error(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    if way == "variable":
        monkeypatch.setenv("OS_CACERT", str(path))
    result = listing(*(["--os-cacert", str(path)] if way == "option" else []))
    assert result.exit_code == 2
    assert "no usable CA bundle" in " ".join(result.stderr.split())
