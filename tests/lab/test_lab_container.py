"""The lab's registry, for real: pushed to and pulled from, looked into, and with its parts broken one by one."""

import contextlib
import io
import json
import os
import re
import ssl
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest

pytestmark = pytest.mark.engine

Lab = dict[str, Any]
SUPERVISOR = ("supervisorctl", "-c", "/etc/supervisor/supervisord.conf")


def get(url: str, *, ca_file: str | None = None) -> tuple[int, dict[str, str], str]:
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    try:
        with urllib.request.urlopen(url, timeout=20, context=context) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


def inside(client: docker.DockerClient, lab: Lab, *command: str, user: str = "") -> str:
    status, output = client.containers.get(lab["registry"]["container"]).exec_run(list(command), user=user)
    text: str = output.decode()
    # supervisorctl ends with 3 when a program does not run, which is an answer.
    assert status in (0, 3), text
    return text


def until(condition: Callable[[], bool], what: str, seconds: float = 180) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def status_of(lab: Lab) -> tuple[int, dict[str, str]]:
    status, _, body = get(f"{lab['registry']['http_url']}/_status")
    return status, json.loads(body)["failures"] if body.startswith("{") else {}


def well(lab: Lab) -> bool:
    with contextlib.suppress(OSError):
        return get(f"{lab['registry']['http_url']}/v2/")[0] == 200 and status_of(lab)[0] == 200
    return False


@pytest.fixture(scope="module")
def image(client: docker.DockerClient) -> Iterator[str]:
    """An image of two layers that nobody else has, so that a pull has to bring them."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        layers = {"one": os.urandom(6_000_000), "two": os.urandom(100_000)}
        for name, content in {"Dockerfile": b"FROM scratch\nCOPY one /\nCOPY two /\nCMD one\n", **layers}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    context.seek(0)
    built, _ = client.images.build(fileobj=context, custom_context=True, tag="regops-test-image:1", rm=True)
    yield str(built.id)
    # The parent images of a classic build outlive its tags; what was pulled has none.
    client.images.remove(str(built.id), force=True)


@pytest.mark.parametrize("door", ["http_url", "https_url"])
def test_a_real_image_goes_in_and_comes_out_through_both_doors(
    lab: Lab, client: docker.DockerClient, image: str, door: str
) -> None:
    name = f"team/{door.partition('_')[0]}"
    repository = f"{lab['registry'][door].partition('://')[2]}/{name}"
    assert client.images.get(image).tag(repository, tag="1")
    told = [json.loads(line) for line in client.images.push(repository, tag="1").splitlines()]
    assert not [line["error"] for line in told if "error" in line]
    client.images.remove(image, force=True)
    assert client.images.pull(repository, tag="1").id == image
    assert json.loads(get(f"{lab['registry']['http_url']}/v2/{name}/tags/list")[2])["tags"] == ["1"]


def test_supervisord_is_pid_1_and_supervises_what_there_is(lab: Lab, lab_dev: Lab, client: docker.DockerClient) -> None:
    def running(one: Lab) -> set[str]:
        lines = [line.split() for line in inside(client, one, *SUPERVISOR, "status").splitlines()]
        return {words[0] for words in lines if words[1] == "RUNNING"}

    programs = {"registry", "status", "nginx", "logrotate"}
    until(lambda: running(lab) == programs, f"{programs} running")
    until(lambda: running(lab_dev) == programs | {"redis"}, f"{programs} and redis running")
    for one in (lab, lab_dev):
        assert "supervisord\0" in inside(client, one, "cat", "/proc/1/cmdline")


def test_logs_have_the_names_operators_know(lab: Lab, lab_dev: Lab, client: docker.DockerClient) -> None:
    random = re.compile(r"---supervisor-[a-z0-9_]{8}\.log")
    nginx = {"error.log", "nginx-http-access.log", "nginx-https-access.log"}
    registry = {"docker-registry.log", "registry-stderr", "status.log", "status-stderr", "supervisord.log"}
    common = registry | {"nginx-stderr.log", "nginx-stdout", "logrotate.log", "logrotate-stderr"}
    for one, own in ((lab, common), (lab_dev, {*common, "redis-stdout.log", "redis-stderr"})):
        assert set(inside(client, one, "ls", "/var/log/nginx").split()) == nginx
        found = inside(client, one, "ls", "/var/log/supervisor").split()
        assert {random.sub("", name) for name in found} == own


def test_docker_logs_are_supervisords_own_lines(lab: Lab, client: docker.DockerClient) -> None:
    lines = client.containers.get(lab["registry"]["container"]).logs().decode().splitlines()
    assert any("INFO supervisord started with pid 1" in line for line in lines)
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARN|CRIT) ", line) for line in lines)


def test_the_registrys_log_holds_its_errors_and_its_requests(lab: Lab, client: docker.DockerClient) -> None:
    get(f"{lab['registry']['http_url']}/v2/no/such/manifests/one")
    log = inside(client, lab, "cat", "/var/log/supervisor/docker-registry.log")
    assert 'level=error msg="response completed with error"' in log
    assert '"GET /v2/no/such/manifests/one HTTP/1.1" 404' in log


def test_access_lines_are_in_the_combined_format_and_tell_where_the_time_went(
    lab: Lab, client: docker.DockerClient
) -> None:
    get(f"{lab['registry']['http_url']}/_ping")
    last = inside(client, lab, "tail", "-n", "1", "/var/log/nginx/nginx-http-access.log")
    assert re.fullmatch(
        r'[\d.]+ - - \[[^]]+\] "GET /_ping HTTP/1\.1" 200 4 "-" "Python-urllib/[\d.]+" [\d.]+ [\d.]+\n', last
    )


def test_nginx_status_is_for_the_inside_only(lab: Lab, client: docker.DockerClient) -> None:
    status, _, body = get(f"{lab['registry']['http_url']}/nginx_status")
    assert (status, "403 Forbidden" in body) == (403, True)
    program = (
        "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/nginx_status', timeout=5).read().decode())"
    )
    assert inside(client, lab, "python3", "-c", program).startswith("Active connections: ")


def test_the_classic_surface_and_v2_name_the_flavor(lab: Lab, lab_dev: Lab) -> None:
    for one, flavor in ((lab, "qa"), (lab_dev, "devel")):
        for path in ("/", "/_ping", "/_status", "/v2/"):
            status, headers, _ = get(f"{one['registry']['http_url']}{path}")
            assert (status, headers["X-Docker-Registry-Config"]) == (200, flavor)
        status, _, body = get(f"{one['registry']['http_url']}/v1/")
        assert (status, body) == (200, f'"docker-registry server ({flavor}) (v2.8.2)"')
    assert status_of(lab) == (200, {"index": "unconfigured", "redis": "unconfigured"})
    assert status_of(lab_dev) == (200, {"index": "unconfigured"})


def test_the_certificate_verifies_with_the_copy_that_up_made(lab: Lab) -> None:
    assert get(f"{lab['registry']['https_url']}/_ping", ca_file=lab["registry"]["ca_file"])[0] == 200
    with pytest.raises(urllib.error.URLError, match="self-signed certificate"):
        get(f"{lab['registry']['https_url']}/_ping")


def test_only_the_loopback_is_published_and_the_inner_ports_stay_inside(lab: Lab, client: docker.DockerClient) -> None:
    for part in (lab["registry"], lab["swift"]):
        ports = client.containers.get(part["container"]).ports
        assert {binding["HostIp"] for bindings in ports.values() for binding in bindings or []} == {"127.0.0.1"}
    listening = re.findall(
        r"^ *\d+: ([0-9A-F]{8}):([0-9A-F]{4}) 0{8}:0000 0A ", inside(client, lab, "cat", "/proc/net/tcp"), re.MULTILINE
    )
    # Docker's own name service listens on 127.0.0.11.
    assert {int(port, 16) for address, port in listening if address == "00000000"} == {8080, 8443}


def test_no_process_carries_the_swift_password(lab: Lab, client: docker.DockerClient) -> None:
    # A command that the engine runs inside is given the container's environment, so what we run has it again.
    # A process may end before it is looked at, which is a failure of cat.
    seen = inside(client, lab, "sh", "-c", "cat /proc/[0-9]*/cmdline /proc/1/environ || :")
    assert "SETTINGS_FLAVOR=qa" in seen
    assert "OS_PASSWORD" not in seen
    assert lab["swift"]["key"] not in seen.replace("\0", "\n").splitlines()
    assert (
        inside(client, lab, "stat", "-c", "%a %U %G", "/run/docker-registry/registry.yml")
        == "640 root docker-registry\n"
    )


@pytest.mark.parametrize(("program", "answer"), [("registry", "/v2/"), ("status", "/_ping")])
def test_a_stopped_program_is_a_bad_gateway_and_comes_back(
    lab: Lab, client: docker.DockerClient, program: str, answer: str
) -> None:
    url = f"{lab['registry']['http_url']}{answer}"
    try:
        inside(client, lab, *SUPERVISOR, "stop", program)
        assert get(url)[0] == 502
    finally:
        inside(client, lab, *SUPERVISOR, "start", program)
    until(lambda: well(lab), f"the registry after {program} was away")


def test_a_killed_registry_is_started_again(lab: Lab, client: docker.DockerClient) -> None:
    before = inside(client, lab, *SUPERVISOR, "pid", "registry")
    inside(client, lab, *SUPERVISOR, "signal", "KILL", "registry")
    until(lambda: inside(client, lab, *SUPERVISOR, "pid", "registry") not in (before, "0\n"), "another registry")
    until(lambda: well(lab), "the registry after it was killed")


def test_a_restarted_container_has_the_same_addresses_certificate_and_images(
    lab: Lab, client: docker.DockerClient
) -> None:
    container = client.containers.get(lab["registry"]["container"])
    certificate = inside(client, lab, "cat", "/run/docker-registry/tls/cert.pem")
    container.restart(timeout=5)
    until(lambda: well(lab), "the registry after its restart")
    assert inside(client, lab, "cat", "/run/docker-registry/tls/cert.pem") == certificate
    assert get(f"{lab['registry']['https_url']}/_ping", ca_file=lab["registry"]["ca_file"])[0] == 200


def test_status_names_a_paused_and_a_stopped_swift_and_recovers(lab: Lab, client: docker.DockerClient) -> None:
    swift = client.containers.get(lab["swift"]["container"])

    def storage(pattern: str) -> bool:
        status, failures = status_of(lab)
        return status == 503 and re.match(pattern, failures.get("storage", "")) is not None

    swift.pause()
    try:
        until(lambda: storage(r"no answer within 5 s$"), "a paused Swift told")
    finally:
        swift.unpause()
    swift.stop(timeout=2)
    try:
        until(lambda: storage(rf"(PUT|GET) http://{lab['swift']['container']}:8080/\S+: "), "a stopped Swift told")
    finally:
        swift.start()
    until(lambda: well(lab), "the registry after Swift was away")


def test_status_names_a_stopped_and_a_hung_redis(lab_dev: Lab, client: docker.DockerClient) -> None:
    def redis_says(text: str) -> bool:
        status, failures = status_of(lab_dev)
        return status == 503 and failures.get("redis") == text

    try:
        inside(client, lab_dev, *SUPERVISOR, "stop", "redis")
        until(lambda: redis_says("redis at 127.0.0.1:6379: Connection refused"), "a stopped redis told")
    finally:
        inside(client, lab_dev, *SUPERVISOR, "start", "redis")
    try:
        inside(client, lab_dev, *SUPERVISOR, "signal", "STOP", "redis")
        until(lambda: redis_says("no answer within 2 s"), "a hung redis told")
    finally:
        inside(client, lab_dev, *SUPERVISOR, "signal", "CONT", "redis")
    until(lambda: well(lab_dev), "the registry after its redis hung")


def test_logrotate_renames_and_nginx_goes_on_in_a_new_file(lab: Lab, client: docker.DockerClient) -> None:
    get(f"{lab['registry']['http_url']}/_ping?before")
    command = ("logrotate", "--force", "--state", "/run/logrotate/state", "/etc/logrotate.d/nginx")
    inside(client, lab, *command, user="www-data")
    access = "/var/log/nginx/nginx-http-access.log"
    assert "?before" in inside(client, lab, "cat", f"{access}.1")

    def reopened() -> bool:
        get(f"{lab['registry']['http_url']}/_ping?after")
        return "?after" in inside(client, lab, "cat", access)

    until(reopened, "nginx writing to the new file")
