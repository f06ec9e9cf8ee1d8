"""`regops logs`: which lines are asked for, in which window, and what is said at the end."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from attack_container import regops_process
from fake_services import FakeServices
from regops.log_options import complete_source
from regops.main import app
from tree import NAME, TreeServices, tree_services

REQUESTS = (
    ("09:00:00", "172.17.0.1", "GET /v2/ HTTP/1.1", 200),
    ("09:05:00", "172.17.0.1", "PUT /v2/team/app/manifests/1.0 HTTP/1.1", 201),
    ("09:05:01", "10.1.2.3", "GET /v2/team/app/manifests/1.0 HTTP/1.1", 502),
    ("09:06:00", "10.1.2.3", "GET /v1/repositories/app/images HTTP/1.1", 404),
    ("09:07:00", "2001:db8::1", "DELETE /v2/other/manifests/2.0 HTTP/1.1", 403),
)
REGISTRY = """\
2026-11-22 09:04:00,000 INFO: Starting
2026-11-23 09:05:01,250 ERROR: Exception on /v2/team/app/manifests/1.0 [GET]
Traceback (most recent call last):
  File "/x.py", line 1, in get
ClientException: Object GET failed
2026-11-23 09:08:00,000 WARNING: Slow storage
"""


@pytest.fixture
def services(tmp_path: Path) -> TreeServices:
    """A registry that had a bad minute; it is 09:12 now, in UTC."""
    services = tree_services(tmp_path)
    access = "".join(
        f'{client} - - [23/Nov/2026:{time} +0000] "{request}" {status} 2 "-" "curl"\n'
        for time, client, request, status in REQUESTS
    )
    for path, text in (("nginx/access.log", access), ("supervisor/docker-registry.log", REGISTRY)):
        file = tmp_path / "var/log" / path
        file.write_text(text)
        os.utime(file, (1795425120, 1795425120))
    return services


def run(services: FakeServices, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["--color", "never", "logs", NAME, *arguments], obj=services)


def times(services: FakeServices, *arguments: str) -> list[str]:
    """Return the clocks of the records that are shown."""
    result = run(services, "-o", "json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line)["time"][11:19] for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--status", "5xx"], ["09:05:01"]),
        (["--status", "404,403"], ["09:06:00", "09:07:00"]),
        (["--method", "put,delete"], ["09:05:00", "09:07:00"]),
        (["--method", "PUT", "--method", "DELETE"], ["09:05:00", "09:07:00"]),
        (["--repo", "team/*"], ["09:05:00", "09:05:01"]),
        (["--repo", "app", "--repo", "other"], ["09:06:00", "09:07:00"]),
        (["--client", "10.0.0.0/8"], ["09:05:01", "09:06:00"]),
        (["--client", "2001:db8::/32", "--client", "172.17.0.1"], ["09:00:00", "09:05:00", "09:07:00"]),
        (["--level", "error"], ["09:05:01", "09:05:01"]),
        (["--level", "Warning", "-s", "docker-registry"], ["09:05:01", "09:08:00"]),
        (["--grep", "ClientException"], ["09:05:01"]),
        (["--grep", "clientEXCEPTION", "-i"], ["09:05:01"]),
        (["--grep", "manifests/1.0", "--status", "201"], ["09:05:00"]),
        (["-n", "1", "--status", "2xx"], ["09:05:00"]),
        (["--since", "5m"], ["09:07:00", "09:08:00"]),
        (["--since", "09:05:01", "--until", "09:07"], ["09:05:01", "09:05:01", "09:06:00"]),
        (["--until", "yesterday 23:59"], ["09:04:00"]),
        (["--since", "yesterday", "-n", "2"], ["09:07:00", "09:08:00"]),
        (["--since", "23/Nov/2026:09:07:00 +0000"], ["09:07:00", "09:08:00"]),
    ],
)
def test_lines_are_chosen(services: TreeServices, options: list[str], shown: list[str]) -> None:
    assert times(services, *options) == shown


def test_times_are_shown_and_understood_in_the_zone_of_whoever_works_here(services: TreeServices) -> None:
    services = replace(services, zone=ZoneInfo("Asia/Kolkata"))
    assert times(services, "--since", "14:37") == ["09:07:00", "09:08:00"]
    assert run(services, "-n", "1").stdout == "2026-11-23T14:38:00+05:30     docker-registry | WARNING: Slow storage\n"
    assert times(services, "--utc", "--since", "09:08") == ["09:08:00"]
    assert run(services, "-n", "1", "--utc").stdout.startswith("2026-11-23T09:08:00Z     docker-registry | ")


def test_a_traceback_stands_below_its_line(services: TreeServices) -> None:
    blank = " " * len("2026-11-23T09:05:01.250Z docker-registry")
    assert run(services, "--grep", "Client").stdout == (
        "2026-11-23T09:05:01.250Z docker-registry | ERROR: Exception on /v2/team/app/manifests/1.0 [GET]\n"
        f"{blank} | Traceback (most recent call last):\n"
        f'{blank} |   File "/x.py", line 1, in get\n'
        f"{blank} | ClientException: Object GET failed\n"
    )


def test_it_is_said_when_every_line_is_hidden(services: TreeServices) -> None:
    result = run(services, "--status", "418")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "note: there are no such lines in nginx/access.log, supervisor/docker-registry.log\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--grep", "a(b"], ["--grep is no regular expression: missing )", "\n  a(b\n   ^"]),
        (["--grep", "x{99999999999}"], ["--grep"]),
        (["-i"], ["--ignore-case needs --grep"]),
        (["--status", "6y"], ["--status 6y: not a status: '6y'", "404, 5xx, 400-499"]),
        (["--client", "web"], ["--client web: not an address such as 172.17.0.1"]),
        (["--method", "G T"], ["--method G T: not a method such as GET or PUT"]),
        (["--since", "soon"], ["--since soon: not a time", "yesterday 14:00"]),
        (["--since", "25:00"], ["--since 25:00: there is no such time"]),
        (
            ["--since", "09:00", "--until", "10:00"],
            ["nothing lies between --since 09:00 (2026-11-23 09:00:00 UTC) and "],
        ),
        (["-f", "--until", "now"], ["--follow and --until do not go together"]),
        (["--level", "loud"], ["loud"]),
    ],
)
def test_what_cannot_be_understood_is_a_usage_error_that_says_where(
    services: TreeServices, options: list[str], words: list[str]
) -> None:
    result = run(services, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert [word for word in words if word not in result.stderr] == []


def test_the_summary_counts_on_stderr_what_became_of_the_lines(services: TreeServices) -> None:
    result = run(services, "--since", "09:05", "--status", "5xx,403", "--summary")
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr.splitlines()[0].split() == ["LINES", "OF", "SHOWN", "ERRORS", "HIDDEN"]
    assert result.stderr.splitlines()[1].split() == ["nginx/access", "2", "1", "2"]


def test_the_summary_of_json_is_one_object(services: TreeServices) -> None:
    result = run(services, "-o", "json", "--summary", "-s", "docker-registry", "-n", "2")
    summary = json.loads(result.stderr)["summary"]
    assert summary["total"] == {"shown": 5, "hidden": 0, "doubled": 0, "errors": 1, "unread": 0}
    assert list(summary["sources"]) == ["supervisor/docker-registry.log"]


def test_sources_are_completed() -> None:
    assert complete_source("nginx/") == ["nginx/access", "nginx/error"]
    assert "docker" in complete_source("")


@pytest.mark.engine
@pytest.mark.root
def test_ctrl_c_ends_following_with_its_summary_and_head_ends_it_quietly() -> None:
    from attack_container import attacked

    with attacked("regops-test-face") as container:
        container.sh("for i in $(seq 1 9); do echo line $i; done > /var/log/supervisor/a.log")
        with regops_process("logs", container.name, "-f", "--summary") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            for _ in range(9):
                assert b"| line" in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert b"LINES OF" in process.stderr.read()
            assert process.wait() == 130
        with regops_process("logs", container.name, "-f") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            container.sh("for i in $(seq 1 9); do echo more $i >> /var/log/supervisor/a.log; done")
            assert (process.stderr.read(), process.wait()) == (b"", 141)
