"""Which parser reads which log, in which zone: as the container's own configuration says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from log_samples import sample_text
from memory_files import MemoryFile, MemoryFiles
from random_logs import MemoryDoors, read, records
from regops.collectors.logs.container_zone import container_zone
from regops.collectors.logs.nginx_formats import NginxLogs, nginx_logs
from regops.collectors.logs.parser_choice import Readers
from regops.model.log_filter import LogWindow
from regops.model.log_source import LogLine, LogSource, Notice, SourceKind

CONF = """
http {
    log_format tiny '$remote_addr|$time_iso8601|$status|$request';
    log_format json escape=json '{"at":"$time_iso8601","status":"$status","request":"$request"}';
    access_log /var/log/nginx/access.log tiny;
    error_log /srv/log/broken.log;
    include conf.d/*.conf;
    include conf.d/*.conf;
}
"""
SITE = "server { access_log /var/log/nginx/$host.log json; access_log /var/log/nginx/access.log; include loop.conf; }"
LOCALTIME = Path("/usr/share/zoneinfo/Europe/Berlin")


def conf_files(**more: str) -> MemoryFiles:
    texts = {
        "/etc/nginx/nginx.conf": CONF,
        "/etc/nginx/conf.d/site.conf": SITE,
        "/etc/nginx/conf.d/.hidden.conf": "access_log /var/log/hidden.log;",
        "/etc/nginx/loop.conf": "include loop.conf;",
        **more,
    }
    return MemoryFiles({path: MemoryFile(text.encode()) for path, text in texts.items()})


def entries(source: LogSource, text: str, nginx: NginxLogs | None = None) -> list[object]:
    reader = Readers(UTC, nginx or NginxLogs()).of(source, text.encode("utf-8", "surrogateescape"))
    lines = text.encode("utf-8", "surrogateescape").removesuffix(b"\n").split(b"\n")
    found = [record for line in lines for record in reader.feed(LogLine(source.name, line))] + list(reader.flush())
    assert "\n".join(record.entry.text for record in found) == text.removesuffix("\n")
    return [record.entry for record in found]


def log_source(path: str) -> LogSource:
    kind = SourceKind.LOG if path else SourceKind.OUTPUT
    return LogSource(
        path.removeprefix("/var/log/") or "docker", path, kind, modified=datetime(2026, 11, 24, tzinfo=UTC)
    )


def names_of(found: list[object]) -> set[str]:
    return {type(entry).__name__ for entry in found}


@pytest.mark.parametrize(
    ("path", "sample", "expected"),
    [
        ("/var/log/nginx/access.log", "nginx_access/combined.log", "AccessEntry"),
        ("/var/log/supervisor/docker-registry.log", "registry_log/classic.log", "RegistryEntry"),
        (
            "/var/log/supervisor/registry-stderr---supervisor-abc123.log",
            "registry_log/distribution.log",
            "RegistryEntry",
        ),
        ("", "registry_log/distribution.log", "RegistryEntry"),
    ],
)
def test_a_log_is_read_by_the_parser_of_its_program(path: str, sample: str, expected: str) -> None:
    assert expected in names_of(entries(log_source(path), sample_text(sample)))


def test_the_containers_own_output_may_come_from_several_programs() -> None:
    text = (
        "2026-11-23 09:11:01,023 INFO spawned: 'registry' with pid 9\n"
        '172.17.0.1 - - [23/Nov/2026:09:11:48 +0000] "GET /v2/ HTTP/1.1" 200 2 "-" "curl/7.88.1"\n'
        "2026/11/23 09:13:20 [error] 15#15: *109 connect() failed\n"
        "2026-11-23 09:13:28,158 ERROR: it broke\n"
        "Traceback (most recent call last):\n"
        '  File "x.py", line 1, in <module>\n'
        "ValueError: x\n"
        "1:M 23 Nov 2026 09:11:00.123 * Ready to accept connections\n"
    )
    nginx = NginxLogs()
    found = [type(entry).__name__ for entry in entries(log_source(""), text, nginx)]
    assert found == ["SupervisordEntry", "RegistryEntry", "NginxErrorEntry", "RegistryEntry", "RedisEntry"]
    nginx = nginx_logs(conf_files())
    assert [type(entry).__name__ for entry in entries(log_source(""), text, nginx)][1] == "AccessEntry"


def test_formats_come_from_the_containers_own_configuration() -> None:
    nginx = nginx_logs(conf_files())
    line = "10.0.0.1|2026-11-23T10:00:00+01:00|404|GET /v2/ HTTP/1.1\n"
    older = '10.0.0.1 - - [23/Nov/2026:09:11:48 +0000] "GET / HTTP/1.0" 200 2 "-" "-"\n'
    found = entries(log_source("/var/log/nginx/access.log"), line + older + line + "neither\n", nginx)
    assert [getattr(getattr(entry, "request", None), "status", None) for entry in found] == [404, 200, 404, None]
    as_json = '{"at":"2026-11-23T10:00:00+01:00","status":"500","request":"GET /\\"x HTTP/1.1"}\n'
    (entry,) = entries(log_source("/var/log/nginx/example.org.log"), as_json, nginx)
    assert getattr(entry, "request").uri == '/"x'  # noqa: B009  any entry
    assert nginx.is_error_log("/srv/log/broken.log")
    assert set(nginx.paths()) == {"/var/log/nginx/access.log", "/srv/log/broken.log"}
    assert nginx.problems == []


def test_a_configuration_that_cannot_be_read_costs_a_notice_and_formats_are_guessed() -> None:
    files = conf_files()
    files.files["/etc/nginx/nginx.conf"] = MemoryFile(b"http { include gone.conf; access_log ")
    line = '172.17.0.1 - - [23/Nov/2026:09:11:48 +0000] "GET / HTTP/1.0" 200 2 "-" "-" 0.001 0.001\n'
    files.files["/var/log/nginx/access.log"] = MemoryFile(line.encode())
    events = read(files, LogWindow())
    assert next(event.text for event in events if isinstance(event, Notice)).startswith("nginx's configuration: ")
    (record,) = records(events)
    assert getattr(record.entry, "request").request_time == 0.001  # noqa: B009


def test_endless_includes_end() -> None:
    files = MemoryFiles({"/etc/nginx/nginx.conf": MemoryFile(b"include *.conf;")})
    for number in range(1000):
        files.files[f"/etc/nginx/{number}.conf"] = MemoryFile(b"http { include *.conf; }")
    logs = nginx_logs(files)
    assert len(files.opened) <= 200
    assert any("only 200 of its files" in notice.text for notice in logs.problems)


@pytest.mark.skipif(not LOCALTIME.exists(), reason="this machine has no time zone database")
@pytest.mark.parametrize(
    ("tz", "hours"),
    [
        (None, 1),
        ("Europe/Berlin", 1),
        (":Europe/Berlin", 1),
        ("/etc/localtime", 1),
        ("UTC", 0),
        ("", 0),
        ("EST5EDT,M3.2.0,M11.1.0", -5),
        ("CET-1CEST,M3.5.0,M10.5.0/3", 1),
        ("../../etc/localtime", 0),
        ("No/Where", 0),
    ],
)
def test_the_zone_is_that_of_the_c_library(tz: str | None, hours: int) -> None:
    content = LOCALTIME.read_bytes()
    files = MemoryFiles({path: MemoryFile(content) for path in ("/etc/localtime", f"{LOCALTIME}")})
    zone = container_zone(files, tz)
    assert datetime(2026, 11, 23, 12, tzinfo=UTC).astimezone(zone).utcoffset() == timedelta(hours=hours)


@pytest.mark.skipif(not LOCALTIME.exists(), reason="this machine has no time zone database")
def test_a_zone_that_a_container_forged_costs_nothing() -> None:
    random, content = Random(1), LOCALTIME.read_bytes()
    for _ in range(300):
        forged = bytearray(content[: random.choice([len(content), random.randint(0, len(content))])])
        for _ in range(random.randint(0, 8)):
            if forged:
                forged[random.randrange(len(forged))] = random.randrange(256)
        zone = container_zone(MemoryFiles({"/etc/localtime": MemoryFile(bytes(forged))}), None)
        assert datetime(2026, 11, 23, tzinfo=UTC).astimezone(zone).tzinfo is zone


def test_times_without_a_zone_are_the_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    line = b"2026-11-23 09:11:01,023 INFO spawned: 'registry' with pid 9\n"
    files = MemoryFiles({"/var/log/supervisor/supervisord.log": MemoryFile(line)})
    monkeypatch.setattr(MemoryDoors, "environment", ("TZ=EST5",))
    (record,) = records(read(files, LogWindow()))
    assert record.at == datetime(2026, 11, 23, 14, 11, 1, 23000, tzinfo=UTC)
