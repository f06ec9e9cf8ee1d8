"""`regops ping`: who answers, and when nobody does, which part is down."""

import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fake_registry import FakeRegistry, http_reply
from fake_services import FakeServices
from fault_server import FaultServer, Peer, pages, refused_port
from registry_pages import (
    NGINX_403,
    UNAVAILABLE,
    URL,
    both,
    classic,
    classic_reply,
    distribution,
    everywhere,
    gateway,
    no_answer,
    sample,
)
from regops.errors import Phase, Refused
from regops.main import app
from regops.model.http import Cause

GREETING_0_9 = r'"\"docker-registry server\""'
REFUSED_LINE = (
    "no answer: seq=2 http://127.0.0.1:5080: down: connections are refused: nothing listens there; the container is"
    " stopped, or publishes another port"
)


def ping(*arguments: str, registry: FakeRegistry | None = None, obj: Any = None) -> Result:
    if registry is not None:
        return CliRunner().invoke(app, ["ping", URL, *arguments], obj=FakeServices(registries={URL: registry}))
    return CliRunner().invoke(app, ["ping", *arguments], obj=obj)


def lines(result: Result) -> list[str]:
    return result.stdout.splitlines()


def probe(result: Result) -> dict[str, Any]:
    return dict(json.loads(result.stdout)["data"]["probes"][0])


def test_a_registry_that_lives_is_described() -> None:
    result = ping(registry=both())
    assert (result.exit_code, result.stderr) == (0, "")
    assert lines(result) == [
        "√ http://127.0.0.1:5080  alive: distribution with the classic surface",
        "  registry   version 2.8.2, flavor local, behind nginx",
        "  address    127.0.0.1",
        "  time       3.0 ms (connect 1.0, first byte 2.0)",
        "  asked      /v2/ 200, / 200, /_ping 200",
    ]


def test_the_json_has_everything_that_was_seen() -> None:
    result = ping("-o", "json", registry=both())
    document, found = json.loads(result.stdout), probe(result)
    assert (document["target"]["url"], document["ok"], document["exit_code"]) == (URL, True, 0)
    assert (found["alive"], found["sighting"]["culprit"], found["sighting"]["warnings"]) == (True, None, [])
    assert found["sighting"]["identity"] == {
        "generation": "distribution with the classic surface",
        "version": "2.8.2",
        "flavor": "local",
        "server": "nginx",
    }
    assert found["pongs"][0]["time_ms"] == 3.0
    assert found["pongs"][0]["phases"]["first_byte_ms"] == 2.0
    assert found["statistics"]["loss_ratio"] == 0.0


@pytest.mark.parametrize(
    ("registry", "generation", "version"),
    [
        (classic(), "classic", "0.8.1"),
        (
            classic(**{"/": GREETING_0_9, "/_ping": "{}", "/_status": 404, "/v2/": 404}),
            "classic",
            None,
        ),
        (distribution(), "distribution", None),
        (distribution(**{"/v2/": http_reply(401, UNAVAILABLE)}), "distribution", None),
        (both(), "distribution with the classic surface", "2.8.2"),
    ],
    ids=["0.8", "0.9", "distribution", "distribution with authentication", "both"],
)
def test_the_generation_is_told(registry: FakeRegistry, generation: str, version: str | None) -> None:
    result = ping("-o", "json", registry=registry)
    found = probe(result)["sighting"]
    assert (result.exit_code, found["state"], found["warnings"]) == (0, "alive", [])
    assert (found["identity"]["generation"], found["identity"]["version"]) == (generation, version)


def test_asking_for_credentials_is_alive() -> None:
    result = ping(registry=distribution(**{"/v2/": http_reply(401, "")}))
    assert result.exit_code == 0
    assert "/v2/ 401" in result.stdout
    assert "--user" in result.stdout


@pytest.mark.parametrize(
    ("failure", "state", "culprit", "said"),
    [
        (no_answer(Cause.REFUSED, Phase.CONNECT), "down", "container", "the container is stopped"),
        (no_answer(Cause.CLOSED), "down", "nginx", "nginx in the container is stopped"),
        (no_answer(Cause.CLOSED, Phase.TLS), "down", "nginx", "nginx in the container is stopped"),
        (no_answer(Cause.SILENT), "silent", "container", "the container is paused"),
        (no_answer(Cause.SILENT, Phase.CONNECT), "unreachable", "connection", "silent"),
        (no_answer(Cause.NO_NAME, Phase.DNS), "unreachable", "connection", "name not found"),
        (no_answer(Cause.NO_ROUTE, Phase.CONNECT), "unreachable", "connection", "no route"),
        (no_answer(Cause.TLS, Phase.TLS), "unreachable", "connection", "tls"),
        (no_answer(Cause.NOT_HTTP), "strange", "connection", "not http"),
        (no_answer(Cause.CUT, Phase.BODY), "down", "registry", "cut short"),
        (Refused(f"{URL} redirects to what is no address"), "strange", None, "redirects to"),
    ],
)
def test_what_is_dead_is_told_by_how_it_is_silent(failure: Any, state: str, culprit: str | None, said: str) -> None:
    registry = everywhere(classic(**{"/nginx_status": failure}), failure)
    result = ping("-o", "json", registry=registry)
    found = probe(result)["sighting"]
    assert (result.exit_code, found["state"], found["culprit"]) == (1, state, culprit)
    assert said in " ".join(ping(registry=registry).stdout.split())
    assert found["headline"]


@pytest.mark.parametrize(
    ("status", "said"),
    [(502, "is stopped, or just starting"), (503, "it has no registry to ask"), (504, "never answered: it hangs")],
)
def test_when_nginx_answers_for_it_the_registry_is_down(status: int, said: str) -> None:
    page = sample("error_page/nginx_502.html").replace("502 Bad Gateway", f"{status} Gone")
    result = ping("-o", "json", registry=everywhere(classic(), gateway(status, page)))
    found = probe(result)["sighting"]
    assert (result.exit_code, found["state"], found["culprit"]) == (1, "down", "registry")
    assert f"nginx/1.18.0 answers {status}" in found["headline"]
    assert said in found["headline"]


def test_nginx_s_own_page_is_recognised_though_it_carries_the_registry_s_header() -> None:
    reply = http_reply(502, sample("error_page/nginx_502.html"), headers={"X-Docker-Registry-Config": "qa"})
    assert probe(ping("-o", "json", registry=everywhere(classic(), reply)))["sighting"]["state"] == "down"


def test_a_stopped_distribution_is_told_though_the_classic_surface_answers() -> None:
    result = ping(registry=both(**{"/v2/": gateway()}))
    assert result.exit_code == 1
    assert "the registry behind it is stopped" in " ".join(result.stdout.split())
    assert "/ still answers" in " ".join(result.stdout.split())


def test_a_registry_that_hangs_behind_nginx_is_told_from_a_paused_container() -> None:
    registry = everywhere(classic(), no_answer(Cause.SILENT))
    found = probe(ping("-o", "json", registry=registry))["sighting"]
    assert (found["state"], found["culprit"]) == ("silent", "registry")
    assert "nginx answers, but the registry behind it does not" in found["headline"]
    assert registry.asked == ["/v2/", "/nginx_status"]


def test_an_unavailable_registry_is_no_reply_and_the_reason_is_looked_for() -> None:
    report = classic_reply(503, sample("registry_status/swift_down.json"))
    result = ping("-o", "json", registry=both(**{"/v2/": http_reply(503, UNAVAILABLE), "/_status": report}))
    found = probe(result)["sighting"]
    assert (result.exit_code, found["state"]) == (1, "unavailable")
    assert "UNAVAILABLE service unavailable" in found["headline"]
    assert "storage cannot be written and read" in found["warnings"][0]


@pytest.mark.parametrize(
    ("report", "flavor", "warning"),
    [
        ("dev_redis_stopped", "devel", "redis does not answer as it should: Error 99"),
        ("main_without_redis", "devel", "redis not configured, though the flavor devel"),
        ("storage_unwritable", "qa", "storage cannot be written and read; images are not served reliably: [Errno 13]"),
    ],
)
def test_a_living_registry_with_a_broken_part_is_alive_with_a_warning(report: str, flavor: str, warning: str) -> None:
    status = classic_reply(503, sample(f"registry_status/{report}.json"), flavor=flavor)
    result = ping("-o", "json", registry=classic(flavor, **{"/_status": status}))
    assert result.exit_code == 0
    assert [said for said in probe(result)["sighting"]["warnings"] if said.startswith(warning)]


def test_a_status_that_hangs_is_a_warning_about_storage_and_redis() -> None:
    result = ping(registry=classic(**{"/_status": no_answer(Cause.SILENT)}))
    assert result.exit_code == 0
    assert "storage or redis hangs" in result.stdout


def test_quick_leaves_the_storage_alone() -> None:
    registry = classic()
    assert ping("--quick", registry=registry).exit_code == 0
    assert "/_status" not in registry.asked


def test_a_dead_classic_surface_is_one_warning() -> None:
    result = ping("-o", "json", registry=both(**{path: gateway() for path in ("/", "/_ping", "/v1/_ping", "/_status")}))
    warnings = probe(result)["sighting"]["warnings"]
    assert result.exit_code == 0
    assert [said.split(":")[0] for said in warnings] == ["/, /_ping, /v1/_ping"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (http_reply(200, "<html><title>Welcome to nginx!</title>"), "a web page, 'Welcome to nginx!'"),
        (http_reply(200, b"\xff" * 10), "10 bytes"),
        (http_reply(200, "x", headers={"Content-Encoding": "gzip"}), "a body in gzip, which was not asked for"),
        (http_reply(404, ""), "offers nothing that a registry does"),
        (gateway(400, sample("error_page/nginx_400_plain_http.html")), "wants TLS on this port"),
        (
            gateway(400, "<p>No required SSL certificate was sent<hr><center>nginx</center>"),
            "client certificate",
        ),
        (gateway(403, NGINX_403), "answers 403 Forbidden"),
    ],
)
def test_what_is_no_registry_is_named(reply: Any, said: str) -> None:
    result = ping(registry=everywhere(classic(), reply))
    assert result.exit_code == 1
    assert said in " ".join(result.stdout.split())


def test_a_redirect_that_leads_nowhere_is_told_and_the_rest_is_asked() -> None:
    moved = no_answer(Cause.REFUSED, Phase.CONNECT, redirects=(f"{URL}/v2/",))
    result = ping(registry=both(**{"/v2/": moved}))
    assert result.exit_code == 0
    assert "/v2/: redirected, and then" in " ".join(result.stdout.split())


def test_one_target_that_fails_does_not_stop_the_others() -> None:
    dead = FakeRegistry({"/v2/": no_answer(Cause.REFUSED, Phase.CONNECT)}, url="http://127.0.0.1:1")
    services = FakeServices(registries={"dead": dead, "well": both()})
    result = ping("dead", "well", "-o", "json", obj=services)
    document = json.loads(result.stdout)
    assert (result.exit_code, document["target"]["url"]) == (1, None)
    assert [(found["target"]["url"], found["alive"]) for found in document["data"]["probes"]] == [
        ("http://127.0.0.1:1", False),
        (URL, True),
    ]


def test_counting_prints_a_line_for_each_answer_and_ping_s_summary() -> None:
    replies = [both().replies["/v2/"], no_answer(Cause.REFUSED, Phase.CONNECT), both().replies["/v2/"]]
    result = ping("-c", "3", "-i", "0.5", registry=both(**{"/v2/": replies}))
    assert result.exit_code == 0
    assert lines(result) == [
        "200 from http://127.0.0.1:5080/v2/: seq=1 time=3.0 ms (connect 1.0, first byte 2.0)",
        REFUSED_LINE,
        "200 from http://127.0.0.1:5080/v2/: seq=3 time=3.0 ms (connect 1.0, first byte 2.0)",
        "",
        "--- http://127.0.0.1:5080 ---",
        "3 sent, 2 answered, 33% lost, in 1.0 s",
        "min/avg/max/mdev = 3.0/3.0/3.0/0.0 ms",
        "alive: distribution with the classic surface, version 2.8.2, flavor local,",
        "behind nginx",
    ]


def test_counting_goes_on_until_somebody_answers() -> None:
    refused, page = no_answer(Cause.REFUSED, Phase.CONNECT), both().replies["/v2/"]
    result = ping("-c", "3", "-o", "json", registry=both(**{"/v2/": [refused, gateway(), page]}))
    assert [pong["state"] for pong in probe(result)["pongs"]] == ["down", "down", "alive"]
    assert (result.exit_code, probe(result)["statistics"]["received"]) == (0, 1)


def test_no_answer_at_all_is_a_failure_without_times() -> None:
    result = ping("-c", "2", registry=everywhere(classic(), no_answer(Cause.REFUSED, Phase.CONNECT)))
    assert result.exit_code == 1
    assert "2 sent, 0 answered, 100% lost" in result.stdout
    assert "min/avg" not in result.stdout


def test_text_from_a_server_cannot_reach_the_terminal() -> None:
    names = ("X-Docker-Registry-Version", "X-Docker-Registry-Config", "Server")
    headers = dict(zip(names, ("[red]", "\x1b]52;c;aGk=\x07", "\u202eq"), strict=True))
    alive = ping(registry=classic(**{"/v2/": http_reply(200, "{}", headers=headers)}))
    sick = ping("-c", "2", registry=classic(**{"/v2/": http_reply(500, "", headers=headers, reason="\x9b2J")}))
    assert "version [red], flavor \\x1b]52;c;aGk=\\x07, behind \\u202eq" in alive.stdout
    assert "500 \\x9b2J" in sick.stdout
    assert not any(character in alive.output + sick.output for character in "\x1b\x07\x9b\u202e")


def test_an_error_that_no_target_can_help_is_a_usage_error(tmp_path: Any) -> None:
    path = tmp_path / "empty.pem"
    path.write_text("")
    with FaultServer(lambda peer: None, read_head=False) as server:
        result = ping("--cacert", str(path), f"https://127.0.0.1:{server.port}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no usable CA bundle" in result.stderr


def test_a_password_in_the_address_is_shown_nowhere() -> None:
    with refused_port() as port:
        for output in ("table", "json"):
            result = ping("-o", output, f"http://bob:hunter2@127.0.0.1:{port}")
            assert "hunter2" not in result.output
    result = ping("http://bob:hunter2@127.0.0.1:99999")
    assert (result.exit_code, "hunter2" in result.output) == (2, False)


def test_ctrl_c_ends_with_the_summary_and_the_status_of_the_replies() -> None:
    with FaultServer(pages({"/v2/": (200, "{}")})) as server:
        command = [sys.executable, "-m", "regops", "ping", "-c", "0", "-i", "0.01", server.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert "seq=1" in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
    assert process.returncode == 0
    assert "min/avg/max/mdev" in rest


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e12", "soon"])
@pytest.mark.parametrize("option", ["--timeout", "--interval"])
def test_a_time_that_is_none_is_a_usage_error(option: str, value: str) -> None:
    assert ping(option, value, registry=both()).exit_code == 2


@pytest.mark.parametrize("token", ["se cret", "se\ncret", "s\u20accret"])
def test_a_token_that_no_header_can_carry_is_a_usage_error_that_does_not_show_it(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGOPS_TOKEN", token)
    result = ping(registry=both())
    assert result.exit_code == 2
    assert "REGOPS_TOKEN" in result.stderr
    assert "cret" not in result.output


def test_a_token_may_end_in_a_newline_as_files_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGOPS_TOKEN", "t0ken\n")

    def script(peer: Peer) -> None:
        peer.reply(200 if peer.header("authorization") == "Bearer t0ken" else 401, "{}")

    with FaultServer(script) as server:
        result = ping(server.url, "--quick", "-o", "json")
    assert probe(result)["sighting"]["surfaces"][0]["status"] == 200


def test_a_password_without_a_user_is_a_usage_error() -> None:
    result = ping("--password-stdin", registry=both())
    assert result.exit_code == 2
    assert "--password-stdin needs --user" in result.stderr


def test_a_page_that_is_made_to_be_slow_costs_no_time() -> None:
    slow = http_reply(200, "<title>" + " " * 100_000)
    failing = http_reply(503, json.dumps({"failures": {"storage": "a" * 500_000}, "services": ["storage"]}))
    result = ping(
        registry=FakeRegistry({"/v2/": slow, "/": slow, "/_ping": classic_reply(200, "true"), "/_status": failing})
    )
    assert "storage cannot be written" in result.stdout


def test_a_stranger_that_asks_for_credentials_everywhere_is_not_called_a_registry() -> None:
    stranger = everywhere(both(), http_reply(401, "", headers={"WWW-Authenticate": 'Basic realm="grafana"'}))
    result = ping("-o", "json", registry=stranger)
    assert probe(result)["sighting"]["identity"]["generation"] == "unknown"
    assert "nothing else shows that it is a registry" in probe(result)["sighting"]["headline"]


def test_a_token_server_in_the_challenge_is_a_registrys_way() -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="https://auth.example/token",service="registry.example"'}
    result = ping("-o", "json", registry=everywhere(both(), http_reply(401, "", headers=challenge)))
    assert (result.exit_code, probe(result)["sighting"]["identity"]["generation"]) == (
        0,
        "distribution with the classic surface",
    )


def test_something_that_only_fails_has_no_generation() -> None:
    result = ping("-o", "json", registry=everywhere(both(), http_reply(500, "oops", headers={})))
    assert (result.exit_code, probe(result)["sighting"]["identity"]["generation"]) == (1, "unknown")


def test_a_proxy_that_is_down_is_blamed_and_not_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    with refused_port() as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        result = ping("http://registry.example")
    assert result.exit_code == 1
    assert f"the proxy http://127.0.0.1:{port} cannot be reached" in " ".join(result.stdout.split())
    assert "NO_PROXY" in result.stdout
    assert "container" not in result.stdout
