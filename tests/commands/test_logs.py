"""`regops logs`: which sources there are, which are shown, and what is said about the others."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fake_engine import FakeEngine, container_document
from fake_services import FakeServices
from regops.adapters.engine.files import EngineFiles
from regops.errors import NotRunning, PermissionDenied, RegopsError
from regops.main import app
from tree import NAME, TreeServices, tree_services

NO_TIME = " " * len("2026-11-23T09:10:24.500Z")
SUPERVISOR = "var/log/supervisor"
NGINX = "var/log/nginx"


REGISTRY_LINES = [f"2026-11-23 09:10:{number:02},500 INFO: line {number}" for number in range(1, 26)]
ACCESS_LINES = [
    f'172.17.0.1 - - [23/Nov/2026:09:10:{second} +0000] "GET {path} HTTP/1.1" {status} 2 "-" "curl/7.88.1"'
    for second, path, status in ((24, "/", 200), (26, "/v2/team/app/manifests/1", 502))
]


@pytest.fixture
def services(tmp_path: Path) -> TreeServices:
    """A container with the logs of a registry under supervisord."""
    services = tree_services(tmp_path, output=b"started\nspawned\n")
    files = {
        f"{NGINX}/access.log": "".join(f"{line}\n" for line in ACCESS_LINES),
        f"{NGINX}/error.log": "",
        f"{NGINX}/old.log.1": "of yesterday\n",
        f"{NGINX}/old.log.2.bz2": "BZh",
        f"{SUPERVISOR}/docker-registry.log": "".join(f"{line}\n" for line in REGISTRY_LINES),
        f"{SUPERVISOR}/nginx-stdout---supervisor-3epCXL.log": "from nginx\n",
    }
    for path, text in files.items():
        (tmp_path / path).write_text(text)
        os.utime(tmp_path / path, (1795425120, 1795425120))
    return services


def run(services: Any, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["--color", "never", "logs", NAME, *arguments], obj=services)


def test_all_logs_are_one_stream_by_time_each_line_with_its_source(services: TreeServices) -> None:
    result = run(services, "-n", "4")
    assert result.stdout == (
        "2026-11-23T09:10:24.500Z docker-registry | INFO: line 24\n"
        "2026-11-23T09:10:25.500Z docker-registry | INFO: line 25\n"
        '2026-11-23T09:10:26Z     nginx/access    | 172.17.0.1 - - "GET /v2/team/app/manifests/1 HTTP/1.1" 502 2 "-" '
        '"curl/7.88.1"\n'
        "                         nginx-stdout    | from nginx\n"
    )
    assert (result.exit_code, result.stderr) == (0, "")


def test_twenty_lines_of_all_sources_together_are_shown_unless_told_otherwise(services: TreeServices) -> None:
    lines = run(services, "-s", "docker-registry.log").stdout.splitlines()
    assert [line.partition(" | ")[2] for line in lines] == [f"INFO: line {number}" for number in range(6, 26)]
    assert len(run(services).stdout.splitlines()) == 20
    assert run(services, "-n", "0").stdout == ""


def test_the_list_tells_size_time_and_what_cannot_be_read(services: TreeServices, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NGINX / "pipe.log")
    (tmp_path / NGINX / "out.log").symlink_to("/dev/stdout")
    (tmp_path / NGINX / "host.log").symlink_to("/etc/shadow")
    (tmp_path / NGINX / "folder").mkdir()
    assert run(services, "--list").stdout == LIST


LIST = """\
SOURCE                             SIZE  WRITTEN (UTC)
nginx/access.log                  193 B  2026-11-23 09:12:00
nginx/error.log                     0 B  2026-11-23 09:12:00
nginx/folder                          -  -
    it is a directory, not a regular file
nginx/host.log                        -  -
    -> /etc/shadow: it is a link that leads to nothing
nginx/old.log.1                    13 B  2026-11-23 09:12:00  rotated
nginx/old.log.2.bz2                 3 B  2026-11-23 09:12:00
    it is compressed, and not by gzip
nginx/out.log                         -  -
    -> /dev/stdout: goes to its program's own output
nginx/pipe.log                        -  -  it is a fifo, not a regular file
supervisor/docker-registry.log    941 B  2026-11-23 09:12:00
supervisor/nginx-stdout.log        11 B  2026-11-23 09:12:00
docker                                -  -
    the container's own output, from the engine

`regops logs tree -s NAME` shows one of them.
"""


def test_the_list_folds_rotated_files_into_their_log(services: TreeServices, tmp_path: Path) -> None:
    for name, modified in (("1", 1795425000), ("2.gz", 1795338600)):
        path = tmp_path / NGINX / f"access.log.{name}"
        path.write_text("x" * 600)
        os.utime(path, (modified, modified))
    assert run(services, "--list").stdout.splitlines()[1:3] == [
        "nginx/access.log                  193 B  2026-11-23 09:12:00",
        "    and 2 older files, 1.2 kB, the oldest written until 2026-11-22 09:10:00",
    ]
    sources = json.loads(run(services, "--list", "-o", "json").stdout)["data"]["sources"]
    assert [source["name"] for source in sources[:3]] == [
        "nginx/access.log",
        "nginx/access.log.1",
        "nginx/access.log.2.gz",
    ]


def test_the_list_is_one_document_in_json(services: TreeServices) -> None:
    document = json.loads(run(services, "--list", "-o", "json").stdout)
    assert (document["command"], document["ok"], document["target"]["container"]) == ("logs", True, NAME)
    assert document["data"]["via"] == "files"
    assert document["data"]["sources"][0] == {
        "name": "nginx/access.log",
        "path": "/var/log/nginx/access.log",
        "kind": "log",
        "size_bytes": 193,
        "modified": "2026-11-23T09:12:00Z",
        "link_target": None,
        "problem": None,
    }
    assert [source["kind"] for source in document["data"]["sources"]] == [
        "log", "log", "rotated", "compressed", "log", "log", "output",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["nginx/*"], {"nginx/access.log"}),
        (["old.log.1"], {"nginx/old.log.1"}),
        (["nginx/old.log.*"], {"nginx/old.log.1"}),
        (["nginx/access"], {"nginx/access.log"}),
        (["access"], {"nginx/access.log"}),
        (["docker-registry"], {"supervisor/docker-registry.log"}),
        (["registry"], {"supervisor/docker-registry.log"}),
        (["nginx"], {"nginx/access.log", "supervisor/nginx-stdout.log"}),
        (["/var/log/nginx/access.log"], {"nginx/access.log"}),
        (["docker"], {"docker"}),
        (["access*", "docker"], {"nginx/access.log", "docker"}),
        (["nginx-stdout---supervisor-3epCXL.log"], {"supervisor/nginx-stdout.log"}),
        (["*"], {"nginx/access.log", "supervisor/docker-registry.log", "supervisor/nginx-stdout.log", "docker"}),
    ],
)
def test_sources_are_chosen_by_name_file_path_and_glob(
    services: TreeServices, patterns: list[str], names: set[str]
) -> None:
    options = [word for pattern in patterns for word in ("-s", pattern)]
    found = [
        json.loads(line)["source"] for line in run(services, *options, "-n", "99", "-o", "json").stdout.splitlines()
    ]
    assert set(found) == names


def test_an_unknown_source_is_answered_with_those_there_are(services: TreeServices) -> None:
    result = run(services, "-s", "redis")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "no log source of the container tree is called redis" in result.stderr
    assert "there are: nginx/access.log, nginx/error.log," in result.stderr


def test_an_empty_log_is_said_to_be_empty(services: TreeServices) -> None:
    result = run(services, "-s", "error.log")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "note: there are no lines in nginx/error.log\n"


def test_one_unreadable_source_is_named_and_the_others_are_shown(services: TreeServices, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NGINX / "pipe.log")
    result = run(services, "-n", "1")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)
    assert result.stderr == "note: tree:/var/log/nginx/pipe.log is not read: it is a fifo, not a regular file\n"


def test_nothing_readable_is_a_failure(tmp_path: Path) -> None:
    services = tree_services(tmp_path)
    for name in ("a.log", "b.log"):
        os.mkfifo(tmp_path / NGINX / name)
    result = run(services)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "a.log is not read: it is a fifo" in result.stderr
    assert "error: none of the 2 log sources of the container tree could be read" in result.stderr
    assert run(services, "--list").exit_code == 3


def test_a_container_without_log_folders_shows_its_own_output(tmp_path: Path) -> None:
    services = tree_services(tmp_path, output=b"started\n")
    result = run(services)
    assert (result.exit_code, result.stdout) == (0, f"{NO_TIME} docker | started\n")


def test_two_files_of_one_program_keep_their_whole_names(services: TreeServices, tmp_path: Path) -> None:
    (tmp_path / SUPERVISOR / "nginx-stdout.log").write_text("other\n")
    found = run(services, "-s", "*nginx-stdout*", "-o", "json").stdout
    assert [(line["source"], line["text"]) for line in map(json.loads, found.splitlines())] == [
        ("supervisor/nginx-stdout---supervisor-3epCXL.log", "from nginx"),
        ("supervisor/nginx-stdout.log", "other"),
    ]


def test_more_files_than_anybody_has_are_not_all_looked_at(tmp_path: Path) -> None:
    services = tree_services(tmp_path)
    for number in range(510):
        (tmp_path / NGINX / f"{number}.log").touch()
    result = run(services, "--list", "-o", "json")
    sources = json.loads(result.stdout)["data"]["sources"]
    assert len([source for source in sources if source["kind"] == "log"]) == 500
    assert any("only 500 of its files are listed" in (source["problem"] or "") for source in sources)


def test_a_compressed_log_that_cannot_be_read_is_not_shown_as_garbage(services: TreeServices) -> None:
    result = run(services, "-s", "old.log.2.bz2")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "old.log.2.bz2 is not read: it is compressed, and not by gzip" in result.stderr


@pytest.mark.parametrize(
    "error", [PermissionDenied("cannot open /proc/5/root", hint="be root"), NotRunning("tree is not running")]
)
def test_the_engine_is_asked_where_the_files_cannot_be_had(error: RegopsError) -> None:
    files = {(NAME, "/var/log/nginx/error.log"): b"a\nb\n"}
    services = Remote(fake_engine=FakeEngine(container_document(NAME), files=files), error=error)
    result = run(services, "-n", "1")
    assert (result.exit_code, result.stdout) == (0, f"{NO_TIME} nginx/error ? b\n")
    assert result.stderr == f"note: {error.message}; going through the engine instead\n"
    forced = run(services, "--via", "files")
    assert forced.exit_code == 3
    assert error.message in forced.stderr
    assert run(services, "--via", "engine").stderr == ""


class Remote(FakeServices):
    """Services of an engine whose files are not to be had here."""

    def __init__(self, *, error: RegopsError, **options: Any) -> None:
        super().__init__(**options)
        self.error = error

    def local_files(self, container: str) -> Any:
        raise self.error

    def engine_files(self, container: str) -> Any:
        return EngineFiles(self.fake_engine, container)
