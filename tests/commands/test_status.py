"""`regops status`: each part in words, and the difference between not offered, down and hanging."""

import json
import re
import threading
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fake_clock import FakeClock
from fake_registry import FakeRegistry, http_reply
from fake_services import FakeServices
from fault_server import FaultServer, Peer
from registry_door import run_out_of_time
from registry_pages import (
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
from regops.collectors import status_sources
from regops.errors import Phase
from regops.main import app
from regops.model.http import Cause, HttpReply

DEBUG = "http://127.0.0.1:5001"


def status(registry: FakeRegistry, *arguments: str, debug: Any = None, **more: Any) -> Result:
    registries = {URL: registry, DEBUG: FakeRegistry({"/debug/health": debug}, url=DEBUG)}
    return CliRunner().invoke(app, ["status", URL, *arguments], obj=FakeServices(registries=registries, **more))


def data(registry: FakeRegistry, *arguments: str, **more: Any) -> dict[str, Any]:
    result = status(registry, "-o", "json", *arguments, **more)
    document = json.loads(result.stdout)
    assert document["exit_code"] == result.exit_code
    return {"exit_code": result.exit_code, **document["data"]}


def parts(found: dict[str, Any]) -> dict[str, str]:
    return {part["name"]: part["health"] for part in found["parts"]}


def report(name: str, flavor: str = "qa", code: int = 503) -> HttpReply:
    return classic_reply(code, sample(f"registry_status/{name}.json"), flavor=flavor)


def test_a_registry_without_redis_is_well_though_it_answers_503() -> None:
    result = status(classic())
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "√ http://127.0.0.1:5080  well: every part that was asked works",
        "  registry   classic, version 0.8.1, flavor qa, behind nginx/1.18.0",
        "  host       d1a4c9ceb538",
        "  /_status   HTTP 503 in 0 ms",
        "  √ nginx     well            answers",
        "  √ registry  well            answers /",
        "  - redis     not configured  this registry has none, and needs none",
        "  √ storage   well            writes, reads and deletes an object",
    ]


@pytest.mark.parametrize("color", ["never", "always"])
def test_in_a_pipe_nothing_is_wrapped_and_nothing_filled_up(color: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "")
    services = FakeServices(registries={URL: classic("qa", **{"/_status": report("storage_unwritable")})})
    result = CliRunner().invoke(app, ["--color", color, "status", URL], obj=services)
    assert result.exit_code == 1
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in result.stdout.splitlines()]
    assert any(len(line) > 80 for line in lines)
    assert all(line.startswith(("√", "×", "  ")) for line in lines)
    assert all(len(line) < 600 for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("name", "flavor", "expected"),
    [
        ("dev_well", "devel", {"redis": "well", "storage": "well"}),
        ("main_without_redis", "prod", {"redis": "not configured", "storage": "well"}),
        ("main_without_redis", "devel", {"redis": "failing", "storage": "well"}),
        ("dev_redis_stopped", "devel", {"redis": "failing", "storage": "well"}),
        ("storage_unwritable", "qa", {"redis": "not configured", "storage": "failing"}),
        ("swift_down", "qa", {"redis": "not configured", "storage": "failing"}),
        ("credentials_refused", "qa", {"redis": "not configured", "storage": "failing"}),
    ],
)
def test_each_service_is_judged_by_what_the_registry_says_and_is(
    name: str, flavor: str, expected: dict[str, str]
) -> None:
    found = data(classic(flavor, **{"/_status": report(name, flavor)}))
    assert parts(found) == {"nginx": "well", "registry": "well", **expected}
    assert found["exit_code"] == ("failing" in expected.values())


def test_a_registry_with_neighbours_and_an_index_tells_of_both_and_of_itself_once() -> None:
    body = {
        "host": "a",
        "services": ["index", "instances", "registry", "storage"],
        "failures": {
            "index": "GET https://index.example:9200/: Connection refused",
            "instances": "the main instance b-1 keeps its images in the same Swift container: this cache goes stale",
            "registry": "GET http://127.0.0.1:5001/debug/health: Connection refused",
        },
    }
    found = data(classic("devel", **{"/_status": classic_reply(503, json.dumps(body), flavor="devel")}))
    told = [(part["name"], part["health"], part["hint"]) for part in found["parts"]]
    assert [name for name, _, _ in told] == ["nginx", "registry", "index", "instances", "storage"]
    assert [health for _, health, _ in told] == ["well", "failing", "failing", "failing", "well"]
    assert "INDEX_URL" in told[2][2]
    assert "OS_CONTAINER" in told[3][2]


def test_a_registry_that_says_it_fails_is_not_called_well_for_what_answers_in_front_of_it() -> None:
    body = {"host": "a", "services": ["registry"], "failures": {"registry": "Connection refused"}}
    closed = http_reply(403, '{"errors":[{"code":"DENIED","message":"over HTTPS only"}]}')
    result = status(both(**{"/v2/": closed, "/_status": classic_reply(503, json.dumps(body))}))
    assert result.exit_code == 1
    assert "not well: registry fails" in result.stdout
    starting = both(**{"/v2/": gateway(), "/": gateway(), "/_status": classic_reply(503, json.dumps(body))})
    assert parts(data(starting))["registry"] == "down", "what was asked of it says more"


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("swift: HTTP 401 Unauthorized", "OS_PASSWORD"),
        ("swift: Too Large Object (413)", "quota"),
        ("[Errno 28] No space left on device", "make room"),
        ("PUT /x-401f413e: Connection refused", "is Swift up"),
        ("[Errno 13] Permission denied: '/var/lib/docker-registry/X'", "owner of the volume"),
        ("Could not put content: Y", "registry's log"),
    ],
)
def test_the_next_step_follows_from_what_the_storage_said(said: str, hint: str) -> None:
    body = json.dumps({"failures": {"storage": said}, "host": "h", "services": ["redis", "storage"]})
    found = data(classic(**{"/_status": classic_reply(503, body)}))
    storage = next(part for part in found["parts"] if part["name"] == "storage")
    assert (storage["said"], hint in storage["hint"]) == (said, True)


@pytest.mark.parametrize(("url", "named"), [(URL, "web"), ("http://other:5000", "CONTAINER")])
def test_a_hint_names_the_container_that_the_environment_tells_with_this_address(
    url: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGOPS_URL", url)
    monkeypatch.setenv("REGOPS_CONTAINER", "web")
    body = json.dumps({"failures": {"storage": "Could not put content: logs CONTAINER"}, "services": ["storage"]})
    result = status(classic(**{"/_status": classic_reply(503, body)}), "-o", "json")
    storage = next(part for part in json.loads(result.stdout)["data"]["parts"] if part["name"] == "storage")
    assert storage["hint"] == f"the cause is in the registry's log: `regops logs {named}`"
    assert storage["said"] == "Could not put content: logs CONTAINER"


def test_a_password_in_what_a_driver_says_is_masked() -> None:
    body = json.dumps({"failures": {"redis": "redis://:hunter2@cache:6379 refused"}, "services": ["redis"]})
    result = status(classic(**{"/_status": classic_reply(503, body)}))
    assert result.exit_code == 1
    assert "redis://***@cache:6379 refused" in result.stdout


@pytest.mark.parametrize(
    "body",
    [
        "", "<html></html>", '{"failures": {', "NaN", "[" * 100_000, "9" * 100_000, "[]", "true", '"\\ud800"',
        '{"failures": 1, "services": []}', '{"failures": {}, "services": {"redis": 1}}',
        '{"failures": {"redis": 7}, "services": ["redis"]}', '{"failures": {}, "failures": {}, "services": []}',
        '{"failures": {"\\ud800": "\\udfff"}, "services": ["\\u001b[2J"]}', "\xff\xfe", "null",
    ],
)  # fmt: skip
@pytest.mark.parametrize("output", ["table", "json"])
def test_a_report_that_is_none_is_a_finding(body: str, output: str) -> None:
    result = status(classic(**{"/_status": classic_reply(200, body)}), "-o", output)
    assert (result.exit_code, result.stderr) == (1, "")
    assert "/_status" in result.stdout or "failing" in result.stdout
    assert "\x1b" not in result.stdout


def test_what_0_9_dropped_is_not_offered_and_not_down() -> None:
    found = data(classic(**{"/_status": 404, "/": '"\\"docker-registry server\\""', "/_ping": "{}"}))
    assert (found["exit_code"], parts(found)["storage"]) == (0, "not told")
    assert "0.9 dropped it" in found["parts"][-1]["words"]


def test_distribution_alone_tells_little_and_the_debug_port_more() -> None:
    registry = distribution()
    assert (data(registry)["exit_code"], parts(data(registry))["storage"]) == (0, "not told")
    assert "--debug-url" in status(registry).stdout
    sick = data(registry, "--debug-url", DEBUG, debug=http_reply(503, sample("debug_health/swift_refuses.json")))
    assert (sick["exit_code"], parts(sick)["storagedriver_swift"]) == (1, "failing")
    well = data(registry, "--debug-url", DEBUG, debug=http_reply(200, "{}"))
    assert (well["exit_code"], parts(well)["health checks"]) == (0, "well")


@pytest.mark.parametrize("debug", [404, "<html>", "[]", no_answer(Cause.REFUSED, Phase.CONNECT)])
def test_a_debug_port_that_does_not_answer_so_is_told_and_changes_nothing(debug: Any) -> None:
    found = data(distribution(), "--debug-url", DEBUG, debug=debug)
    assert (found["exit_code"], parts(found)["health checks"]) == (0, "not told")


def test_a_registry_whose_own_health_check_fails_is_ill() -> None:
    found = data(distribution(**{"/v2/": http_reply(503, UNAVAILABLE)}))
    assert (found["exit_code"], parts(found)) == (1, {"registry": "failing"})
    assert "health check failed" in found["parts"][0]["words"]


@pytest.mark.parametrize(
    ("failure", "exit_code", "expected"),
    [
        (no_answer(Cause.REFUSED, Phase.CONNECT), 1, {"container": "down"}),
        (no_answer(Cause.CLOSED), 1, {"nginx": "down"}),
        (no_answer(Cause.SILENT), 3, {"container": "hangs"}),
        (no_answer(Cause.SILENT, Phase.CONNECT), 3, {"connection": "not told"}),
        (no_answer(Cause.NO_NAME, Phase.DNS), 3, {"connection": "not told"}),
        (no_answer(Cause.TLS, Phase.TLS), 3, {"connection": "not told"}),
        (no_answer(Cause.NOT_HTTP), 3, {"connection": "not told"}),
    ],
)
def test_what_cannot_be_asked_is_told_from_what_is_down(failure: Any, exit_code: int, expected: dict[str, str]) -> None:
    found = data(everywhere(classic(**{"/nginx_status": failure}), failure))
    assert (found["exit_code"], parts(found)) == (exit_code, expected)
    assert found["headline"]
    assert found["hint"]


def test_a_stopped_registry_is_down_and_nginx_is_not() -> None:
    found = data(everywhere(classic(), gateway()))
    assert (found["exit_code"], parts(found)) == (1, {"nginx": "well", "registry": "down"})


def test_a_stopped_distribution_leaves_the_other_parts_to_be_told() -> None:
    found = data(both(**{"/v2/": gateway()}))
    assert found["exit_code"] == 1
    assert parts(found) == {"nginx": "well", "registry": "down", "redis": "not configured", "storage": "well"}


def test_a_registry_that_hangs_behind_nginx_is_down_and_nginx_is_not() -> None:
    found = data(everywhere(classic(), no_answer(Cause.SILENT)))
    assert (found["exit_code"], parts(found)) == (1, {"nginx": "well", "registry": "hangs"})


def test_a_report_that_never_comes_is_a_finding_about_storage_and_redis() -> None:
    found = data(classic(**{"/_status": no_answer(Cause.SILENT)}))
    assert (found["exit_code"], parts(found)["storage or redis"]) == (1, "hangs")
    assert "storage or redis hangs" in found["headline"]


def test_a_classic_surface_that_hangs_is_not_asked_for_its_report() -> None:
    registry = both(**{"/": no_answer(Cause.SILENT)})
    found = data(registry)
    assert (found["exit_code"], parts(found)["classic surface"]) == (1, "hangs")
    assert "/_status" not in registry.asked


@pytest.mark.parametrize("code", [401, 403])
def test_a_report_that_is_closed_to_us_is_not_told(code: int) -> None:
    found = data(classic(**{"/_status": http_reply(code, "")}))
    assert (found["exit_code"], parts(found)["storage"]) == (0, "not told")


def test_a_report_that_only_nginx_answers_for_is_a_finding() -> None:
    found = data(classic(**{"/_status": gateway()}))
    assert (found["exit_code"], parts(found)["/_status"]) == (1, "failing")


def test_waiting_is_said_on_stderr_and_stdout_stays_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_sources, "_TICK_SECONDS", 0.001)
    told = threading.Event()

    class SlowRegistry(FakeRegistry):
        def get(self, path: str, *, timeout_seconds: float | None = None) -> HttpReply:
            if path == "/_status":
                told.wait(60)
            return super().get(path, timeout_seconds=timeout_seconds)

    class TickingClock(FakeClock):
        def monotonic(self) -> float:
            if self.passed > 10:
                told.set()
            return super().monotonic()

    slow = SlowRegistry(classic().replies, url=URL)
    result = status(slow, "-o", "json", clock=TickingClock(step=0.5))
    assert result.exit_code == 0
    assert "/_status has not answered yet; waiting" in result.stderr
    assert json.loads(result.stdout)["data"]["verdict"] == "well"


def test_text_from_a_server_cannot_reach_the_terminal() -> None:
    body = json.dumps({"failures": {"\x1b[2J": "\u202e\x07"}, "host": "\x9bh", "services": ["[red]x[/red]"]})
    result = status(classic(**{"/_status": classic_reply(503, body)}))
    assert result.exit_code == 1
    assert "[red]x[/red]" in result.stdout
    assert not any(character in result.stdout for character in "\x1b\x07\x9b\u202e")


def test_the_real_door_and_a_dead_swift_end_within_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    run_out_of_time(monkeypatch, Phase.FIRST_BYTE, "/_status")

    def script(peer: Peer) -> None:
        if peer.path == "/_status":
            peer.wait_for_hang_up()
        elif peer.path == "/v2/":
            peer.reply(404, "")
        else:
            peer.reply(200, '"docker-registry server (qa) (v0.8.1)"' if peer.path == "/" else "true")

    with FaultServer(script) as server:
        result = CliRunner().invoke(app, ["status", server.url, "--timeout", "60", "-o", "json"])
    found = json.loads(result.stdout)["data"]
    assert (result.exit_code, parts(found)) == (1, {"registry": "well", "storage or redis": "hangs"})
