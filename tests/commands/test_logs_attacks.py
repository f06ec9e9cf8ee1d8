"""`regops logs` against real containers that lay traps: links, devices, pipes, planted programs, dead file systems.

Ids are those of the attack catalogue. Every attack is read as `nginx/x.log` of one container, from which an honest
`nginx/error.log` must always be readable beside it.
"""

import fcntl
import os
import pty
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attack_container import Attacked, attacked, open_descriptors, regops, regops_process, wait_until
from dead_file_system import dead_file_system, stuck_helpers

pytestmark = [pytest.mark.engine, pytest.mark.root]

LOG = "/var/log/nginx/x.log"
CANARY = "canary-of-the-host"
CONTAINER_CANARY = "canary-of-the-container"


@pytest.fixture(scope="module")
def host_secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the host whose path does not exist in the containers."""
    secret = tmp_path_factory.mktemp("host") / "secret"
    secret.write_text(f"{CANARY}\n")
    secret.chmod(0o600)
    return secret


def trap(name: str, **options: Any) -> Iterator[Attacked]:
    options.setdefault("environment", {"OS_PASSWORD": CONTAINER_CANARY})
    with attacked(name, **options) as container:
        container.sh("echo honest > /var/log/nginx/error.log; mkdir /honest; echo deep > /honest/deep.log")
        yield container


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    volume = tmp_path_factory.mktemp("volume")
    (volume / "volume.log").write_text("of a volume\n")
    yield from trap("regops-test-trap", volumes={str(volume): {"bind": "/srv/logs", "mode": "rw"}})


@pytest.fixture(scope="module")
def hostpid() -> Iterator[Attacked]:
    yield from trap("regops-test-trap-hostpid", pid_mode="host")


def read(container: Attacked, *options: str) -> Any:
    """Read the trap, after checking that nothing of it is left open."""
    before = open_descriptors()
    result = regops("--color", "never", "logs", container.name, "-s", "nginx/x.log", *options)
    assert "Traceback" not in result.output
    # The engine's connection stays until it is collected; nothing else may.
    assert len(open_descriptors() - before) <= 2
    return result


def refused(result: Any, *words: str) -> None:
    assert (result.exit_code, result.stdout) == (3, "")
    assert CANARY not in result.output
    assert CONTAINER_CANARY not in result.output
    for word in words:
        assert word in result.stderr


def plant(container: Attacked, script: str) -> None:
    container.sh(f"set -e; rm -rf {LOG} {LOG}.d; {script}")


def plain(stdout: str) -> str:
    """Return what was shown without the times, which are those of the files or of this moment."""
    return re.sub(r"(?m)^ *(?:[0-9T:.-]+Z~? +)?", "", stdout)


# A01-A04, A11, A12, A14: links and directory links, absolute and relative, to the host's file.
@pytest.mark.parametrize(
    "script",
    [
        f"ln -s {{secret}} {LOG}",
        f"ln -s ../../../../../../../../..{{secret}} {LOG}",
        f"ln -s {{directory}} {LOG}.d; ln -s x.log.d/secret {LOG}",
        f"ln -s / {LOG}.d; ln -s x.log.d/..{{secret}} {LOG}",
        f"ln -s /proc/1/root{{secret}} {LOG}",
        f"ln -s /proc/self/root{{secret}} {LOG}",
        f"ln -s /proc/self/cwd{{secret}} {LOG}",
    ],
)
def test_a_link_out_of_the_container_gives_nothing_of_the_host(box: Attacked, host_secret: Path, script: str) -> None:
    plant(box, script.format(secret=host_secret, directory=host_secret.parent))
    refused(read(box), "/var/log/nginx/x.log")


def test_the_same_path_on_both_sides_gives_the_containers_file(box: Attacked, host_secret: Path) -> None:
    plant(box, f"mkdir -p {host_secret.parent}; echo inner > {host_secret}; ln -s {host_secret} {LOG}")
    try:
        assert plain(read(box).stdout) == "nginx/x | inner\n"
    finally:
        box.sh(f"rm {host_secret}")


# A05-A07, A10, A15: procfs, of this process, of the container, of the host's processes.
@pytest.mark.parametrize("name", ["self/environ", "1/environ", "thread-self/environ", "self/fd/3", "1/root/etc/shadow"])
def test_procfs_gives_no_environment_and_no_root(
    box: Attacked, hostpid: Attacked, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_PASSWORD", CANARY)
    for container in (box, hostpid):
        plant(container, f"ln -s /proc/{name} {LOG}")
        refused(read(container))


def test_a_path_that_a_configuration_names_gives_nothing_of_the_host(
    box: Attacked, hostpid: Attacked, host_secret: Path
) -> None:
    paths = [
        str(host_secret), f"/../../..{host_secret}", f"/proc/1/root{host_secret}", "/proc/1/environ",
        f"/proc/{os.getpid()}/root{host_secret}", "/dev/mem", "/srv/fifo", "/srv/link",
    ]  # fmt: skip
    for container in (box, hostpid):
        named = "; ".join(f"error_log {path}" for path in paths)
        container.sh(f"mkdir -p /etc/nginx; echo '{named};' > /etc/nginx/nginx.conf")
        container.sh(f"mkdir -p /srv; rm -f /srv/fifo /srv/link; mkfifo /srv/fifo; ln -s {host_secret} /srv/link")
        try:
            for options in ([], ["--list"], ["--via", "engine"], ["-s", "/proc/*"], ["-s", "/srv/*"]):
                output = regops("--color", "never", "logs", container.name, *options).output
                assert CANARY not in output
                assert CONTAINER_CANARY not in output
        finally:
            container.sh("rm -r /etc/nginx")


def test_a_host_process_is_no_way_into_the_host_from_a_container_that_sees_it(
    hostpid: Attacked, host_secret: Path
) -> None:
    plant(hostpid, f"ln -s /proc/{os.getpid()}/root{host_secret} {LOG}")
    refused(read(hostpid))


# A08, A09, A13
@pytest.mark.parametrize(
    ("target", "text"),
    [("/honest/deep.log", "deep"), ("../../../honest/deep.log", "deep"), ("/srv/logs/volume.log", "of a volume")],
)
def test_honest_links_and_volumes_are_read(box: Attacked, target: str, text: str) -> None:
    plant(box, f"ln -s {target} {LOG}")
    assert plain(read(box).stdout) == f"nginx/x | {text}\n"


# A16: the file and a link out change places all the time.
def test_a_race_leaks_nothing_in_100_reads(box: Attacked, host_secret: Path) -> None:
    plant(box, f"echo mine > {LOG}; ln -sf {host_secret} {LOG}.link")
    swap = "mv x.log /tmp/k; mv x.log.link x.log; mv x.log x.log.link; mv /tmp/k x.log"
    loop = f"cd /var/log/nginx; while test -e x.log.link -o -e /tmp/k; do {swap}; done"
    box.docker.exec_run(["sh", "-c", loop], detach=True)
    from regops.adapters.container.files import container_files
    from regops.adapters.engine.client import DockerEngine
    from regops.errors import RegopsError

    found: list[bytes] = []
    with container_files(DockerEngine.from_environment(), box.name) as files:
        looks, ends = 0, time.monotonic() + 60
        # How often the file is caught while it is one is up to the scheduler: until once at least.
        while looks < 100 or (not found and time.monotonic() < ends):
            looks += 1
            try:
                file = files.open(LOG)
                found.append(file.read(0, 100))
                file.close()
            except RegopsError:
                continue
    box.sh(f"rm -f {LOG}.link /tmp/k")
    assert set(found) == {b"mine\n"}


# B01, B02, B04, B05, B06, B08, B09, B21, B22
@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f"mkfifo {LOG}", "it is a fifo"),
        (f"mkdir {LOG}", "it is a directory"),
        (f"ln -s /nowhere {LOG}", "leads to nothing"),
        (f"ln -s x.log {LOG}", "circle"),
        (f"mknod {LOG} c 1 5", "it is a device"),
        (f"mknod {LOG} c 1 7", "it is a device"),
        (f"mknod {LOG} c 5 0", "it is a device"),
        (f"mknod {LOG} c 10 130", "it is a device"),
        (f"mknod {LOG} b 7 0", "it is a device"),
        (f"ln -s /dev/zero {LOG}", "it is a device"),
        (f"ln -s /sys/kernel/notes {LOG}", "procfs|sysfs|leads"),
    ],
)
def test_what_is_no_regular_file_is_named_and_refused(box: Attacked, script: str, words: str) -> None:
    plant(box, script)
    result = read(box)
    refused(result)
    assert any(word in result.stderr for word in words.split("|")), result.stderr


# B02b
def test_a_fifos_writer_is_not_let_go_on(box: Attacked) -> None:
    plant(box, f"mkfifo {LOG}; rm -f /tmp/released")
    box.docker.exec_run(["sh", "-c", f"echo x > {LOG}; echo > /tmp/released"], detach=True)
    refused(read(box), "it is a fifo")
    assert "released" not in box.sh("ls /tmp")
    box.sh(f"cat {LOG}")


# B07: the container may make a node of the host's disk; opening it is what the device cgroup forbids it.
def test_a_node_of_a_host_disk_is_refused_unopened(box: Attacked) -> None:
    device = Path("/").stat().st_dev or 0xFE00
    plant(box, f"mknod {LOG} b {os.major(device)} {os.minor(device)}")
    refused(read(box), "it is a device")


# B10, B11: nginx's links to its own output.
@pytest.mark.parametrize("target", ["/dev/stdout", "/dev/stderr", "/proc/self/fd/1", "/proc/1/fd/2"])
def test_a_link_to_the_programs_output_is_answered_by_the_engine(target: str) -> None:
    script = f"sh -c 'ln -s {target} {LOG}; echo from the program; sleep 1000'"
    with attacked("regops-test-output", script) as container:
        wait_until(lambda: "x.log" in container.sh("ls /var/log/nginx") and b"from" in container.docker.logs())
        result = read(container)
        assert (result.exit_code, plain(result.stdout)) == (0, "docker | from the program\n")
        assert f"nginx/x.log is a link to {target}" in result.stderr


def test_a_link_to_stdout_does_not_hang_on_a_terminal_or_a_pipe(box: Attacked) -> None:
    plant(box, f"ln -s /dev/stdout {LOG}")
    ours, theirs = pty.openpty()
    with regops_process("logs", box.name, "-s", "x.log", stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        assert process.wait(120) == 0
    os.close(ours)
    with regops_process("logs", box.name, "-s", "x.log") as process:
        out, _ = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, b"")


# B12, B13
@pytest.mark.parametrize(("size", "end"), [("100G", "\\nlast\\n"), ("1000G", ""), ("1000G", "no newline")])
def test_sparse_files_of_any_size_are_read_at_their_end(box: Attacked, size: str, end: str) -> None:
    plant(box, f"truncate -s {size} {LOG}; printf '{end}' >> {LOG}")
    result = read(box)
    assert result.exit_code == 0
    assert result.stdout.endswith("| last\n") or " cut]" in result.stdout
    assert len(result.stdout) < 100_000
    plant(box, "true")


# B14, B15, B19, B20
@pytest.mark.parametrize(
    ("script", "shown"),
    [
        (f"echo text > {LOG}; chmod 000 {LOG}", "nginx/x | text\n"),
        (f"touch {LOG}", ""),
        (f"printf 'a\\nb' > {LOG}", "nginx/x | a\nnginx/x | b\n"),
        (f"printf '\\n\\n' > {LOG}", "nginx/x | \n| \n"),
    ],
)
def test_odd_files_are_read(box: Attacked, script: str, shown: str) -> None:
    plant(box, script)
    result = read(box)
    assert (result.exit_code, plain(result.stdout)) == (0, shown)
    assert bool(shown) != ("there are no lines in nginx/x.log" in result.stderr)


# B15, B17
@pytest.mark.parametrize("loop", [f"yes line >> {LOG}", f"while true; do echo line > {LOG}; done"])
def test_a_file_that_grows_or_shrinks_all_the_time_is_read_once(box: Attacked, loop: str) -> None:
    plant(box, f"touch {LOG}")
    with attacked("regops-test-busy", f"sh -c '{loop} & sleep 1000'") as busy:
        wait_until(lambda: "x.log" in busy.sh("ls /var/log/nginx"))
        result = read(busy)
    assert result.exit_code == 0
    # What is being written or cut at this moment may end in the middle of a line.
    assert set(plain(result.stdout).splitlines()) <= {f"nginx/x | {'line'[:end]}".rstrip() for end in range(5)}


# B16: a process that holds a lease would block whoever opens the file for 45 s.
def test_a_lease_is_said_in_seconds(box: Attacked) -> None:
    plant(box, f"echo text > {LOG}")
    held = os.open(f"/proc/{box.pid}/root{LOG}", os.O_RDWR)
    # The kernel breaks a lease by SIGIO, which a hostile holder ignores.
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        started = time.monotonic()
        refused(read(box), "holds a lease")
        assert time.monotonic() - started < 40
    finally:
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        os.close(held)
        signal.signal(signal.SIGIO, before)


# C00-C08: nothing that the container brings along is run or loaded.
def test_planted_programs_and_modules_are_not_run(box: Attacked) -> None:
    planted = "#!/bin/busybox sh\necho planted > /planted-$$\n"
    programs = ("tail", "cat", "sh", "ls", "python3", "nsenter", "env")
    with attacked("regops-test-planted") as container:
        script = f"printf '{planted}' > /planted-program; chmod 755 /planted-program; mkdir -p /usr/bin /usr/local/bin;"
        script += "".join(f"ln -sf /planted-program /usr/bin/{name}; ln -sf /planted-program /usr/local/bin/{name};"
                          for name in programs)  # fmt: skip
        for module in ("json", "encodings", "socket", "regops"):
            script += f'mkdir -p /{sys.prefix}/{module}; echo \'open("/planted-py", "w")\' > /{module}.py;'
        container.sh(f"echo text > {LOG}; {script} rm -f /bin/tail /bin/cat; echo done")
        assert plain(read(container).stdout) == "nginx/x | text\n"
        assert "planted-" not in container.sh("ls /").replace("planted-program", "")


# B30: a file system whose server does not answer holds whoever looks at it, beyond SIGKILL.
def test_a_dead_file_system_is_said_and_holds_nobody_up(box: Attacked) -> None:
    plant(box, "true")
    with dead_file_system(box.pid, "/var/log/supervisor"):
        with regops_process("logs", box.name) as process:
            # The pipe ends although the helper cannot: it holds nothing of ours.
            out, err = process.communicate(timeout=120)
        assert (process.returncode, plain(out.decode())) == (0, "nginx/error ? honest\n")
        assert b"/var/log/supervisor does not answer within 5 s" in err
        assert stuck_helpers() == 1
    wait_until(lambda: stuck_helpers() == 0)
