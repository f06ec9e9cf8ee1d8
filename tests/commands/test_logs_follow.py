"""`regops logs -f` on real containers that come and go, and when it is told to end."""

import os
import signal
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import docker
import pytest

from attack_container import IMAGE, Attacked, attacked, regops, wait_until
from log_writer_stress import Following, following
from operator_terminal import operator_at

LOG = "/var/log/nginx/error.log"

pytestmark = [pytest.mark.engine, pytest.mark.root]


def wait_for_line(found: Following, *lines: str) -> None:
    """Return once these are the last lines that came."""
    wanted = [f"{line}\n".encode() for line in lines]
    wait_until(lambda: found.seen.torn[-len(wanted) :] == wanted or found.process.poll() is not None)
    assert found.seen.torn[-len(wanted) :] == wanted, (found.seen.torn, found.said)


def wait_for_word(found: Following, word: str) -> None:
    wait_until(lambda: word in said(found) or found.process.poll() is not None)
    assert word in said(found)


def said(found: Following) -> str:
    return b"".join(found.said).decode()


@pytest.mark.parametrize(
    ("replacement", "problem"),
    [
        ("mkfifo {log}", "it is a fifo"),
        ("mknod {log} c 1 5", "it is a device"),
        ("mknod {log} b 254 0", "it is a device"),
        ("mkdir {log}", "it is a directory"),
        ("ln -s {secret} {log}", "it is a link that leads to nothing"),
        ("ln -s /proc/1/environ {log}", "it is on procfs"),
        ("ln -s /proc/1/root{secret} {log}", "it is a link that leads"),
        ("ln -s {log} {log}", "it is a link that leads in a circle"),
    ],
)
def test_whatever_takes_the_place_of_a_followed_file_is_named_and_not_read(
    replacement: str, problem: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary\n")
    with attacked("regops-test-swap", environment={"OS_PASSWORD": "canary"}) as container:
        container.sh(f"echo one > {LOG}")
        with following(container.name, "-s", LOG, "--via", "files") as found:
            wait_for_line(found, "one")
            container.sh(f"mv {LOG} {LOG}.1; {replacement.format(log=LOG, secret=secret)}")
            wait_for_word(found, problem)
            # A FIFO's writer must not be let go: it would take us for a reader.
            container.docker.exec_run(
                ["sh", "-c", f"[ ! -p {LOG} ] || (echo x > {LOG}; touch /tmp/released)"], detach=True
            )
            # Whoever has the old file goes on being heard.
            container.sh(f"echo two >> {LOG}.1")
            wait_for_line(found, "two")
            assert container.sh("ls /tmp") == ""
            container.sh(f"rm -r {LOG}; echo three > {LOG}")
            wait_for_line(found, "three")
    assert found.seen.torn == [b"one\n", b"two\n", b"three\n"]
    assert said(found).count(problem) == 1
    assert "canary" not in said(found)


def test_a_log_that_is_a_link_is_followed_to_where_it_leads_and_to_another_file() -> None:
    with attacked("regops-test-links") as container:
        container.sh(f"mkdir /deep; echo one > /deep/a; echo three > /deep/b; ln -s /deep/a {LOG}")
        with following(container.name, "-s", LOG) as found:
            wait_for_line(found, "one")
            container.sh("mv /deep/a /deep/a.1; echo two > /deep/a")
            wait_for_line(found, "two")
            container.sh(f"ln -s /deep/b {LOG}.new; mv {LOG}.new {LOG}")
            wait_for_line(found, "three")


def test_a_container_made_anew_under_the_same_name_is_followed() -> None:
    with attacked("regops-test-anew") as container:
        container.sh(f"echo one > {LOG}")
        # By its id: what comes back has another one.
        with following(container.docker.id[:12], "-s", LOG) as found:
            wait_for_line(found, "one")
            container.docker.remove(force=True)
            wait_for_word(found, "was removed; waiting for another of its name")
            make_anew(container, f"echo fresh >> {LOG}; sleep 10000")
            wait_for_line(found, "fresh")
            wait_for_word(found, f"another container is called {container.name} now")
    assert found.seen.torn == [b"one\n", b"fresh\n"]


def test_a_log_on_a_volume_goes_on_where_it_was_in_the_next_container(tmp_path: Path) -> None:
    bound = {str(tmp_path): {"bind": "/var/log/nginx", "mode": "rw"}}
    with attacked("regops-test-volume", volumes=bound) as container:
        container.sh(f"echo one > {LOG}")
        with following(container.name, "-s", LOG) as found:
            wait_for_line(found, "one")
            container.docker.remove(force=True)
            wait_for_word(found, "was removed")
            with (tmp_path / "error.log").open("a") as log:
                log.write("meanwhile\n")
            make_anew(container, f"echo fresh >> {LOG}; sleep 10000", volumes=bound)
            wait_for_line(found, "fresh")
    assert found.seen.torn == [b"one\n", b"meanwhile\n", b"fresh\n"]


def make_anew(container: Attacked, script: str, **options: Any) -> None:
    """Run another container under the name of one; the context of the first removes it."""
    options = {"name": container.name, "stop_signal": "SIGKILL", **options}
    with closing(docker.DockerClient(base_url="unix:///var/run/docker.sock")) as client:
        client.containers.run(IMAGE, ["sh", "-c", script], detach=True, **options)


def test_a_paused_container_is_waited_for(tmp_path: Path) -> None:
    bound = {str(tmp_path): {"bind": "/var/log/nginx", "mode": "rw"}}
    with attacked("regops-test-frozen", volumes=bound) as container:
        container.sh(f"echo one > {LOG}")
        container.docker.pause()
        try:
            with following(container.name, "-s", LOG) as found:
                wait_for_line(found, "one")
                with (tmp_path / "error.log").open("a") as log:
                    log.write("two\n")
                wait_for_line(found, "two")
                container.docker.unpause()
                container.sh(f"echo three >> {LOG}")
                wait_for_line(found, "three")
        finally:
            with suppress(docker.errors.APIError):
                container.docker.unpause()
    assert said(found) == ""


def test_the_containers_own_output_is_repeated_by_no_restart() -> None:
    script = (
        "sh -c 'for n in 1 2 3 4 5; do echo same; echo other >&2; done; trap exit TERM; while :; do sleep 0.1; done'"
    )
    with attacked("regops-test-again", script) as container, following(container.name, "-s", "docker") as found:
        wait_until(lambda: len(found.seen.torn) == 10)
        for runs in (2, 3):
            container.docker.restart(timeout=0)
            wait_until(lambda runs=runs: len(found.seen.torn) >= 10 * runs)  # type: ignore[misc]
        wait_for_word(found, "is running again")
    assert found.seen.torn.count(b"same\n") == found.seen.torn.count(b"other\n") == 15


def test_output_that_the_engine_does_not_keep_says_why() -> None:
    with attacked("regops-test-none", "sh -c 'echo one; sleep 1000'", log_config={"type": "none"}) as container:
        result = regops("logs", container.name, "-f", "-s", "docker")
    assert result.exit_code == 3
    assert "configured logging driver does not support reading" in result.stderr


def test_output_kept_by_another_driver_is_followed() -> None:
    with (
        attacked("regops-test-local", "sh -c 'echo one; sleep 1000'", log_config={"type": "local"}) as container,
        following(container.name, "-s", "docker") as found,
    ):
        wait_for_line(found, "one")
        container.docker.restart(timeout=0)
        wait_for_line(found, "one", "one")


# K2: at any point from the start of the program on.
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_any_point_ends_it_and_leaves_nothing_behind(number: int) -> None:
    with attacked("regops-test-signal") as container:
        container.sh(f"echo one > {LOG}")
        for delay in (0.05, 0.2, 0.35, 0.45, 0.55, 0.65, 0.75, 0.9, 1.2):
            with operator_at("logs", container.name, "-f", "-s", LOG) as (terminal, process):
                before = terminal.modes
                terminal.read_some(delay)
                children = children_of(process.pid)
                process.send_signal(number)
                status = terminal.wait(process)
                ended = status if status > 0 else 128 - status
                # Before any of our code runs, the interpreter has words of its own for it.
                assert ended == 128 + number or b"init_import_site" in terminal.screen, (delay, terminal.screen)
                assert terminal.modes == before
                for child in children:
                    wait_until(lambda child=child: not Path(f"/proc/{child}").exists())  # type: ignore[misc]


def children_of(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def test_a_killed_follower_leaves_no_process_behind() -> None:
    with attacked("regops-test-killed") as container:
        container.sh(f"echo one > {LOG}")
        with following(container.name, "-s", LOG) as found:
            wait_for_line(found, "one")
            children = children_of(found.process.pid)
            assert children
            os.kill(found.process.pid, signal.SIGKILL)
            for child in children:
                wait_until(lambda child=child: not Path(f"/proc/{child}").exists())  # type: ignore[misc]
