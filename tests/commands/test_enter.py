"""`regops enter`: a program of a container on the operator's terminal, with nothing of the operator's but that."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from attack_container import Attacked, attacked, regops, regops_process, wait_until, without_capabilities
from operator_terminal import operator_at

ROADS = [("--via", "engine"), ("--via", "nsenter")]
CANARY = "canary-of-the-operator"
needs_engine = [pytest.mark.engine, pytest.mark.root]
roads = pytest.mark.parametrize("road", ROADS, ids=["engine", "nsenter"])


@pytest.fixture(scope="module")
def box() -> Iterator[Attacked]:
    with attacked("regops-test-enter") as container:
        yield container


def piped(box: Attacked, road: tuple[str, ...], script: str, *options: str, **process: Any) -> tuple[int, str, str]:
    """Run a script in a shell inside, without a terminal; return status, output and errors."""
    with regops_process(
        "enter", box.name, *road, *options, stdin=subprocess.PIPE, env={**os.environ, "OS_PASSWORD": CANARY}, **process
    ) as started:
        out, err = started.communicate(script.encode(), timeout=60)
        return started.returncode, out.decode(), re.sub("^warning: .*\n", "", err.decode())


@pytest.mark.engine
@pytest.mark.root
@roads
def test_a_shell_reads_commands_from_a_pipe_and_its_status_is_ours(box: Attacked, road: tuple[str, ...]) -> None:
    assert piped(box, road, "echo out; echo err >&2; exit 7") == (7, "out\n", "err\n")
    assert piped(box, road, "kill -9 $$")[0] == 137


# S01
@pytest.mark.engine
@pytest.mark.root
@roads
def test_nothing_of_the_operators_environment_is_inside(box: Attacked, road: tuple[str, ...]) -> None:
    _, out, _ = piped(box, road, "env; cat /proc/$$/environ")
    assert CANARY not in out
    names = {line.partition("=")[0] for line in out.partition("\0")[0].splitlines() if "=" in line}
    assert names <= {"PATH", "HOME", "LANG", "TERM", "PWD", "SHLVL", "HOSTNAME", "OLDPWD", "_"}


# S02
@pytest.mark.engine
@pytest.mark.root
@roads
def test_no_descriptor_of_the_operators_is_inside(box: Attacked, road: tuple[str, ...], tmp_path: Path) -> None:
    leaked = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    os.set_inheritable(leaked, True)  # noqa: FBT003  it takes no keyword
    try:
        script = "exec 2>/dev/null; ls -l /proc/$$/fd; ls /proc/$$/fd/*/root"
        _, out, _ = piped(box, road, script, pass_fds=(leaked,))
    finally:
        os.close(leaked)
    assert sorted(set(re.findall(r" (\d+) -> ", out)) - {"10"}) == ["0", "1", "2"]
    assert out.count("pipe:[") == 2


# S03, S04
@pytest.mark.engine
@pytest.mark.root
@roads
def test_the_shell_has_the_containers_rights_and_no_more(box: Attacked, road: tuple[str, ...]) -> None:
    _, out, _ = piped(
        box, road, "cat /proc/1/status; echo; cat /proc/self/status; echo; cat /proc/self/cgroup; hostname"
    )
    of_container, of_shell, rest = out.split("\n\n")
    ours, theirs = (dict(line.split(":\t", 1) for line in part.splitlines()) for part in (of_shell, of_container))
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Uid", "Gid"):
        assert ours[name] == theirs[name], name
    assert ours["Seccomp"] == ("2" if "engine" in road else "0")
    assert ours["NoNewPrivs"] == ("0" if "engine" in road else "1")
    *cgroups, hostname = rest.splitlines()
    assert all(box.docker.id in line for line in cgroups if not line.endswith(":/"))
    assert hostname == box.docker.id[:12]


@pytest.mark.engine
@pytest.mark.root
def test_a_device_of_the_host_cannot_be_read_from_inside(box: Attacked) -> None:
    device = Path("/").stat().st_dev
    script = f"mknod /tmp/disk b {os.major(device)} {os.minor(device)}; head -c 1 /tmp/disk | wc -c; rm /tmp/disk"
    _, out, err = piped(box, ROADS[1], script)
    assert (out, "not permitted" in err) == ("0\n", True)


@pytest.mark.engine
@pytest.mark.root
def test_every_namespace_is_the_containers(box: Attacked) -> None:
    _, out, _ = piped(box, ROADS[1], "for n in mnt uts ipc net pid cgroup; do readlink /proc/self/ns/$n; done")
    own = [str(Path(f"/proc/{box.pid}/ns/{name}").readlink()) for name in ("mnt", "uts", "ipc", "net", "pid", "cgroup")]
    assert out.splitlines() == own


@pytest.mark.engine
@pytest.mark.root
@roads
def test_megabytes_pass_both_ways_at_once(box: Attacked, road: tuple[str, ...]) -> None:
    text = "0123456789abcde\n" * 200_000
    status, out, err = piped(box, road, text, "--", "cat")
    assert (status, err, len(out)) == (0, "", len(text))
    assert out == text


@pytest.mark.engine
@pytest.mark.root
@roads
def test_a_program_that_reads_nothing_does_not_hold_us_up(box: Attacked, road: tuple[str, ...]) -> None:
    assert piped(box, road, "x" * 1_000_000, "--", "echo", "done") == (0, "done\n", "")


@pytest.mark.engine
@pytest.mark.root
@roads
def test_a_program_that_is_not_there_is_named(box: Attacked, road: tuple[str, ...]) -> None:
    status, _, err = piped(box, road, "", "--", "no-such-program")
    assert status == 127
    assert "has no no-such-program that can be run" in err


@pytest.mark.engine
@pytest.mark.root
@roads
@pytest.mark.parametrize(("name", "status"), [("/no/such", 127), ("/etc", 126)])
def test_why_a_program_is_not_run_is_said_on_stderr_alone(
    box: Attacked, road: tuple[str, ...], name: str, status: int
) -> None:
    assert piped(box, road, "", "--", name)[:2] == (status, "")


@pytest.mark.engine
@pytest.mark.root
def test_a_program_may_say_what_an_engine_says_that_cannot_start_one(box: Attacked) -> None:
    said = "OCI runtime exec failed: it did not\n"
    assert piped(box, ROADS[0], said, "--", "cat") == (0, said, "")


@pytest.mark.engine
@pytest.mark.root
@roads
def test_a_container_without_a_shell_says_so(road: tuple[str, ...]) -> None:
    with attacked("regops-test-no-shell", "busybox sleep 1000") as container:
        container.sh("rm /bin/sh")
        status, _, err = piped(container, road, "")
        assert status == 127
        assert re.search(r"has no (bash or )?sh that can be run", err)
        assert piped(container, road, "", "--", "busybox", "hostname")[1] == f"{container.docker.id[:12]}\n"


# S07, and what a terminal is for.
@pytest.mark.engine
@pytest.mark.root
@roads
def test_a_terminal_has_an_echo_a_size_and_its_modes_back(box: Attacked, road: tuple[str, ...]) -> None:
    with operator_at("enter", box.name, *road) as (terminal, process):
        before = terminal.modes
        terminal.read_until("# ")
        assert terminal.modes != before
        terminal.type("stty size; echo $TERM; test -t 0 && echo is-a-'terminal'\n")
        terminal.read_until("30 100")
        terminal.read_until("xterm-256color")
        terminal.read_until("is-a-terminal")
        terminal.read_until("# ")
        terminal.resize(41, 133)
        terminal.type("sleep 1; stty size\n")
        terminal.read_until("41 133")
        terminal.read_until("# ")
        # Control characters are the program's business: this ends sleep, not regops.
        terminal.type("sleep 7777\n")
        wait_until(lambda: any(row[-1] == "sleep 7777" for row in box.docker.top()["Processes"]))
        terminal.type("\x03")
        terminal.read_until("# ")
        terminal.type("echo status $?\n")
        terminal.read_until("status 130")
        terminal.type("exit 9\n")
        assert terminal.wait(process) == 9
        assert terminal.modes == before


@pytest.mark.engine
@pytest.mark.root
@roads
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminal_is_put_right_when_regops_is_told_to_end(box: Attacked, road: tuple[str, ...], number: int) -> None:
    with operator_at("enter", box.name, *road) as (terminal, process):
        before = terminal.modes
        terminal.read_until("# ")
        process.send_signal(number)
        assert terminal.wait(process) == 128 + number
        assert terminal.modes == before


def pids_in(box: Attacked) -> set[str]:
    """Return the processes of a container, as this machine numbers them; some may be about to end."""
    return {row[1] for row in box.docker.top()["Processes"]}


def holds(pid: str, path: str) -> bool:
    """Return whether a process has a file open; one that has ended has none."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # a shell closes some now and then
                if fd.samefile(path):
                    return True
    return False


# S06: who does not have a terminal cannot type into it.
@pytest.mark.engine
@pytest.mark.root
@roads
def test_no_process_of_the_container_holds_the_operators_terminal(box: Attacked, road: tuple[str, ...]) -> None:
    with operator_at("enter", box.name, *road) as (terminal, process):
        terminal.read_until("# ")
        pids = pids_in(box)
        assert len(pids) > 1
        assert not any(holds(pid, terminal.name) for pid in pids)
        terminal.type("exit\n")
        terminal.wait(process)


@pytest.mark.engine
@pytest.mark.root
def test_nothing_stays_inside_when_regops_is_killed(box: Attacked) -> None:
    before = pids_in(box)
    with operator_at("enter", box.name, "--via", "nsenter") as (terminal, process):
        terminal.read_until("# ")
        assert pids_in(box) - before
        process.kill()
        wait_until(lambda: not pids_in(box) - before)


# S08
@pytest.mark.engine
@pytest.mark.root
@roads
@pytest.mark.parametrize("closed", ["<&-", "<&- >&- 2>&-"])
def test_a_closed_descriptor_never_gives_a_shell_on_the_host(
    box: Attacked, road: tuple[str, ...], closed: str, tmp_path: Path
) -> None:
    marker = tmp_path / "on-the-host"
    words = [sys.executable, "-m", "regops", "enter", box.name, *road, "--", "touch", str(marker)]
    done = subprocess.run(["/bin/sh", "-c", f"exec {' '.join(words)} {closed}"], capture_output=True, timeout=60)
    assert done.returncode != 0
    assert not marker.exists()


@pytest.mark.engine
@pytest.mark.root
def test_the_helper_refuses_a_namespace_that_is_not_the_containers(
    box: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if entering had been skipped: the switch names no namespace but the host's own.
    monkeypatch.setattr("regops.adapters.container.inside._NAMESPACES", 0x0400_0000)
    result = regops("logs", box.name, "--via", "nsenter", "-s", "docker")
    assert result.exit_code == 0
    box.sh("echo text > /var/log/nginx/error.log")
    result = regops("logs", box.name, "--via", "nsenter")
    assert result.exit_code == 3
    assert "the mount namespace is not the container's" in result.stderr


@pytest.mark.engine
@pytest.mark.root
@pytest.mark.parametrize(("lost", "said"), [("sys_admin", "CAP_SYS_ADMIN"), ("all", "CAP_SYS_PTRACE")])
def test_without_privileges_what_is_missing_is_said(box: Attacked, lost: str, said: str) -> None:
    done = subprocess.run(
        [
            *without_capabilities(lost),
            sys.executable,
            "-m",
            "regops",
            "enter",
            box.name,
            "--via",
            "nsenter",
            "--",
            "id",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.returncode) == ("", 3)
    assert said in done.stderr
    assert "--via engine" in done.stderr


def test_a_user_needs_the_engine() -> None:
    result = regops("enter", "any", "--via", "nsenter", "--user", "root")
    assert result.exit_code == 2
    assert "--user needs --via engine" in result.stderr


@pytest.mark.engine
def test_the_engine_runs_it_as_another_user(box: Attacked) -> None:
    assert piped(box, ROADS[0], "id -u", "--user", "1234")[1] == "1234\n"
