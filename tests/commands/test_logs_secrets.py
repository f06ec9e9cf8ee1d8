"""`regops logs` on a container whose every log holds secrets of every form: none is shown that was not asked for."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from regops.main import app
from secret_forms import CANARY, FORMS, TRACES
from tree import NAME, TreeServices, tree_services

LINES = "".join(f"{text}\n" for text in FORMS.values())
ACCESS = "".join(
    f'172.17.0.1 - - [23/Nov/2026:09:11:08 +0000] "GET {target} HTTP/1.1" 200 2 "{referer}" "{agent}"\n'
    for target, referer, agent in (
        (f"/v2/a/blobs/uploads/1?_state={CANARY}&digest=sha256:0", "-", "docker/20.10"),
        (f"/login?next=1&password={CANARY}", f"http://alice:{CANARY}@host/", "-"),
        ("/", f"/proxy?url=http%3A%2F%2Falice%3A{CANARY}%40host%2F", f"x token={CANARY}"),
        (rf"/\x22password\x22:\x22{CANARY}\x22", "-", "-"),
    )
)
ERRORS = (
    f'2026/11/23 09:13:20 [error] 15#15: *109 connect() failed, client: 172.17.0.1, server: , request: "GET '
    f'/?token={CANARY} HTTP/1.1", upstream: "http://127.0.0.1:5000/?token={CANARY}", host: "127.0.0.1:21443"\n'
)
REGISTRY = (
    "2026-11-23 09:11:00,018 ERROR: boom\nTraceback (most recent call last):\n"
    f'  File "/x.py", line 1, in get\nClientException: http://swift X-Auth-Token: AUTH_tk{CANARY}\n'
    f"2026-11-23 09:11:01,018 INFO: Redis config: {{'host': 'redis', 'password': '{CANARY}'}}\n"
    f'time="2026-11-23T09:42:10Z" level=error msg="sent {{\\"password\\": \\"{CANARY}\\"}}" http.request.method=PATCH '
    f'http.request.uri="/v2/a/blobs/uploads/1?_state={CANARY}" http.request.referer="https://a:{CANARY}@b/" '
    f"db.password={CANARY} level=error\n"
    f'{{"level":"warning","msg":"x","time":"2026-11-23T09:42:10Z","secret":"{CANARY}"}}\n'
)
SOURCES = {
    "var/log/nginx/access.log": ACCESS,
    "var/log/nginx/error.log": ERRORS,
    "var/log/supervisor/docker-registry.log": REGISTRY + LINES,
    "var/log/supervisor/nginx-stderr.log": LINES,
    "var/log/supervisor/redis.log": LINES,
    "var/log/supervisor/supervisord.log": f"2026-11-23 09:11:01,023 INFO spawned: 'a' with password={CANARY}\n" + LINES,
}


@pytest.fixture
def services(tmp_path: Path) -> TreeServices:
    services = tree_services(tmp_path, output=LINES.encode())
    for path, text in SOURCES.items():
        (tmp_path / path).write_text(text)
    (tmp_path / "var/log/nginx/link.log").symlink_to(f"/nowhere/password={CANARY}")
    return services


def run(services: Any, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["--color", "never", "logs", NAME, "-s", "*", *arguments], obj=services)


@pytest.mark.parametrize("form", [["-o", "table"], ["-o", "json"], ["--raw"]], ids=lambda form: form[-1])
def test_no_secret_of_any_form_is_on_the_screen(services: TreeServices, form: list[str]) -> None:
    result = run(services, "-n", "100000", "--summary", *form)
    assert result.exit_code == 0
    leaks = [line for line in result.output.split("\n") if any(trace in line for trace in TRACES)]
    assert leaks == []
    assert result.stdout.count("***") > len(FORMS)


@pytest.mark.parametrize("form", [["-o", "table"], ["-o", "json"], ["--raw"]], ids=lambda form: form[-1])
def test_all_are_when_they_are_asked_for(services: TreeServices, form: list[str]) -> None:
    result = run(services, "-n", "100000", "--show-secrets", *form)
    assert result.stdout.count(CANARY) >= sum(text.count(CANARY) for text in (*SOURCES.values(), LINES))
    assert "***" not in result.stdout


def test_raw_with_secrets_is_exact_to_the_byte(services: TreeServices) -> None:
    options = ["-s", "docker-registry.log", "-n", "100000", "--raw", "--show-secrets"]
    assert CliRunner().invoke(app, ["logs", NAME, *options], obj=services).stdout == REGISTRY + LINES


def test_raw_without_them_changes_nothing_else(services: TreeServices, tmp_path: Path) -> None:
    (tmp_path / "var/log/nginx/access.log").write_bytes(b"a\xff\x1b[2J \t\r\npassword=hunter2 \xe2\x82\n")
    result = CliRunner().invoke(app, ["logs", NAME, "-s", "access.log", "--raw"], obj=services)
    assert result.stdout_bytes == b"a\xff\x1b[2J \t\r\npassword=*** \xe2\x82\n"


@pytest.mark.parametrize("output", ["table", "json"])
def test_the_list_shows_no_secret_of_a_link(services: TreeServices, output: str) -> None:
    assert CANARY not in run(services, "--list", "-o", output).output
    assert "/nowhere/password=***" in run(services, "--list", "-o", output).output
    assert CANARY in run(services, "--list", "-o", output, "--show-secrets").output


@pytest.mark.parametrize("output", ["table", "json"])
def test_an_error_that_ends_the_command_shows_no_secret(services: TreeServices, tmp_path: Path, output: str) -> None:
    (tmp_path / f"var/log/nginx/password={CANARY}.log").mkdir()
    for options in (["-s", f"nginx/password={CANARY}.log"], ["-s", "nowhere"], ["-s", f"token={CANARY}"]):
        result = CliRunner().invoke(app, ["--color", "never", "logs", NAME, "-o", output, *options], obj=services)
        assert result.exit_code == 3
        assert CANARY not in result.output
        assert "=***" in result.output
    shown = CliRunner().invoke(app, ["logs", NAME, "-s", "nowhere", "--show-secrets"], obj=services)
    assert CANARY in shown.stderr


def test_a_secret_can_be_searched_for_without_being_shown(services: TreeServices) -> None:
    result = run(services, "--grep", f"host.*redis.*{CANARY}", "-s", "docker-registry", "-o", "json")
    found = [(json.loads(line)["message"] or "").split("\n")[0] for line in result.stdout.splitlines()]
    assert "Redis config: {'host': 'redis', 'password': '***'}" in found


def test_a_secret_that_a_long_line_cuts_in_two_is_masked(services: TreeServices, tmp_path: Path) -> None:
    path = tmp_path / "var/log/nginx/access.log"
    for secret in (f"https://alice:{CANARY}@host/", f"Basic {TRACES[2]}", f"AUTH_tk{CANARY}"):
        start = secret.index(TRACES[2] if "Basic" in secret else CANARY)
        path.write_text("x" * (64 * 1024 - start - 7) + " " + secret + "\n")
        for form in (["-o", "json"], ["--raw"], ["-o", "table"]):
            result = CliRunner().invoke(app, ["logs", NAME, "-s", "access.log", *form], obj=services)
            assert result.exit_code == 0
            assert "c4na" not in result.stdout
            assert TRACES[2][:5] not in result.stdout
