"""Connections from inside a container's network, made by a process that stays outside."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from attack_container import Attacked, attacked, open_descriptors, wait_until, without_capabilities
from regops.adapters.container.namespaces import connect_inside
from regops.adapters.engine.client import DockerEngine
from regops.errors import NotFound, NotRunning
from regops.ports import Engine

pytestmark = [pytest.mark.engine, pytest.mark.root]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return DockerEngine.from_environment()


@pytest.fixture(scope="module")
def box() -> Iterator[Attacked]:
    with attacked("regops-test-net", "httpd -f -p 127.0.0.1:8123 -h /etc") as container:
        container.sh("echo hello from inside > /etc/page")
        wait_until(lambda: ":1FBB" in container.sh("cat /proc/net/tcp"))
        yield container


def test_a_port_of_the_containers_own_loopback_is_reached(engine: Engine, box: Attacked) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 8123), timeout=5)
    with connect_inside(engine, box.name, 8123, 5.0) as connection:
        connection.sendall(b"GET /page HTTP/1.0\r\n\r\n")
        assert connection.makefile("rb").read().endswith(b"hello from inside\n")


def test_this_process_stays_in_its_own_network_and_leaves_nothing_open(engine: Engine, box: Attacked) -> None:
    engine.inspect(box.name)
    own, threads, before = Path("/proc/self/ns/net").readlink(), set(threading.enumerate()), open_descriptors()
    for _ in range(3):
        connect_inside(engine, box.name, 8123, 5.0).close()
    # What earlier tests left behind may end meanwhile.
    assert set(threading.enumerate()) <= threads
    assert open_descriptors() <= before
    # The kernel takes a moment longer to forget a thread than Python does.
    wait_until(lambda: network_namespaces() == {own})


def network_namespaces() -> set[Path]:
    found: set[Path] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):
            found.add((task / "ns/net").readlink())
    return found


def test_a_port_where_nothing_listens_is_refused_as_anywhere(engine: Engine, box: Attacked) -> None:
    before = open_descriptors()
    with pytest.raises(ConnectionRefusedError):
        connect_inside(engine, box.name, 8124, 5.0)
    assert open_descriptors() <= before


def test_a_container_that_is_not_there_or_stopped_is_named(engine: Engine) -> None:
    with pytest.raises(NotFound):
        connect_inside(engine, "regops-test-nobody", 80, 1.0)
    with attacked("regops-test-net-stopped") as container:
        container.docker.kill()
        container.docker.wait()
        with pytest.raises(NotRunning, match="is not running"):
            connect_inside(engine, container.name, 80, 1.0)


def test_without_privileges_the_missing_ones_are_named(box: Attacked) -> None:
    script = (
        "from regops.wiring import Services\n"
        "try:\n"
        f"    Services().connect_inside({box.name!r})(8123, 5.0)\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error, error.hint)\n"
    )
    for lost in ("all", "sys_admin"):
        done = subprocess.run(
            [*without_capabilities(lost), sys.executable, "-c", script], capture_output=True, text=True, timeout=60
        )
        assert done.stdout.startswith("PermissionDenied cannot "), done
        assert "CAP_SYS_PTRACE and CAP_SYS_ADMIN" in done.stdout
