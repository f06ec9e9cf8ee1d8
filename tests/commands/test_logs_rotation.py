"""`regops logs -f` on a writer of 20,000 lines a second whose log is rotated in every way there is.

Each line has a number: what is lost, repeated or torn is counted.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from attack_container import attacked, wait_until
from log_writer_stress import RATE, WRITER, Following, Seen, following, put_writer

LOG = "/var/log/nginx/stress-access.log"
LINES = 30_000

pytestmark = [pytest.mark.engine, pytest.mark.root]


@pytest.fixture(scope="module")
def box(lab_dev: dict[str, Any]) -> Iterator[Any]:
    """A container of the registry's image, in which nothing runs yet: it has Python, logrotate and supervisord."""
    client = docker.DockerClient(base_url="unix:///var/run/docker.sock")
    try:
        image = client.containers.get(lab_dev["registry"]["container"]).image
        container = client.containers.run(image, ["10000"], entrypoint="sleep", detach=True)
        try:
            put_writer(container)
            yield container
        finally:
            container.remove(force=True, v=True)
    finally:
        client.close()


def sh(box: Any, script: str) -> str:
    done = box.exec_run(["sh", "-c", script])
    assert done.exit_code == 0, done.output
    return str(done.output, "utf-8", "replace")


def stress(box: Any, rotation: str, *, before: str = "", writer: str = "") -> Following:
    """Follow a writer while a script rotates its log, $PID being the writer, and return what came."""
    sh(box, f"rm -f /var/log/nginx/* /tmp/state; : > {LOG}; {before}")
    with following(box.name, "-s", LOG) as found:
        sh(box, f"python3 /writer.py {LOG} --lines 1")
        found.wait_for(1)
        script = f"""
            python3 /writer.py {LOG} --first 2 --lines {LINES - 1} --rate {RATE} {writer} & PID=$!
            echo $PID > /tmp/writer.pid
            sleep 0.2
            {rotation}
            wait $PID
        """
        sh(box, script)
        found.wait_for(LINES)
    return found


def assert_all_came_once(found: Following) -> None:
    assert found.seen.torn == []
    assert (found.seen.lost(), found.seen.repeated()) == ([], [])
    assert found.seen.numbers == list(range(1, LINES + 1))
    assert b"rotated" in b"".join(found.said)


RENAME = f"[ ! -e {LOG}.1 ] || mv {LOG}.1 {LOG}.2; mv {LOG} {LOG}.1;"


def test_rename_and_create_with_a_signal(box: Any) -> None:
    assert_all_came_once(stress(box, f"for n in 1 2 3; do {RENAME} kill -HUP $PID; sleep 0.3; done"))


def test_a_file_made_at_once_and_a_writer_that_reopens_late(box: Any) -> None:
    rotation = f"for n in 1 2; do {RENAME} : > {LOG}; kill -HUP $PID; sleep 0.6; done"
    assert_all_came_once(stress(box, rotation, writer="--reopen-after 0.4"))


def test_a_rotated_file_that_is_compressed_at_once(box: Any) -> None:
    rotation = f"for n in 1 2 3; do mv {LOG} {LOG}.1; kill -HUP $PID; sleep 0.01; gzip -f {LOG}.1; sleep 0.3; done"
    assert_all_came_once(stress(box, rotation))


def test_rotations_that_follow_each_other_faster_than_anybody_looks(box: Any) -> None:
    rotation = f"{RENAME} kill -HUP $PID; until [ -e {LOG} ]; do :; done; {RENAME} kill -HUP $PID; sleep 0.3;"
    assert_all_came_once(stress(box, f"for n in 1 2 3; do {rotation} done"))


def logrotate(options: str) -> str:
    """Return a script that writes a configuration of logrotate for the writer."""
    return f"printf '%s\\n' '{LOG} {{' 'rotate 5' 'missingok' {options} '}}' > /tmp/rotate.conf"


SIGNAL = "'create' 'postrotate' 'sleep 0.2; kill -HUP $(cat /tmp/writer.pid)' 'endscript'"


@pytest.mark.parametrize(
    "options", ["", "'compress'", "'compress' 'delaycompress'", "'dateext' 'dateformat -%Y%m%d-%s'"]
)
def test_the_real_logrotate_with_create(box: Any, options: str) -> None:
    rotation = "for n in 1 2; do logrotate -f -s /tmp/state /tmp/rotate.conf; sleep 0.3; done"
    assert_all_came_once(stress(box, rotation, before=logrotate(f"{options} {SIGNAL}")))


def test_the_real_logrotate_with_copytruncate_loses_only_what_is_in_no_file(box: Any) -> None:
    rotation = "for n in 1 2 3; do logrotate -f -s /tmp/state /tmp/rotate.conf; sleep 0.2; done"
    found = stress(box, rotation, before=logrotate("'copytruncate'"))
    kept = Seen()
    for line in sh(box, f"cat {LOG}.3 {LOG}.2 {LOG}.1 {LOG}").encode().splitlines():
        kept.add(line)
    # More than that may be seen: a line that is written after the copy, and read before the cut.
    assert set(kept.numbers) <= set(found.seen.numbers)
    assert found.seen.numbers == sorted(set(found.seen.numbers))
    assert len(found.seen.torn) <= len(kept.torn) + 3
    # What was written between the copying and the cutting: one run of lines a rotation.
    assert found.seen.gaps() <= 3
    assert b"truncated" in b"".join(found.said)


def test_supervisords_own_rotation(box: Any) -> None:
    log = "/var/log/supervisor/stress.log"
    program = f"python3 /writer.py - --stdout --lines {LINES} --rate {RATE}"
    configuration = (
        "[supervisord]", "logfile=/dev/null", "logfile_maxbytes=0", "pidfile=/tmp/supervisord.pid", "nodaemon=true",
        "[program:stress]", f"command=sh -c 'sleep 1; exec {program}'", "autorestart=false", "startsecs=0",
        f"stdout_logfile={log}", "stdout_logfile_maxbytes=500KB", "stdout_logfile_backups=4",
    )  # fmt: skip
    lines = " ".join(f'"{line}"' for line in configuration)
    sh(box, f"rm -f /var/log/supervisor/*; : > {log}; printf '%s\\n' {lines} > /tmp/supervisord.conf")
    with following(box.name, "-s", log) as found:
        box.exec_run(["supervisord", "-c", "/tmp/supervisord.conf"], detach=True)
        found.wait_for(LINES)
        sh(box, "kill $(cat /tmp/supervisord.pid)")
        files = sh(box, "ls /var/log/supervisor").split()
    assert len(files) > 3
    assert_all_came_once(found)


def test_a_writer_outside_of_the_container_on_a_bind_mount(tmp_path: Path) -> None:
    log = tmp_path / "bound.log"
    log.touch()
    bound = {str(tmp_path): {"bind": "/var/log/nginx", "mode": "rw"}}
    with attacked("regops-test-bound", volumes=bound) as container, following(container.name, "-s", log.name) as found:
        subprocess.run([sys.executable, WRITER, log, "--lines", "1"], check=True)
        found.wait_for(1)
        options = ["--first", "2", "--lines", str(LINES - 1), "--rate", str(RATE)]
        with subprocess.Popen([sys.executable, WRITER, log, *options]) as writer:
            for number in range(3):
                wait_until(lambda: log.exists() and log.stat().st_size > 1_000_000)
                log.rename(tmp_path / f"bound.log-2026112{number}")
                writer.send_signal(signal.SIGHUP)
            found.wait_for(LINES)
    assert_all_came_once(found)
