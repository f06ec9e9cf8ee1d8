"""A FUSE mount in a container whose server takes every request and answers none but the first."""

import os
import select
import struct
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

_INIT_OUT = struct.Struct("=IiQ IIII HH I I HH I 28x")
_IN_HEADER = struct.Struct("=IIQ")
_FUSE_INIT = 26


@contextmanager
def dead_file_system(pid: int, path: str) -> Generator[None]:
    """Mount it over a directory of the container of a process, as long as the context lasts.

    Who looks at it waits in a state that no signal ends, since its request is with the server.
    """
    try:
        device = os.open("/dev/fuse", os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        pytest.skip(f"needs /dev/fuse: {error}")
    done = threading.Event()
    server = threading.Thread(target=_serve, args=(device, done), daemon=True)
    try:
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
        _inside(pid, "mount", "-i", "-t", "fuse", "-o", options, "dead", path, pass_fds=(device,))
        server.start()
        yield
    finally:
        done.set()
        server.join()
        os.close(device)
        _inside(pid, "umount", "-l", path)


def stuck_helpers() -> int:
    """Return how many helper processes are in a state that no signal ends."""
    return sum(_is_stuck(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _is_stuck(entry: Path) -> bool:
    try:
        state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        return state == "D" and b"file_helper" in (entry / "cmdline").read_bytes()
    except OSError:
        return False


def _inside(pid: int, *command: str, pass_fds: tuple[int, ...] = ()) -> None:
    subprocess.run(
        ["/usr/bin/nsenter", "-t", str(pid), "-m", "/bin/busybox", *command], check=True, pass_fds=pass_fds, timeout=20
    )


def _serve(device: int, done: threading.Event) -> None:
    while not done.is_set():
        if not select.select([device], [], [], 0.05)[0]:
            continue
        try:
            request = os.read(device, 1 << 20)
        except BlockingIOError:
            continue
        _, operation, unique = _IN_HEADER.unpack_from(request)
        if operation == _FUSE_INIT:
            answer = (7, 31, 65536, 0, 16, 12, 65536, 1, 16, 0, 0)
            os.write(device, _INIT_OUT.pack(_INIT_OUT.size, 0, unique, *answer))
