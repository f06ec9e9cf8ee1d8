"""`regops logs` on containers that come and go, engines that lie, and outputs that end early."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from attack_container import Attacked, attacked, open_descriptors, regops, regops_process, without_capabilities
from fake_engine import FakeEngine, container_document
from fake_services import FakeServices
from regops.adapters.container.files import container_files
from regops.adapters.container.namespaces import hold_process
from regops.adapters.engine.client import DockerEngine
from regops.errors import NotRunning, Refused, UnexpectedAnswer
from regops.main import app

LOG = "/var/log/nginx/error.log"
MIB = 1024 * 1024
PROGRAM = (sys.executable, "-m", "regops", "--color", "never")


@pytest.fixture(scope="module")
def box() -> Iterator[Attacked]:
    with attacked("regops-test-life") as container:
        container.sh(f"seq 1 20 > {LOG}")
        yield container


# E00-E08
@pytest.mark.engine
@pytest.mark.root
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"pid_mode": "host"},
        {"network_mode": "none", "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]},
        {"read_only": True, "tmpfs": {"/var/log/nginx": "size=1m"}},
        {"user": "1000"},
        {"ipc_mode": "host", "network_mode": "host"},
        {"cgroup_parent": "regops-test"},
    ],
)
def test_every_kind_of_container_is_read_without_the_engines_help(options: dict[str, Any]) -> None:
    with attacked("regops-test-kind", **options) as container:
        container.sh(f"echo text > {LOG}")
        result = regops("--color", "never", "logs", container.name, "--raw", "--via", "files")
        assert (result.stdout, result.stderr, result.exit_code) == ("text\n", "", 0)


@pytest.mark.engine
@pytest.mark.root
def test_a_paused_container_is_read(box: Attacked) -> None:
    box.docker.pause()
    try:
        result = regops("--color", "never", "logs", box.name, "--raw", "-n", "1", "--via", "files")
    finally:
        box.docker.unpause()
    assert result.stdout == "20\n"


@pytest.mark.engine
@pytest.mark.root
def test_a_paused_container_is_not_entered(box: Attacked) -> None:
    box.docker.pause()
    try:
        results = [regops("logs", box.name, "--via", "nsenter"), regops("enter", box.name, "--via", "nsenter")]
    finally:
        box.docker.unpause()
    for result in results:
        assert result.exit_code == 3
        assert "is paused" in result.stderr


@pytest.mark.engine
def test_a_stopped_container_is_read_through_the_engine_and_that_is_said() -> None:
    with attacked("regops-test-stopped") as container:
        container.sh(f"mkdir -p /deep; echo text > /deep/log; ln -s /deep/log {LOG}; mkfifo /var/log/nginx/f.log")
        container.docker.kill()
        container.docker.wait()
        result = regops("logs", container.name, "--raw")
        listed = regops("logs", container.name, "--list", "-o", "json")
        forced = regops("logs", container.name, "--via", "files")
    assert (result.stdout, result.exit_code) == ("text\n", 0)
    assert "is not running (status: exited); going through the engine instead" in result.stderr
    assert "f.log is not read: it is a fifo" in result.stderr
    sources = {source["name"]: source for source in json.loads(listed.stdout)["data"]["sources"]}
    assert sources["nginx/error.log"]["link_target"] == "/deep/log"
    assert sources["nginx/f.log"]["problem"] == "it is a fifo, not a regular file"
    assert forced.exit_code == 3
    assert "docker start" in forced.stderr


# Without CAP_SYS_PTRACE, root is as anybody.
@pytest.mark.engine
@pytest.mark.root
def test_without_privileges_the_engine_is_asked_and_what_is_missing_is_said(box: Attacked) -> None:
    def run(*options: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*without_capabilities("all"), *PROGRAM, "logs", box.name, "--raw", "-n", "1", *options],
            capture_output=True,
            text=True,
            timeout=60,
        )

    done = run()
    assert (done.stdout, done.returncode) == ("20\n", 0)
    assert "Permission denied; going through the engine instead" in done.stderr
    done = run("--via", "files")
    assert (done.stdout, done.returncode) == ("", 3)
    assert "CAP_SYS_PTRACE" in done.stderr
    assert "--via engine" in done.stderr


# E04: names are refused before anything is asked.
@pytest.mark.parametrize("name", ["../images/x", "a/../b", "?", "a b", "\x1b[2J", "x" * 5000, "-v", "", "ä", "a%2Fb"])
@pytest.mark.parametrize("command", ["logs", "enter"])
def test_a_name_no_container_can_have_is_refused(name: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    result = regops(command, "--", name)
    assert result.exit_code == 3
    assert "no container can be called" in result.stderr
    assert "\x1b" not in result.output


class LyingEngine(FakeEngine):
    """An engine that says other things from one question to the next."""

    def __init__(self, *answers: dict[str, Any] | str, **options: Any) -> None:
        super().__init__(**options)
        self.answers = list(answers)

    def inspect(self, name: str) -> str:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, str) else json.dumps(answer)


def document(pid: object, **state: Any) -> dict[str, Any]:
    return container_document("c", state={"Pid": pid, **state})


# E10-E20: what is no pid, no container, no JSON.
@pytest.mark.parametrize(
    "answer",
    [
        document(-1), document(2**40), document("1"), document(1.5), document([1]), document({}),
        "", "nonsense", "[]", "null", "[1]", '{"Id": 5}', '{"State": []}', "[" * 100_000, '{"Pid": ' + "9" * 5000 + "}",
        {"Id": "abc", "RepoTags": ["an image"]}, {**document(5), "Id": "../x"}, {**document(5), "Id": "A" * 64},
    ],
)  # fmt: skip
def test_an_answer_no_engine_gives_is_refused(answer: Any) -> None:
    before = open_descriptors()
    with pytest.raises((UnexpectedAnswer, NotRunning)), hold_process(LyingEngine(answer), "c"):
        pass
    assert open_descriptors() <= before


@pytest.mark.parametrize("state", [{"Pid": 0}, {"Running": False}, {"Pid": 0, "Status": "exited", "Running": False}])
def test_a_container_without_a_process_is_not_running(state: dict[str, Any]) -> None:
    with pytest.raises(NotRunning, match="is not running"), hold_process(LyingEngine(document(5, **state)), "c"):
        pass


# E10: a process of the host, init, and this one.
@pytest.mark.parametrize("pid", [1, os.getpid(), os.getppid()])
def test_a_process_that_is_not_the_containers_is_refused(pid: int) -> None:
    with (
        pytest.raises(Refused, match="kernel does not count that process to the container"),
        hold_process(LyingEngine(document(pid)), "c"),
    ):
        pass


# E11
@pytest.mark.engine
@pytest.mark.root
def test_a_process_of_another_container_is_refused(box: Attacked) -> None:
    with (
        pytest.raises(Refused, match="kernel does not count that process"),
        container_files(LyingEngine(document(box.pid)), "c"),
    ):
        pass


@pytest.mark.engine
@pytest.mark.root
def test_a_pid_that_changes_between_the_questions_is_asked_again(box: Attacked) -> None:
    true = json.loads(DockerEngine.from_environment().inspect(box.name))
    other = {**true, "State": {**true["State"], "Pid": os.getpid()}}
    with container_files(LyingEngine(other, true, true), box.name) as files:
        assert files.look(LOG).size_bytes > 0
    started = {**true, "State": {**true["State"], "StartedAt": "2020-01-01T00:00:00Z"}}
    with pytest.raises(NotRunning, match="does not stay up"), container_files(LyingEngine(*[true, started] * 9), "x"):
        pass


def test_a_process_that_is_gone_is_no_container() -> None:
    with subprocess.Popen(["/bin/true"]) as gone:
        gone.wait()
    with pytest.raises(NotRunning), hold_process(LyingEngine(document(gone.pid)), "c"):
        pass


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:2375", "ssh://root@host", "http+unix://x"])
def test_another_machines_engine_is_not_entered(address: str) -> None:
    services = FakeServices(fake_engine=FakeEngine(container_document("c"), address=address, is_local=False))
    for command in (
        ["logs", "c", "--via", "files"],
        ["logs", "c", "--via", "nsenter"],
        ["enter", "c", "--via", "nsenter"],
    ):
        result = CliRunner().invoke(app, command, obj=services)
        assert result.exit_code == 3
        assert "another machine's" in result.stderr
        assert "--via engine" in result.stderr


class FakeDocker(threading.Thread):
    """A socket that answers every request with some bytes, and others again and again."""

    def __init__(self, path: Path, head: bytes, body: bytes, times: int) -> None:
        super().__init__(daemon=True)
        self._answer = [head, *[body] * times]
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(8)
        self._kept: list[socket.socket] = []
        self.start()

    def run(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._kept.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(65536)
            for part in self._answer:
                client.sendall(part)

    def stop(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for client in self._kept:
            client.close()


# E15: 300 MB of inspect, with 256 MiB to put them in.
@pytest.mark.parametrize("letter", [b"x", b"["])
def test_an_endless_answer_of_the_engine_is_bounded(tmp_path: Path, letter: bytes) -> None:
    fake = FakeDocker(tmp_path / "s", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", letter * MIB, 300)
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", f"ulimit -d {256 * 1024}; exec {sys.executable} -m regops logs c"],
            env={**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/s"},
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    finally:
        fake.stop()
    assert (done.returncode, done.stdout) == (3, "")
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr


# E21
def test_a_missing_engine_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")
    for command in (["logs", "c"], ["logs", "c", "-f"], ["enter", "c"], ["enter", "c", "--via", "nsenter"]):
        result = regops(*command)
        assert result.exit_code == 3
        assert f"unix://{tmp_path}/none" in result.stderr


# E30: whatever is read while a container restarts all the time is its own.
@pytest.mark.engine
@pytest.mark.root
def test_a_restart_storm_gives_the_right_text_or_a_refusal() -> None:
    name = "regops-test-storm"
    script = f"sh -c 'echo mine > {LOG}; usleep 150000'"
    with attacked(name, script, restart_policy={"Name": "always"}) as container:
        good = 0
        for _ in range(25):
            result = regops("--color", "never", "logs", container.name, "--raw", "-s", "error.log", "--via", "files")
            if result.exit_code == 0:
                assert set(result.stdout.splitlines()) <= {"mine"}
                good += 1
            else:
                assert result.exit_code == 3
                assert "error: " in result.stderr
            assert "Traceback" not in result.output
        assert good + 25 > 25


# E40-E46
def run(box: Attacked, shell: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run `regops logs` with a shell's redirections."""
    words = " ".join(
        ["exec", sys.executable, "-m", "regops", "--color", "never", "logs", box.name, "--raw", *options, shell]
    )
    return subprocess.run(["/bin/sh", "-c", words], capture_output=True, text=True, timeout=60)


@pytest.mark.engine
@pytest.mark.root
def test_standard_descriptors_may_be_closed_full_or_gone(box: Attacked) -> None:
    closed_input = run(box, "<&-", "-n1")
    assert (closed_input.stdout, closed_input.returncode) == ("20\n", 0)
    for redirection, words in ((">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")):
        done = run(box, redirection)
        assert done.returncode == 3
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert run(box, "<&- >&- 2>&-").returncode != 0


@pytest.mark.engine
@pytest.mark.root
def test_few_descriptors_no_home_and_a_lost_folder_do_not_matter(box: Attacked, tmp_path: Path) -> None:
    lost = tmp_path / "lost"
    lost.mkdir()
    program = f"{sys.executable} -m regops --color never logs {box.name} --raw -n1"
    script = f"cd {lost} && rmdir {lost} && ulimit -n 20 && exec env -i PATH=$PATH PYTHONPATH={Path.cwd()} {program}"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("20\n", 0), done.stderr


@pytest.mark.engine
@pytest.mark.root
def test_a_reader_that_has_enough_ends_regops_quietly(box: Attacked) -> None:
    box.sh("seq 1 60000 > /var/log/nginx/many.log")
    with regops_process("logs", box.name, "-s", "many.log", "-n", "60000") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""
    box.sh("rm /var/log/nginx/many.log")


# L2, and K2 for -f.
@pytest.mark.engine
@pytest.mark.root
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_following_goes_through_a_restart_and_ends_when_told(number: int, status: int) -> None:
    with attacked("regops-test-follow") as container:
        container.sh(f"echo one > {LOG}")
        with regops_process("logs", container.name, "-f", "--raw", "-s", "error.log", text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == "one\n"
            container.sh(f"echo two >> {LOG}; mv {LOG} {LOG}.1; echo three > {LOG}")
            assert [process.stdout.readline() for _ in range(2)] == ["two\n", "three\n"]
            container.docker.restart(timeout=0)
            container.sh(f"echo four >> {LOG}")
            assert process.stdout.readline() == "four\n"
            process.send_signal(number)
            assert process.wait(60) == status
            said = process.stderr.read()
        assert "was rotated" in said
        assert "is not running; waiting for it to start" in said
        assert "is running again" in said
        assert "Traceback" not in said


@pytest.mark.engine
@pytest.mark.root
def test_following_the_containers_own_output_goes_through_a_restart() -> None:
    with (
        attacked("regops-test-output", "sh -c 'echo started; sleep 1000'") as container,
        regops_process("logs", container.name, "-f", "--raw", "-s", "docker", text=True) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        container.docker.restart(timeout=0)
        assert process.stdout.readline() == "started\n"


@pytest.mark.engine
@pytest.mark.root
def test_a_tail_run_inside_shows_the_same_lines(box: Attacked) -> None:
    inside = regops("--color", "never", "logs", box.name, "-n", "3", "--via", "nsenter")
    assert inside.stdout == regops("--color", "never", "logs", box.name, "-n", "3").stdout
    assert "warning: --via nsenter runs the container's own tail" in inside.stderr


@pytest.mark.engine
@pytest.mark.root
def test_following_through_the_engine_shows_new_lines(box: Attacked) -> None:
    box.sh(f"seq 1 20 > {LOG}")
    with regops_process("logs", box.name, "-f", "-n", "1", "--raw", "--via", "engine") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"20\n"
        box.sh(f"echo 21 >> {LOG}")
        assert process.stdout.readline() == b"21\n"
        process.terminate()
        process.communicate(timeout=60)
