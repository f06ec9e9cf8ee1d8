"""`regops nginx-status`: the counters, from outside or inside, once or again and again."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from exposition import read_exposition
from fake_engine import FakeEngine, container_document
from fake_registry import FakeRegistry, http_reply
from fake_services import FakeServices
from regops.errors import NotRunning, PermissionDenied, Phase, Unreachable
from regops.main import app
from regops.model.http import HttpReply

URL = "http://127.0.0.1:5080"
SAMPLES = Path(__file__).parent.parent / "parsers" / "samples" / "stub_status"
UNREACHABLE = Unreachable(f"{URL}: refused", hint="is it running?", phase=Phase.CONNECT)


def stub(accepts: int, requests: int, *, handled: int | None = None, active: int = 1, waiting: int = 0) -> str:
    handled = accepts if handled is None else handled
    return (
        f"Active connections: {active} \nserver accepts handled requests\n {accepts} {handled} {requests} \n"
        f"Reading: 0 Writing: 1 Waiting: {waiting} \n"
    )


def services(*replies: Any, **more: Any) -> FakeServices:
    """Services whose registry at URL gives these replies to /nginx_status, one after another."""
    return FakeServices(registries={URL: FakeRegistry({"/nginx_status": list(replies)}, url=URL)}, **more)


def nginx_status(*arguments: str, obj: FakeServices, **more: Any) -> Result:
    return CliRunner().invoke(app, ["nginx-status", *arguments], obj=obj, **more)


def data_of(result: Result) -> dict[str, Any]:
    return dict(json.loads(result.stdout)["data"])


def test_the_counters_are_shown_with_what_each_means() -> None:
    result = nginx_status(URL, obj=services((SAMPLES / "waiting.txt").read_text()))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "http://127.0.0.1:5080/nginx_status",
        "now",
        "  active                      5    open now, this question included",
        "  reading                     1    sending the head of a request",
        "  writing                     1    being answered, this question too",
        "  waiting                     3    idle: kept open by clients",
        "since nginx started",
        "  accepts                  3580    connections accepted",
        "  handled                  3580    connections handled",
        "  dropped                     0    accepts - handled",
        "  requests                 6511    requests",
        "  requests per connection  1.82    requests / handled",
    ]


def test_dropped_connections_are_counted_and_explained() -> None:
    result = nginx_status(URL, obj=services((SAMPLES / "dropped.txt").read_text()))
    assert "dropped                     5    out of worker_connections or files" in result.stdout


def test_the_json_has_nginx_s_own_names_and_what_follows_from_them() -> None:
    data = data_of(nginx_status(URL, "-o", "json", obj=services((SAMPLES / "dropped.txt").read_text())))
    assert data == {
        "page": "http://127.0.0.1:5080/nginx_status",
        "asked": "outside",
        "notes": [],
        "active": 1,
        "reading": 0,
        "writing": 1,
        "waiting": 0,
        "accepts": 13,
        "handled": 8,
        "dropped": 5,
        "requests": 8,
        "requests_per_connection": 1.0,
        "request_time_ms": None,
    }


def test_requests_per_connection_is_undefined_before_the_first_connection() -> None:
    result = nginx_status(URL, obj=services(stub(0, 0)))
    assert "requests per connection  -    undefined: no connection was handled yet" in result.stdout
    assert data_of(nginx_status(URL, "-o", "json", obj=services(stub(0, 0))))["requests_per_connection"] is None


def test_a_handled_connection_counted_before_it_was_accepted_is_no_negative_drop() -> None:
    assert data_of(nginx_status(URL, "-o", "json", obj=services(stub(10, 9, handled=11))))["dropped"] == 0


def test_tengine_s_request_time_is_shown() -> None:
    result = nginx_status(URL, obj=services((SAMPLES / "tengine.txt").read_text()))
    assert "request_time" in result.stdout
    assert "75.806 s" in result.stdout


def test_the_page_s_own_address_may_be_given() -> None:
    assert nginx_status(f"{URL}/nginx_status", obj=services(stub(1, 1))).exit_code == 0


@pytest.mark.parametrize("path", ["/status", "status"])
def test_another_path_can_be_asked(path: str) -> None:
    obj = FakeServices(registries={URL: FakeRegistry({"/status": stub(1, 1)}, url=URL)})
    assert nginx_status(URL, "--path", path, obj=obj).exit_code == 0
    assert obj.registries[URL].asked == ["/status"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (404, "answered 404 Not Found: stub_status is not at that path"),
        (401, "the page wants credentials"),
        (502, "answered 502 Bad Gateway: nginx forwards that path to a registry that does not answer"),
        (500, "answered 500, not nginx's status"),
        ((SAMPLES / "forbidden.html").read_text(), "not with nginx's status"),
        ('"docker-registry server (prod) (v0.8.1)"', "not with nginx's status"),
        ("", "not with nginx's status"),
        (UNREACHABLE, "refused"),
    ],
)
def test_what_is_not_the_page_is_named_and_ends_with_3(reply: Any, words: str) -> None:
    result = nginx_status(URL, obj=services(reply))
    assert (result.exit_code, result.stdout) == (3, "")
    assert words in result.stderr
    assert "\nhint: " in result.stderr


def test_a_hostile_answer_cannot_steer_the_terminal() -> None:
    result = nginx_status(URL, obj=services("\x1b]52;c;x\x07" * 99))
    assert result.exit_code == 3
    assert not set(result.stderr) & set("\x1b\x07")


# From inside the container.


def inside(document: dict[str, Any], address: str, reply: Any = None) -> dict[tuple[str, str], Any]:
    return {(document["Id"], address): FakeRegistry({"/nginx_status": reply or stub(7, 9)}, url=address)}


@pytest.mark.parametrize(
    ("url", "peer", "published", "container_url"),
    [
        (URL, "127.0.0.1", ("127.0.0.1", 5080), "http://127.0.0.1:8080"),
        (URL, "127.0.0.1", ("", 5080), "http://127.0.0.1:8080"),
        ("http://registry.example:5080", "192.0.2.1", ("0.0.0.0", 5080), "http://registry.example:8080"),
        ("https://registry.example", "192.0.2.1", ("192.0.2.1", 443), "https://registry.example:8080"),
        ("http://172.17.0.2:8080", "172.17.0.2", ("127.0.0.1", 5080), "http://172.17.0.2:8080"),
        ("http://[::1]:5080", "::1", ("::1", 5080), "http://[::1]:8080"),
    ],
)
def test_after_a_403_the_page_is_asked_inside_the_container_that_publishes_the_address(
    url: str, peer: str, published: tuple[str, int], container_url: str
) -> None:
    other = container_document("other", ports={"8080/tcp": ("127.0.0.1", 5081)}, address="172.17.0.3")
    document = container_document("reg", ports={"8080/tcp": published})
    obj = FakeServices(
        registries={url: FakeRegistry({"/nginx_status": 403}, url=url, address=peer)},
        fake_engine=FakeEngine(other, document),
        inside=inside(document, container_url),
    )
    result = nginx_status(url, "-o", "json", obj=obj)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["data"]["asked"], found["data"]["accepts"]) == ("inside", 7)
    assert found["target"] == {"url": url, "container": "reg", "swift_container": None}
    assert found["data"]["notes"] == [
        f"asked inside the container reg, because {url}/nginx_status answers 403 from outside"
    ]


def test_the_table_says_that_it_was_asked_inside_and_why() -> None:
    document = container_document("reg")
    obj = services(403, fake_engine=FakeEngine(document), inside=inside(document, "http://127.0.0.1:8080"))
    shown = " ".join(nginx_status(URL, obj=obj).stdout.split())
    assert (
        "asked inside the container reg, because http://127.0.0.1:5080/nginx_status answers 403 from outside" in shown
    )


@pytest.mark.parametrize(
    ("peer", "engine", "words"),
    [
        ("127.0.0.1", FakeEngine(), "publishes port 5080 of 127.0.0.1"),
        ("198.51.100.7", FakeEngine(container_document(ports={"8080/tcp": ("", 5080)})), "is not this machine's"),
        ("127.0.0.1", FakeEngine(container_document(), is_local=False), "is another machine's"),
        ("127.0.0.1", FakeEngine(container_document(state={"Paused": True})), "is paused"),
        ("127.0.0.1", FakeEngine(fails=Unreachable("no engine", phase=Phase.CONNECT)), "no engine"),
        ("127.0.0.1", FakeEngine("[]"), "publishes port 5080 of 127.0.0.1"),
    ],
)
def test_a_403_that_cannot_be_asked_inside_says_both(peer: str, engine: FakeEngine, words: str) -> None:
    registry = FakeRegistry({"/nginx_status": 403}, url=URL, address=peer)
    result = nginx_status(URL, obj=FakeServices(registries={URL: registry}, fake_engine=engine))
    assert result.exit_code == 3
    assert f"{URL}/nginx_status answered 403" in result.stderr
    assert words in result.stderr


def test_a_reply_through_a_proxy_names_no_container() -> None:
    reply = http_reply(403, url=f"{URL}/nginx_status", via="http://proxy:3128")
    result = nginx_status(URL, obj=services(reply, fake_engine=FakeEngine(container_document())))
    assert result.exit_code == 3
    assert "the proxy http://proxy:3128 answered" in result.stderr


def test_without_root_the_missing_right_is_named() -> None:
    document = container_document("reg")
    denied = PermissionDenied("cannot open /proc/28815/ns/net of the container reg", hint="run regops as root")
    result = nginx_status(
        URL,
        obj=services(403, fake_engine=FakeEngine(document), inside={(document["Id"], "http://127.0.0.1:8080"): denied}),
    )
    assert result.exit_code == 3
    assert "cannot open /proc/28815/ns/net of the container reg" in result.stderr
    assert result.stderr.endswith("hint: run regops as root\n")


def test_a_named_container_is_asked_inside_on_its_own_ports_first() -> None:
    ports = {"5000/tcp": ("127.0.0.1", 5000), "8443/tcp": ("127.0.0.1", 5443), "9090/tcp": ("127.0.0.1", 9090)}
    document = container_document("reg", ports=ports)
    obj = FakeServices(fake_engine=FakeEngine(document), inside=inside(document, "http://127.0.0.1:9090"))
    result = nginx_status("--container", "reg", "-o", "json", obj=obj)
    assert result.exit_code == 0, result.stderr
    assert data_of(result)["page"] == "http://127.0.0.1:9090/nginx_status"
    assert data_of(result)["notes"] == ["asked inside the container reg"]


@pytest.mark.parametrize("port", [80, 8080])
def test_a_container_without_ports_is_asked_where_nginx_usually_is(port: int) -> None:
    document = container_document("reg", ports={})
    obj = FakeServices(fake_engine=FakeEngine(document), inside=inside(document, f"http://127.0.0.1:{port}"))
    assert nginx_status("--container", "reg", obj=obj).exit_code == 0


def test_a_container_that_shows_the_page_nowhere_says_what_each_port_answered() -> None:
    document = container_document("reg")
    obj = FakeServices(
        fake_engine=FakeEngine(document),
        inside={
            **inside(document, "http://127.0.0.1:8080", 404),
            **inside(document, "http://127.0.0.1:80", 401),
        },
    )
    result = nginx_status("--container", "reg", obj=obj)
    assert result.exit_code == 3
    assert "no port of the container reg shows nginx's status" in result.stderr
    assert "http://127.0.0.1:8080/nginx_status answered 404" in result.stderr
    assert "http://127.0.0.1:80/nginx_status answered 401" in result.stderr


def test_an_unknown_container_is_named() -> None:
    result = nginx_status("--container", "nosuch", obj=FakeServices())
    assert result.exit_code == 3
    assert "has no container nosuch" in result.stderr


def test_a_container_typed_wins_over_an_address_of_the_environment_and_the_other_way_round() -> None:
    document = container_document("reg")
    obj = services(stub(1, 1), fake_engine=FakeEngine(document), inside=inside(document, "http://127.0.0.1:8080"))
    both = {"REGOPS_URL": URL, "REGOPS_CONTAINER": "nosuch"}
    assert data_of(nginx_status("--container", "reg", "-o", "json", obj=obj, env=both))["asked"] == "inside"
    assert data_of(nginx_status(URL, "-o", "json", obj=obj, env=both))["asked"] == "outside"


# Again and again.


def samples(*arguments: str, obj: FakeServices) -> list[dict[str, Any]]:
    result = nginx_status(*arguments, "-o", "json", obj=obj)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_watching_shows_rates_from_the_differences() -> None:
    obj = services(stub(10, 20), stub(14, 40, handled=13), stub(14, 40, handled=13))
    first, second, third = samples(URL, "--watch", "2", "--count", "3", obj=obj)
    assert (first["rates"], first["restarted"], first["error"]) == (None, False, None)
    assert second["rates"] == {
        "interval_ms": 2000.0,
        "accepts_per_second": 2.0,
        "handled_per_second": 1.5,
        "requests_per_second": 10.0,
        "dropped": 1,
    }
    assert third["rates"]["requests_per_second"] == 0.0
    assert [one["taken_at"] for one in (first, second)] == ["2026-11-23T09:12:00Z", "2026-11-23T09:12:02Z"]


def test_watching_survives_a_restart_of_nginx_and_says_so() -> None:
    before, after, later = samples(URL, "-w", "1", "-c", "3", obj=services(stub(90, 99), stub(2, 2), stub(4, 8)))
    assert (before["restarted"], after["restarted"], later["restarted"]) == (False, True, False)
    assert (after["rates"], later["rates"]["requests_per_second"]) == (None, 6.0)


def test_watching_survives_failures_in_between_and_counts_over_them() -> None:
    obj = services(stub(10, 10), UNREACHABLE, 502, stub(13, 16))
    good, refused, gateway, again = samples(URL, "-w", "1", "-c", "4", obj=obj)
    assert (good["error"], refused["status"], gateway["status"]) == (None, None, None)
    assert refused["error"] == {
        "kind": "unreachable",
        "message": f"{URL}: refused",
        "hint": "is it running?",
        "exit_status": 3,
    }
    assert again["rates"] == {
        "interval_ms": 3000.0,
        "accepts_per_second": 1.0,
        "handled_per_second": 1.0,
        "requests_per_second": 2.0,
        "dropped": 0,
    }


def test_watching_in_a_pipe_gives_one_line_for_each_reading() -> None:
    obj = services(stub(10, 20, waiting=4, active=5), stub(12, 30), UNREACHABLE, stub(1, 1))
    result = nginx_status(URL, "-w", "1", "-c", "4", obj=obj)
    zero, rates, restarted = "reading=0 writing=1", "accepts/s=2.00 requests/s=10.00", "(nginx was restarted)"
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            f"2026-11-23T09:12:00Z active=5 {zero} waiting=4 accepts=10 handled=10 dropped=0 requests=20",
            f"2026-11-23T09:12:01Z active=1 {zero} waiting=0 accepts=12 handled=12 dropped=0 requests=30 {rates}",
            "2026-11-23T09:12:02Z error: http://127.0.0.1:5080: refused",
            f"2026-11-23T09:12:03Z active=1 {zero} waiting=0 accepts=1 handled=1 dropped=0 requests=1 {restarted}",
        ],
    )


def test_watching_ends_with_3_when_no_reading_succeeded() -> None:
    result = nginx_status(URL, "-w", "1", "-c", "2", obj=services(UNREACHABLE))
    assert (result.exit_code, len(result.stdout.splitlines())) == (3, 2)


@pytest.mark.parametrize(("reading_seconds", "slept"), [(0.0, [2.0, 2.0]), (0.5, [1.5, 1.5]), (9.0, [0.0, 0.0])])
def test_readings_are_spaced_from_start_to_start_and_slow_ones_follow_at_once(
    reading_seconds: float, slept: list[float]
) -> None:
    class Slow(FakeRegistry):
        def get(self, path: str, *, timeout_seconds: float | None = None) -> HttpReply:
            obj.clock.passed += reading_seconds
            return super().get(path, timeout_seconds=timeout_seconds)

    obj = FakeServices(registries={URL: Slow({"/nginx_status": stub(1, 1)}, url=URL)})
    samples(URL, "-w", "2", "-c", "3", obj=obj)
    assert obj.clock.slept == slept


def test_the_way_inside_is_kept_and_found_anew_when_the_container_changes() -> None:
    document = container_document("reg")
    way = FakeRegistry({"/nginx_status": [stub(1, 1), stub(2, 2), NotRunning("it ended"), stub(1, 1)]}, url=URL)
    obj = services(403, fake_engine=FakeEngine(document), inside={(document["Id"], "http://127.0.0.1:8080"): way})
    found = samples(URL, "-w", "1", "-c", "3", obj=obj)
    assert [one["status"]["asked"] for one in found] == ["inside"] * 3
    assert [one["restarted"] for one in found] == [False, False, True]
    assert len(obj.registries[URL].asked) == 2


# Metrics.


def test_the_metrics_have_the_official_exporter_s_names_types_and_texts() -> None:
    result = nginx_status(URL, "-o", "prometheus", obj=services((SAMPLES / "dropped.txt").read_text()))
    assert result.exit_code == 0
    assert read_exposition(result.stdout) == {
        "nginx_connections_accepted": ("counter", "Accepted client connections", 13),
        "nginx_connections_active": ("gauge", "Active client connections", 1),
        "nginx_connections_dropped_total": ("counter", "Accepted but not handled client connections", 5),
        "nginx_connections_handled": ("counter", "Handled client connections", 8),
        "nginx_connections_reading": ("gauge", "Connections where NGINX is reading the request header", 0),
        "nginx_connections_waiting": ("gauge", "Idle client connections", 0),
        "nginx_connections_writing": (
            "gauge",
            "Connections where NGINX is writing the response back to the client",
            1,
        ),
        "nginx_http_requests_total": ("counter", "Total http requests", 8),
        "nginx_up": ("gauge", "Status of the last metric scrape", 1),
    }


@pytest.mark.parametrize("reply", [UNREACHABLE, 404, "<html>"])
def test_the_metrics_of_an_nginx_that_does_not_answer_are_nginx_up_0_alone(reply: Any) -> None:
    result = nginx_status(URL, "-o", "prometheus", obj=services(reply))
    assert result.exit_code == 3
    assert read_exposition(result.stdout) == {"nginx_up": ("gauge", "Status of the last metric scrape", 0)}
    assert result.stderr.startswith("error: ")


@pytest.mark.parametrize(("reply", "up", "status"), [(stub(1, 1), 1, 0), (UNREACHABLE, 0, 3)])
def test_the_metrics_go_to_a_file_where_one_is_named(reply: Any, up: int, status: int) -> None:
    obj = services(reply)
    result = nginx_status(URL, "-o", "prometheus", "--output-file", "/metrics/nginx.prom", obj=obj)
    assert (result.exit_code, result.stdout) == (status, "")
    ((path, text),) = obj.written.items()
    assert (path, read_exposition(text)["nginx_up"].value) == (Path("/metrics/nginx.prom"), up)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "neither an address nor a container"),
        ((URL, "--count", "3"), "--count needs --watch"),
        ((URL, "--output-file", "x.prom"), "--output-file is for metrics"),
        ((URL, "-w", "1", "-o", "prometheus"), "Prometheus does itself"),
        ((URL, "-w", "0"), "Invalid value"),
        ((URL, "-w", "inf"), "Invalid value"),
    ],
)
def test_options_that_do_not_fit_together_are_usage_errors(arguments: tuple[str, ...], words: str) -> None:
    result = nginx_status(*arguments, obj=services(stub(1, 1)))
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_a_count_from_the_environment_does_not_disturb_a_single_reading() -> None:
    assert nginx_status(URL, obj=services(stub(1, 1)), env={"REGOPS_COUNT": "3"}).exit_code == 0
