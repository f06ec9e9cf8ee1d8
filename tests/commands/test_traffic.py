"""`regops traffic`: what is counted, where it is read from, what is said of what could not be, and adding up."""

import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from access_logs import TIMED, access_log
from fake_clock import FakeClock
from fake_engine import FakeEngine, container_document
from regops.adapters.engine.files import EngineFiles
from regops.errors import PermissionDenied
from regops.main import app
from tree import NAME, TreeServices, tree_services

NGINX = "var/log/nginx"
LINES = """\
10.0.0.1 - - [23/Nov/2026:09:00:00 +0000] "GET /v2/team/app/manifests/1.0 HTTP/1.1" 200 500 "-" "docker/24.0"
10.0.0.1 - - [23/Nov/2026:09:00:10 +0000] "PUT /v2/team/app/manifests/1.0 HTTP/1.1" 201 0 "-" "docker/24.0"
10.0.0.2 - - [23/Nov/2026:09:30:00 +0000] "GET /v1/repositories/old/images HTTP/1.1" 200 90 "-" "docker/1.4"
10.0.0.2 - - [23/Nov/2026:09:31:00 +0000] "GET /v2/team/app/manifests/2.0 HTTP/1.1" 404 10 "-" "docker/24.0"
2001:db8::7 - - [23/Nov/2026:09:59:59 +0000] "HEAD /v2/base/blobs/sha256:x HTTP/1.1" 502 0 "-" "curl/8"
10.0.0.9 - - [23/Nov/2026:09:59:59 +0000] "\\x16\\x03\\x01" 400 157 "-" "-"
\x1b[2Jnot a line of nginx ?token=hunter2
"""
CONF = """\
http {
    log_format timed '$remote_addr [$time_local] "$request" $status $body_bytes_sent $request_time';
    include conf.d/*.conf;
    server { access_log /var/log/nginx/timed.log timed; access_log /srv/plain.log; error_log /var/log/nginx/error.log; }
}
"""
TIMED_LINE = (
    '10.0.0.{0} [23/Nov/2026:09:00:0{0} +0000] "GET /v2/a/tags/list?n=1&_state=geheim HTTP/1.1" 200 7 {0}.500\n'
)


class UtcServices(TreeServices):
    def local_zone(self) -> tzinfo:
        return UTC


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text(LINES)
    return path


@pytest.fixture
def container(tmp_path: Path) -> TreeServices:
    """A container whose nginx has a format of its own, and rotated logs."""
    root = tmp_path / "root"
    files = {
        "etc/nginx/nginx.conf": CONF,
        f"{NGINX}/timed.log": TIMED_LINE.format(3),
        f"{NGINX}/timed.log.1": TIMED_LINE.format(2),
        f"{NGINX}/error.log": "",
        "srv/plain.log": LINES,
    }
    services = tree_services(root)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / f"{NGINX}/timed.log.2.gz").write_bytes(gzip.compress(TIMED_LINE.format(1).encode()))
    return UtcServices(root=root, fake_engine=services.fake_engine)


def run(*arguments: str, services: Any = None, stdin: bytes = b"") -> Any:
    services = services or UtcServices(clock=FakeClock())
    return CliRunner().invoke(app, ["--color", "never", "traffic", *arguments], obj=services, input=stdin)


def totals(*arguments: str, services: Any = None, stdin: bytes = b"") -> dict[str, Any]:
    result = run(*arguments, "-o", "json", services=services, stdin=stdin)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout)["data"])


def test_a_small_log_is_told_whole(log: Path) -> None:
    result = run(str(log))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.replace(str(log), "ACCESS.LOG") == TABLE


def test_in_a_pipe_names_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository, agent = f"{'team/' * 20}app", f"docker/24.0 {'os/linux ' * 12}end"
    line = '10.0.0.1 - - [23/Nov/2026:09:00:00 +0000] "GET /v2/{}/manifests/1 HTTP/1.1" 200 5 "-" "{}"\n'
    (tmp_path / "access.log").write_text(line.format(repository, agent))
    assert "…" in run(str(tmp_path / "access.log")).stdout
    monkeypatch.setenv("COLUMNS", "")
    shown = run(str(tmp_path / "access.log")).stdout
    assert "…" not in shown
    assert f"\n{repository}            1      5 B         1        0\n" in shown
    assert f"\n{agent}            1  100.0 %       5 B\n" in shown
    assert f"\nCLIENT{'REQUESTS':>55}    SHARE      SENT\n" in shown


TABLE = """\
ACCESS.LOG
2026-11-23 09:00:00 to 2026-11-23 09:59:59 +0000

requests                6    pulls               2
sent                757 B    pushes              1
unread                  1    of 7 lines; why is told below

REQUESTS, 2 min a column                                         TOTAL      MOST
all    █              █             █                                6         2
2xx    █              ▄                                              3         2
4xx                   █             █                                2         1
5xx                                 █                                1         1
       2026-11-23 09:00 2026-11-23 09:59

STATUS  200: 2  201: 1  400: 1  404: 1  502: 1

REPOSITORY                                  REQUESTS     SENT     PULLS   PUSHES
team/app                                           3    510 B         1        1
base                                               1      0 B         0        0
library/old                                        1     90 B         1        0

CLIENT                                               REQUESTS    SHARE      SENT
10.0.0.1                                                    2   33.3 %     500 B
10.0.0.2                                                    2   33.3 %     100 B
10.0.0.9                                                    1   16.7 %     157 B
2001:db8::7                                                 1   16.7 %       0 B

USER AGENT                                           REQUESTS    SHARE      SENT
docker/24.0                                                 3   50.0 %     510 B
-                                                           1   16.7 %     157 B
curl/8                                                      1   16.7 %       0 B
docker/1.4                                                  1   16.7 %      90 B

UNREAD  1 line: not in the log's format
  \\x1b[2Jnot a line of nginx ?token=***
"""


def test_every_line_is_counted_once(log: Path) -> None:
    data = totals(str(log))
    assert (data["lines"], data["requests"], data["left_out"]) == (7, 6, 0)
    assert [(each["reason"], each["lines"]) for each in data["unread"]] == [("not in the log's format", 1)]
    assert (data["pulls"], data["pushes"], data["sent_bytes"]) == (2, 1, 757)
    assert {each["name"]: each["pulls"] for each in data["repositories"]["names"]} == {
        "team/app": 1,
        "library/old": 1,
        "base": 0,
    }
    assert {each["method"]: each["requests"] for each in data["methods"]} == {"GET": 3, "PUT": 1, "HEAD": 1, "-": 1}
    assert {(each["api"], each["operation"]) for each in data["operations"]} == {
        (1, "pull-images"),
        (2, "check-blob"),
        (2, "pull-manifest"),
        (2, "push-manifest"),
    }
    assert data["buckets"][0] == {
        "at": "2026-11-23T09:00:00Z", "requests": 2, "sent_bytes": 500, "class_1xx": 0, "class_2xx": 2, "class_3xx": 0,
        "class_4xx": 0, "class_5xx": 0, "class_other": 0,
    }  # fmt: skip
    assert data["sources"][0]["is_guessed"]


@pytest.mark.parametrize(
    ("options", "requests"),
    [
        (("--status", "5xx"), 1),
        (("--status", "404,200"), 3),
        (("--level", "warning"), 2),
        (("--level", "error"), 1),
        (("--method", "put", "--method", "HEAD"), 2),
        (("--repo", "team/*"), 3),
        (("--repo", "old"), 1),
        (("--client", "10.0.0.0/30"), 4),
        (("--client", "2001:db8::7"), 1),
        (("--grep", "docker/24|curl"), 4),
        (("--since", "2026-11-23 09:30", "--until", "2026-11-23 09:59:59"), 2),
        (("--since", "09:30:01"), 3),
        (("--repo", "team/app", "--status", "2xx", "--method", "GET"), 1),
    ],
)
def test_filters_leave_out_what_was_not_asked_for_and_say_how_much(
    log: Path, options: tuple[str, ...], requests: int
) -> None:
    services = UtcServices(clock=FakeClock())
    services.clock.sleep(78 * 60)  # until half past ten of that day
    data = totals(str(log), *options, services=services)
    assert (data["requests"], data["left_out"], data["lines"]) == (requests, 6 - requests, 7)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--status", "6x"), "--status"),
        (("--client", "here"), "--client"),
        (("--since", "teatime"), "--since"),
        (("--grep", "("), "--grep"),
        (("--format", "$remote_addr $"), "--format"),
        (("--format", "$remote_addr $status"), "$time_local"),
        (("--format", "$time_local $status"), "$request"),
        (("--via", "nsenter"), "--via"),
        (("--merge", "--repo", "x"), "--merge"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(log: Path, options: tuple[str, ...], said: str) -> None:
    result = run(str(log), *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_times_are_shown_in_the_zone_of_whoever_asks(log: Path) -> None:
    program = [sys.executable, "-m", "regops", "traffic", str(log)]
    for zone, said in (("Asia/Kolkata", "2026-11-23 14:30:00 to 2026-11-23 15:29:59 +0530"), ("UTC", " 09:00:00 to ")):
        done = subprocess.run(program, env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=True)
        assert said in done.stdout
    done = subprocess.run(
        [*program, "--utc"], env=os.environ | {"TZ": "Asia/Kolkata"}, capture_output=True, text=True, check=True
    )
    assert " 09:00:00 to 2026-11-23 09:59:59 +0000" in done.stdout


def test_files_are_added_up_packed_ones_and_standard_input_too(log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "old.gz"
    packed.write_bytes(gzip.compress(LINES.encode()))
    data = totals(str(log), str(packed), "-", stdin=LINES.encode())
    assert (data["lines"], data["requests"]) == (21, 18)
    assert [source["name"] for source in data["sources"]] == [str(log), str(packed), "-"]


def test_a_file_that_cannot_be_read_is_told_beside_those_that_can(log: Path, tmp_path: Path) -> None:
    result = run(str(log), str(tmp_path / "gone.log"), str(tmp_path))
    assert result.exit_code == 0
    assert "gone.log: no such file" in " ".join(result.stdout.split())
    assert "cannot be read: Is a directory" in " ".join(result.stdout.split())


def test_nothing_that_could_be_read_is_a_failure(tmp_path: Path) -> None:
    one = run(str(tmp_path / "gone.log"))
    assert (one.exit_code, one.stderr) == (3, f"error: {tmp_path / 'gone.log'}: no such file\n")
    two = run(str(tmp_path / "gone.log"), str(tmp_path / "also.log"))
    assert two.exit_code == 3
    assert "none of 2 logs could be read" in two.stderr


def test_a_log_in_a_format_that_nobody_named_ends_with_3_and_shows_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "other.log"
    path.write_text('{"a": 1}\n' * 5)
    result = run(str(path))
    assert result.exit_code == 3
    assert "UNREAD  5 lines: not in the log's format" in result.stdout
    assert '{"a": 1}' in result.stdout


def test_a_format_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "json.log"
    path.write_text('{"t":"2026-11-23T09:00:00+00:00","s":200,"r":"GET /v2/ HTTP/1.1"}\n')
    data = totals(str(path), "--format", 'escape=json {"t":"$time_iso8601","s":$status,"r":"$request"}')
    assert (data["requests"], data["clients"]["names"], data["methods"]) == (
        1, [], [{"method": "GET", "requests": 1}],
    )  # fmt: skip
    path.write_text("[23/Nov/2026:09:00:00 +0000] 200 GET /v2/app/tags/list\n")
    split = totals(str(path), "--format", "[$time_local] $status $request_method $request_uri")
    assert split["repositories"]["names"][0]["name"] == "app"


def test_an_empty_log_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "empty.log"
    path.write_text("")
    result = run(str(path))
    assert (result.exit_code, result.stderr) == (0, "")


def test_nothing_in_a_log_reaches_the_terminal_or_gives_a_secret_away(tmp_path: Path) -> None:
    path = tmp_path / "timed.log"
    hostile = '\x1b]0;x\x07 - - [23/Nov/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"\n'
    agent = '10.0.0.1 - - [23/Nov/2026:09:00:00 +0000] "{}" 200 1 "-" "{}" 9.000 9.000\n'
    path.write_text(
        hostile
        + agent.format("GET /v2/a/blobs/uploads/1?_state=geheim&digest=sha256:1 HTTP/1.1", "[red]\\x1B[2J\u202e\\xFF")
        + agent.format("GET /x?token=geheim&a=b\\x22 HTTP/1.1", "x" * 3000)
        + agent.format("GET http://user:geheim@host/v2/ HTTP/1.1", "-")
    )
    for form in ("table", "json"):
        result = run(str(path), "-o", form)
        assert result.exit_code == 0
        assert not {"\x1b", "\x07", "\u202e"} & {*result.stdout}
        assert "geheim" not in result.stdout
        assert "hunter" not in result.stdout
    assert "[red]\\x1b[2J\\u202e\\udcff" in run(str(path)).stdout
    assert max(map(len, run(str(path)).stdout.splitlines())) <= 80


def test_a_bomb_ends_before_it_takes_the_time_or_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regops.collectors.traffic.inflate._FREE_BYTES", 1024 * 1024)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"\n" * 40_000_000))
    data = json.loads(run(str(path), "-o", "json").stdout)["data"]
    assert "unpacks to more than" in data["sources"][0]["problem"]
    assert 1_000_000 < data["lines"] < 10_000_000


def test_a_damaged_log_is_counted_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    packed = gzip.compress(b"".join(access_log(5000)))
    path.write_bytes(packed[: len(packed) // 2])
    data = totals(str(path))
    assert data["sources"][0]["problem"] == "the compressed file is cut off"
    assert 1000 < data["requests"] < 5000
    path.write_bytes(b"\x1f\x8bnot gzip at all")
    broken = run(str(path))
    assert broken.exit_code == 3
    assert "damaged" in broken.stderr


def test_hosts_are_added_up_from_what_each_of_them_printed(log: Path, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.json", "b.json")]
    for path in paths:
        path.write_text(run(str(log), "-o", "json").stdout)
    data = totals("--merge", *map(str, paths))
    assert (data["lines"], data["requests"], data["pulls"], data["sent_bytes"]) == (14, 12, 4, 1514)
    assert data["sources"][0]["name"] == f"{paths[0]}: {log}"
    again = tmp_path / "both.json"
    again.write_text(run("--merge", *map(str, paths), "-o", "json").stdout)
    assert totals("--merge", str(again), str(paths[0]))["requests"] == 18
    assert totals("--merge", "-", stdin=paths[0].read_bytes())["requests"] == 6


@pytest.mark.parametrize("text", ["", "{}", "[]", "no json", '{"tool": "regops", "command": "ping"}', "9" * 5000])
def test_a_sum_is_refused_when_a_part_of_it_cannot_be_read(log: Path, tmp_path: Path, text: str) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(run(str(log), "-o", "json").stdout)
    bad.write_text(text)
    result = run("--merge", str(good), str(bad))
    assert result.exit_code == 3
    assert "bad.json" in result.stderr


def test_a_containers_logs_are_found_and_read_by_what_its_nginx_says(container: TreeServices) -> None:
    data = totals(NAME, services=container)
    assert [source["name"] for source in data["sources"]] == [
        f"{NAME}:/var/log/nginx/timed.log",
        f"{NAME}:/srv/plain.log",
    ]
    assert (data["requests"], data["slowest"][0]["took_ms"]) == (7, 3500)
    assert data["slowest"][0]["target"] == "/v2/a/tags/list?n=1&_state=***"


def test_the_environment_names_the_container(container: TreeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGOPS_CONTAINER", NAME)
    assert run(services=container).stdout == run(NAME, services=container).stdout != ""


def test_history_adds_rotated_logs_each_once(container: TreeServices) -> None:
    os.link(container.root / NGINX / "timed.log.1", container.root / NGINX / "timed.log.1.bak")
    os.link(container.root / NGINX / "timed.log.1", container.root / NGINX / "timed.log-20261122")
    data = totals(NAME, "--history", services=container)
    names = [source["name"].rpartition("/")[2] for source in data["sources"]]
    assert names[:1] == ["timed.log.2.gz"]
    assert (len(names), names[-2:]) == (4, ["timed.log", "plain.log"])
    assert [slow["took_ms"] for slow in data["slowest"]] == [3500, 2500, 1500]


def test_since_reads_as_far_back_as_it_must(container: TreeServices) -> None:
    for name, age in (("timed.log.1", 0), ("timed.log.2.gz", 10 * 86400)):
        written = 1795424400 - age
        os.utime(container.root / NGINX / name, (written, written))
    data = totals(NAME, "--since", "2026-11-23", services=container)
    assert [source["name"].rpartition("/")[2] for source in data["sources"]] == [
        "timed.log.1",
        "timed.log",
        "plain.log",
    ]


def test_what_cannot_be_read_in_a_container_is_said(container: TreeServices) -> None:
    (container.root / NGINX / "timed.log.3.xz").write_text("x")
    (container.root / "srv/plain.log").unlink()
    os.mkfifo(container.root / "srv/plain.log")
    data = totals(NAME, "--history", services=container)
    problems = [source["problem"] for source in data["sources"] if source["problem"]]
    assert ["only .gz ones are" in problems[0], "fifo" in problems[1]] == [True, True]
    assert data["requests"] == 3


def test_a_container_without_access_logs_is_a_failure_with_a_way_on(tmp_path: Path) -> None:
    result = run(NAME, services=tree_services(tmp_path))
    assert result.exit_code == 3
    assert "no access logs" in result.stderr
    assert "--list" in result.stderr


def test_a_log_that_goes_to_the_containers_output_is_read_from_there(tmp_path: Path) -> None:
    services = tree_services(tmp_path, output=LINES.encode() * 2)
    (tmp_path / NGINX / "access.log").symlink_to("/dev/stdout")
    data = totals(NAME, services=UtcServices(root=tmp_path, fake_engine=services.fake_engine))
    assert (data["sources"][0]["name"], data["requests"]) == (f"{NAME}:docker", 12)


def test_without_root_the_engine_sends_the_logs_whole(tmp_path: Path) -> None:
    log = b"".join(access_log(3000, hostile=0.01))
    engine = FakeEngine(
        container_document("far"),
        files={("far", f"/{NGINX}/access.log"): log, ("far", f"/{NGINX}/access.log.1.gz"): gzip.compress(log)},
    )
    services = UtcServices(fake_engine=engine, local=PermissionDenied("no root here"))
    services.engine_files = lambda container: EngineFiles(engine, container)  # type: ignore[method-assign, assignment]
    result = run("far", "--history", "-o", "json", services=services)
    data = json.loads(result.stdout)["data"]
    assert data["lines"] == 2 * log.count(b"\n")
    assert result.stderr == "note: no root here; going through the engine instead\n"


def test_names_decide_what_is_a_file(
    container: TreeServices, log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert totals("access.log")["requests"] == 6
    assert "no such file" in run("./tree", services=container).stderr
    assert totals(NAME, "access.log", services=container)["requests"] == 13


def test_who_has_read_enough_ends_it_quietly(log: Path) -> None:
    command = f"{sys.executable} -m regops traffic {log} --top 50 | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stdout == f"{log}\n"
    assert (done.returncode in {0, 141}, done.stderr) == (True, "")


def test_the_largest_number_of_names_takes_a_bounded_document(tmp_path: Path) -> None:
    path = tmp_path / "many.log"
    path.write_bytes(b"".join(access_log(3000, clients=3000, timed=True)))
    data = totals(str(path), "--format", TIMED)
    assert sum(each["requests"] for each in data["clients"]["names"]) == data["requests"]
    assert len(data["slowest"]) == 20


def test_a_client_that_poses_as_another_one_is_told_as_unclear(tmp_path: Path) -> None:
    path = tmp_path / "pp.log"
    line = 'PP - {} - 10.0.0.1 - - [23/Nov/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 38 "-" "-" "-"\n'
    path.write_text(line.format("10.1.2.3") * 3 + line.format("x - 6.6.6.6 - bob"))
    data = totals(str(path))
    assert {each["name"]: each["requests"] for each in data["clients"]["names"]} == {"10.0.0.1": 3, "(unclear)": 1}
    assert totals(str(path), "--client", "6.6.6.6")["requests"] == 0
    assert totals(str(path), "--client", "10.0.0.0/8")["requests"] == 3


def test_ctrl_c_ends_a_count_with_130() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "regops", "traffic", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdin is not None
        # More than a pipe holds: when it is written, it is being read.
        process.stdin.write(LINES.encode() * 1000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 130
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


def test_times_far_from_all_others_do_not_take_the_charts_room(tmp_path: Path) -> None:
    path = tmp_path / "clock.log"
    log = b"".join(access_log(3000, hostile=0))
    path.write_bytes(log.split(b"\n", 1)[0].replace(b"/2026:", b"/1970:") + b"\n" + log)
    shown = run(str(path), "--utc").stdout
    assert "1970-03-01" in shown.splitlines()[1]
    assert "REQUESTS, 30 min a column" in shown
    assert "and 1 requests long before or after that" in shown


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_chart_is_drawn_with_what_the_terminal_knows(log: Path, encoding: str) -> None:
    program = [sys.executable, "-m", "regops", "traffic", str(log)]
    done = subprocess.run(program, env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True, check=True)
    assert {b"utf-8": "█", b"ascii": "@"}[encoding.encode()] in done.stdout.decode(encoding)
