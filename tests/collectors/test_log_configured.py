"""Logs that lie where a container's own configurations say."""

from memory_files import MemoryFile, MemoryFiles
from random_logs import read, records
from regops.collectors.logs.configured import configured_logs
from regops.collectors.logs.sources import collect_sources, directories, select_sources
from regops.model.log_filter import LogWindow
from regops.model.log_source import LogSources, SourceKind

NGINX = """
access_log /srv/log/site.log;
error_log /srv/log/broken.log;
access_log /srv/$host/site.log;
access_log syslog:server=10.0.0.1;
error_log memory:32m;
access_log logs/access.log;
access_log /dev/stdout;
access_log /var/log/nginx/access.log;
"""
SUPERVISORD = """
[supervisord]
logfile=/srv/supervisord.log
childlogdir=/srv/child/
[include]
files=conf.d/*.conf
"""
PROGRAM = "[program:registry]\nstdout_logfile=/srv/log/%(program_name)s.log\n"
ACCESS = b'172.17.0.1 - - [23/Nov/2026:09:11:%02d +0000] "GET /v2/ HTTP/1.1" 200 2 "-" "-"\n'


def container_files(**more: bytes) -> MemoryFiles:
    contents = {
        "/etc/nginx/nginx.conf": f"http {{ {NGINX} }}".encode(),
        "/etc/supervisor/supervisord.conf": SUPERVISORD.encode(),
        "/etc/supervisor/conf.d/registry.conf": PROGRAM.encode(),
        "/var/log/nginx/access.log": ACCESS % 1,
        "/srv/log/site.log": ACCESS % 3,
        "/srv/log/site.log.1": ACCESS % 2,
        "/srv/log/site.log.swp": b"no log",
        "/srv/log/registry.log": b"2026-11-23 09:11:04,000 INFO: ready\n",
        "/srv/child/registry-stderr---supervisor-abc123.log": b"2026-11-23 09:11:05,000 INFO: child\n",
        "/srv/child/else.log": b"not supervisord's\n",
        **more,
    }
    return MemoryFiles({path: MemoryFile(content, 1795425120.0) for path, content in contents.items()})


def sources(files: MemoryFiles) -> LogSources:
    return collect_sources(files, "c", configured_logs(files))


def test_logs_are_found_where_configurations_put_them_and_their_rotated_files_with_them() -> None:
    found = {source.name: source.kind for source in sources(container_files()).sources}
    assert found == {
        "nginx/access.log": SourceKind.LOG,
        "/srv/log/site.log": SourceKind.LOG,
        "/srv/log/site.log.1": SourceKind.ROTATED,
        "/srv/log/registry.log": SourceKind.LOG,
        "/srv/child/registry-stderr.log": SourceKind.LOG,
        "/srv/log/broken.log": SourceKind.ELSEWHERE,
        "/srv/supervisord.log": SourceKind.ELSEWHERE,
        "/srv/$host/site.log": SourceKind.ELSEWHERE,
        "syslog:server=10.0.0.1": SourceKind.ELSEWHERE,
        "memory:32m": SourceKind.ELSEWHERE,
        "logs/access.log": SourceKind.ELSEWHERE,
        "/dev/stdout": SourceKind.ELSEWHERE,
        "docker": SourceKind.OUTPUT,
    }


def test_what_is_no_file_to_read_is_left_out_with_the_reason() -> None:
    reasons = {source.name: source.problem for source in sources(container_files()).sources if source.problem}
    assert reasons == {
        "/srv/log/broken.log": "there is no such file",
        "/srv/supervisord.log": "there is no such file",
        "/srv/$host/site.log": "its path has variables",
        "syslog:server=10.0.0.1": "it goes to syslog",
        "memory:32m": "nginx keeps it in its memory",
        "logs/access.log": "its path is relative to a folder that is not known",
        "/dev/stdout": "it goes to its program's own output",
    }


def test_they_are_read_among_the_others_by_the_parser_that_the_configuration_tells() -> None:
    events = read(container_files(), LogWindow(), patterns=("*.log",))
    assert [(record.source, type(record.entry).__name__) for record in records(events)] == [
        ("nginx/access.log", "AccessEntry"),
        ("/srv/log/site.log", "AccessEntry"),
        ("/srv/log/site.log", "AccessEntry"),
        ("/srv/log/registry.log", "RegistryEntry"),
        ("/srv/child/registry-stderr.log", "RegistryEntry"),
    ]
    assert events == records(events)


def test_without_a_choice_what_is_no_file_costs_no_word() -> None:
    chosen = select_sources(sources(container_files()), ())
    assert {source.kind for source in chosen} == {SourceKind.LOG}


def test_a_file_that_is_reached_by_two_paths_is_one_source() -> None:
    files = container_files()
    files.files["/srv/log/site.log"] = files.files["/var/log/nginx/access.log"]
    assert "/srv/log/site.log" not in {source.name for source in sources(files).sources}


def test_a_configuration_that_names_any_number_of_logs_is_taken_up_to_a_bound() -> None:
    many = "".join(f"access_log /srv/log/{number}.log;" for number in range(5000))
    files = container_files()
    files.files["/etc/nginx/nginx.conf"] = MemoryFile(f"http {{ {many} }}".encode())
    configured = configured_logs(files)
    assert len(configured.paths) == 100
    assert [notice.text for notice in configured.problems] == [
        "configurations name 5002 logs: the first 100 of them count"
    ]


def test_the_folders_of_configured_logs_are_watched_when_they_are_followed() -> None:
    found = directories(configured_logs(container_files()))
    assert {"/var/log/nginx", "/srv/log", "/srv", "/srv/child"} <= set(found)


def test_a_configuration_with_any_number_of_includes_is_read_up_to_a_bound() -> None:
    many = "\n".join(f"  {number}.d/*" for number in range(5000))
    listed: list[None] = []
    files = container_files()
    files.files["/etc/supervisor/supervisord.conf"] = MemoryFile(f"[include]\nfiles=\n{many}".encode())
    files.files["/etc/nginx/nginx.conf"] = MemoryFile(
        "".join(f"include {number}.d/*;" for number in range(5000)).encode()
    )
    files.before_names = lambda: listed.append(None)
    configured = configured_logs(files)
    assert len(listed) <= 300
    assert [notice.text for notice in configured.problems] == [
        "nginx's configuration: only 200 of its files were read",
        "supervisord's configuration: only 100 of its includes count",
    ]


def test_logs_in_any_number_of_folders_cost_a_bounded_number_of_looks() -> None:
    many = "".join(f"access_log /srv/{number}/a.log;" for number in range(100))
    files = container_files()
    files.files["/etc/nginx/nginx.conf"] = MemoryFile(f"http {{ {many} }}".encode())
    for number in range(100):
        for age in range(30):
            files.files[f"/srv/{number}/a.log.{age}"] = MemoryFile(b"")
    configured = configured_logs(files)
    listed: list[None] = []
    files.before_names = lambda: listed.append(None)
    found = collect_sources(files, "c", configured)
    assert len(listed) <= 25
    assert len(found.sources) <= 610
    assert {f"/srv/{number}/a.log" for number in range(100)} <= {source.path for source in found.sources}


def test_what_no_file_can_be_called_is_no_log() -> None:
    files = container_files()
    odd = "x" * 10_000
    files.files["/etc/nginx/nginx.conf"] = MemoryFile(
        f'access_log "/srv/a\0b.log"; access_log /{odd}; access_log syslog:{odd}; access_log "";'.encode()
    )
    named = configured_logs(files)
    assert named.paths == ("/srv/supervisord.log", "/srv/log/registry.log")
    assert named.elsewhere == ()


def test_a_path_with_variables_is_compared_at_once_and_by_its_segments() -> None:
    conf = (
        "access_log /var/log/nginx/$a.log; access_log logs/${b}[1]*.txt; access_log /var/log/nginx/" + "$a." * 50 + "x;"
    )
    files = container_files()
    files.files["/etc/nginx/nginx.conf"] = MemoryFile(conf.encode())
    logs = configured_logs(files).nginx
    read = [
        path
        for path in (
            "/var/log/nginx/site.log",
            "/var/log/nginx/.log",
            "/var/log/nginx/sub/site.log",
            "/usr/logs/x[1]*.txt",
            "/logs/[1]*.txt",
            "logs/x[1]*.txt",
            "/usr/logs/x1y.txt",
            "/usr/logs/x/[1]*.txt",
            "/var/log/nginx/" + "." * 200 + "x",
            "/var/log/nginx/" + "." * 200 + "y",
        )
        if logs.formats_of(path)
    ]
    assert read == [
        "/var/log/nginx/site.log",
        "/var/log/nginx/.log",
        "/usr/logs/x[1]*.txt",
        "/logs/[1]*.txt",
        "/var/log/nginx/" + "." * 200 + "x",
    ]
