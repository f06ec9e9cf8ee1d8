"""Credentials: from the operator or from Docker, to the registry and its token server, and to nobody else."""

import base64
import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from fault_server import FaultServer, Peer, Script
from registry_door import ask, run_out_of_time
from regops.adapters.registry import client
from regops.adapters.registry.credentials import docker_credentials
from regops.errors import Phase
from regops.model.http import HttpReply
from regops.secret import Secret

BOB: Mapping[str, Any] = {"username": "bob", "password": Secret("hunter2")}
BASIC = "Basic " + base64.b64encode(b"bob:hunter2").decode()


def guarded(challenge: Callable[[], str], wanted: str) -> Script:
    """Answer 401 with a challenge until the wanted Authorization comes."""

    def script(peer: Peer) -> None:
        if peer.header("authorization") == wanted:
            peer.reply(200, "{}")
        else:
            peer.reply(401, "", {"WWW-Authenticate": challenge()})

    return script


def token_server(seen: list[Peer], answer: str = '{"token": "t0ken"}', status: int = 200) -> FaultServer:
    def script(peer: Peer) -> None:
        seen.append(peer)
        peer.reply(status, answer)

    return FaultServer(script)


def asking_for_tokens(realm: str, scope: str = "") -> Script:
    challenge = f'Bearer realm="{realm}",service="registry.example"' + (f',scope="{scope}"' if scope else "")
    return guarded(lambda: challenge, "Bearer t0ken")


def docker_config(content: Mapping[str, Any]) -> Path:
    folder = Path(os.environ["HOME"]) / ".docker"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(content))
    return folder / "config.json"


def helper(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a credential helper on the PATH; what it was given is in the file that is returned."""
    program, record = folder / f"docker-credential-{name}", folder / "record"
    program.write_text(f"#!/bin/sh\n( cat; echo; env ) > {record}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return record


def assert_hidden(reply: HttpReply, *secrets: str) -> None:
    for secret in secrets:
        assert secret not in repr(reply)


def test_credentials_answer_a_basic_challenge_and_are_not_sent_before() -> None:
    with FaultServer(guarded(lambda: 'Basic realm="r"', BASIC)) as server:
        reply = ask(server.url, **BOB)
    assert (reply.status, reply.login, reply.notes) == (200, "bob (given with --user)", ())
    assert b"authorization" not in server.heads[0].lower()
    assert_hidden(reply, "hunter2", BASIC)


def test_credentials_that_are_not_accepted_are_told_and_sent_once() -> None:
    with FaultServer(guarded(lambda: 'Basic realm="r"', "never")) as server:
        reply = ask(server.url, **BOB)
    assert (reply.status, reply.login, len(server.heads)) == (401, None, 2)
    assert "does not accept the credentials of bob" in reply.notes[0]


def test_without_credentials_a_401_is_the_answer() -> None:
    with FaultServer(guarded(lambda: 'Basic realm="r"', BASIC)) as server:
        reply = ask(server.url)
    assert (reply.status, reply.notes, len(server.heads)) == (401, (), 1)


def test_credentials_in_the_address_are_used_hidden_and_advised_against() -> None:
    with FaultServer(guarded(lambda: 'Basic realm="r"', BASIC)) as server:
        reply = ask(server.url.replace("http://", "http://bob:hunter2@"))
    assert (reply.status, reply.login) == (200, "bob (given in the address)")
    assert "the password is in the address" in reply.notes[0]
    assert_hidden(reply, "hunter2")


def test_a_challenge_nobody_knows_is_named() -> None:
    with FaultServer(guarded(lambda: "Negotiate", "never")) as server:
        reply = ask(server.url, **BOB)
    assert reply.status == 401
    assert "asks for negotiate" in reply.notes[0]


@pytest.mark.parametrize("header", ["", "=", 'Bearer realm="', "Bearer", 'Bearer realm="ftp://x"', "\x01"])
def test_a_broken_challenge_is_survived(header: str) -> None:
    with FaultServer(lambda peer: peer.reply(401, "", {"WWW-Authenticate": header})) as server:
        assert ask(server.url, **BOB).status == 401


def test_a_token_is_fetched_from_the_registry_s_own_host() -> None:
    seen: list[Peer] = []
    with token_server(seen) as tokens, FaultServer(asking_for_tokens(f"{tokens.url}/token?x=1", "s:1")) as server:
        reply = ask(server.url, **BOB)
    query = parse_qs(urlsplit(seen[0].path).query)
    assert (reply.status, reply.login) == (200, "bob (given with --user)")
    assert query == {"x": ["1"], "service": ["registry.example"], "scope": ["s:1"], "account": ["bob"]}
    assert seen[0].header("authorization") == BASIC
    assert_hidden(reply, "hunter2", "t0ken")


def test_a_token_without_credentials_is_fetched_only_for_a_scope() -> None:
    seen: list[Peer] = []
    with token_server(seen) as tokens:
        with FaultServer(asking_for_tokens(tokens.url)) as server:
            assert ask(server.url).status == 401
        assert not seen
        with FaultServer(asking_for_tokens(tokens.url, "repository:a:pull")) as server:
            assert ask(server.url).status == 200
    assert seen[0].header("authorization") is None


def test_a_token_server_on_another_host_sees_no_credentials_unless_allowed() -> None:
    seen: list[Peer] = []
    with token_server(seen) as tokens:
        foreign = f"http://localhost:{tokens.port}"
        with FaultServer(asking_for_tokens(foreign)) as server:
            refused = ask(server.url, **BOB)
            assert not seen
            allowed = ask(server.url, auth_hosts=("localhost",), **BOB)
    assert (refused.status, allowed.status) == (401, 200)
    assert "which is another host: no credentials were sent" in refused.notes[0]
    assert "--auth-host localhost" in refused.notes[0]


@responses.activate
def test_a_token_server_without_tls_sees_no_credentials() -> None:
    challenge = 'Bearer realm="http://registry.example/token"'
    responses.get("https://registry.example/v2/", status=401, headers={"WWW-Authenticate": challenge})
    reply = ask("https://registry.example", **BOB)
    assert "a token server without TLS" in reply.notes[0]
    assert len(responses.calls) == 1


@responses.activate
def test_a_token_server_on_this_machine_is_not_asked_for_a_registry_elsewhere() -> None:
    challenge = 'Bearer realm="http://127.0.0.1:2375/token",scope="repository:a:pull"'
    responses.get("https://registry.example/v2/", status=401, headers={"WWW-Authenticate": challenge})
    reply = ask("https://registry.example")
    assert "on this machine or its own link" in reply.notes[0]
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (
            401,
            '{"errors":[{"code":"UNAUTHORIZED","message":"no such user"}]}',
            "answered 401: UNAUTHORIZED no such user",
        ),
        (500, "<html>", "answered 500"),
        (200, "<html>", "answered no token"),
        (200, '{"token": 7}', "no usable token"),
        (200, '{"token": "a\\r\\nX: y"}', "no usable token"),
        (200, "[]", "no usable token"),
    ],
)
def test_a_token_that_cannot_be_had_is_told_beside_the_answer(status: int, answer: str, said: str) -> None:
    with token_server([], answer, status) as tokens, FaultServer(asking_for_tokens(tokens.url)) as server:
        reply = ask(server.url, **BOB)
    assert reply.status == 401
    assert said in reply.notes[0]


def test_a_token_server_that_hangs_does_not_hide_that_the_registry_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(lambda peer: peer.wait_for_hang_up()) as tokens:
        run_out_of_time(monkeypatch, Phase.FIRST_BYTE, tokens.url)
        challenge = asking_for_tokens(tokens.url)
        with FaultServer(challenge) as server:
            reply = ask(server.url, **BOB)
    assert reply.status == 401
    assert "silence" in reply.notes[0]


def test_an_identity_token_is_exchanged_by_post() -> None:
    seen: list[Peer] = []
    with (
        token_server(seen, '{"access_token": "t0ken"}') as tokens,
        FaultServer(asking_for_tokens(tokens.url)) as server,
    ):
        path = docker_config({"auths": {f"127.0.0.1:{server.port}": {"identitytoken": "refresh-me"}}})
        reply = ask(server.url)
    assert (reply.status, reply.login) == (200, f"an identity token ({path})")
    assert seen[0].head.startswith(b"POST / ")
    assert seen[0].header("authorization") is None
    assert_hidden(reply, "refresh-me")


def test_a_token_of_the_operator_is_sent_when_asked_for() -> None:
    with FaultServer(asking_for_tokens("http://nobody.invalid")) as server:
        reply = ask(server.url, token=Secret("t0ken"))
    assert reply.status == 200


def test_docker_s_file_is_read_for_this_registry_only() -> None:
    with FaultServer(guarded(lambda: 'Basic realm="r"', BASIC)) as server:
        pair = base64.b64encode(b"bob:hunter2").decode()
        docker_config(
            {"auths": {"other.example": {"auth": "eDp5"}, f"http://127.0.0.1:{server.port}/v1/": {"auth": pair}}}
        )
        reply = ask(server.url)
    assert reply.status == 200
    assert_hidden(reply, "hunter2", pair)


def test_docker_config_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with FaultServer(guarded(lambda: 'Basic realm="r"', BASIC)) as server:
        auths = {f"127.0.0.1:{server.port}": {"username": "bob", "password": "hunter2"}}
        (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
        assert ask(server.url).status == 200


@pytest.mark.parametrize("content", ["{", "[]", '{"auths": {"a": {"password": "hunter2"'])
def test_a_broken_docker_file_is_told_beside_the_answer(content: str) -> None:
    docker_config({}).write_text(content)
    with FaultServer(guarded(lambda: 'Basic realm="r"', BASIC)) as server:
        reply = ask(server.url)
    assert reply.status == 401
    assert "config.json cannot be used" in reply.notes[0]
    assert_hidden(reply, "hunter2")


def test_a_helper_is_asked_with_a_clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_PASSWORD", "canary")
    monkeypatch.setenv("REGOPS_TOKEN", "canary")
    record = helper(tmp_path, "try", """echo '{"Username": "bob", "Secret": "hunter2"}'""", monkeypatch)
    with FaultServer(guarded(lambda: 'Basic realm="r"', BASIC)) as server:
        docker_config({"credHelpers": {f"127.0.0.1:{server.port}": "try"}})
        reply = ask(server.url)
    assert (reply.status, reply.login) == (200, "bob (docker-credential-try)")
    assert record.read_text().startswith(f"127.0.0.1:{server.port}\n")
    assert "canary" not in record.read_text()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'credentials not found in native keychain'; exit 1", None),
        ("echo 'the keyring is locked'; exit 1", "ended with status 1: the keyring is locked"),
        ("echo nonsense", "something else than JSON"),
        ("exec sleep 30", "did not finish within"),
        ("exec cat /dev/zero", "did not finish within"),
    ],
    ids=["not found", "locked", "nonsense", "hangs", "endless"],
)
def test_a_helper_that_fails_is_told_beside_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str | None
) -> None:
    helper(tmp_path, "try", script, monkeypatch)
    docker_config({"credsStore": "try"})
    if said == "did not finish within":
        patience = partial(docker_credentials, timeout_seconds=0.5)
        monkeypatch.setattr(client, "docker_credentials", lambda names, environ, **_: patience(names, environ))
    with FaultServer(guarded(lambda: 'Basic realm="r"', BASIC)) as server:
        reply = ask(server.url)
    assert reply.status == 401
    assert (said or "") in " ".join(reply.notes)
    assert bool(reply.notes) == (said is not None)


@pytest.mark.parametrize("name", ["../../bin/sh", "-x", "a b", "gone"])
def test_a_helper_that_is_no_program_is_told(name: str) -> None:
    docker_config({"credsStore": name})
    with FaultServer(guarded(lambda: 'Basic realm="r"', BASIC)) as server:
        reply = ask(server.url)
    assert "helper" in reply.notes[0]


def test_netrc_is_not_read() -> None:
    netrc = Path(os.environ["HOME"]) / ".netrc"
    netrc.write_text("machine 127.0.0.1 login bob password hunter2\n")
    netrc.chmod(0o600)
    with FaultServer(guarded(lambda: 'Basic realm="r"', BASIC)) as server:
        assert ask(server.url).status == 401
    assert not any(b"authorization" in head.lower() for head in server.heads)


@responses.activate
def test_docker_s_credentials_do_not_travel_in_clear_and_the_operator_s_own_are_warned_of() -> None:
    docker_config({"auths": {"registry.example": {"username": "bob", "password": "hunter2"}}})
    responses.get("http://registry.example/v2/", status=401, headers={"WWW-Authenticate": "Basic realm=r"})
    silent = ask("http://registry.example")
    assert "no TLS" in silent.notes[0]
    assert len(responses.calls) == 1
    loud = ask("http://registry.example", **BOB)
    assert "in clear" in loud.notes[0]
    assert responses.calls[2].request.headers["Authorization"] == BASIC
