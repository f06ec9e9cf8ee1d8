"""The operator's terminal, lent to a program elsewhere: bytes are carried to and fro, the terminal itself never is.

The program gets a terminal of its own (here, or at the engine), so it cannot type into the operator's, read it after
its end, or leave it in a strange state.
"""

import errno
import fcntl
import io
import os
import select
import signal
import struct
import sys
import termios
import tty
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from regops.errors import Refused

_CHUNK = 64 * 1024
_LAST_TURNS = 64


@dataclass(frozen=True, slots=True)
class Channel:
    """Where the bytes go, as descriptors that are ours alone.

    keys takes what the operator types and is closed at the end of that. outputs are read and shown on the operator's
    descriptor (1 or 2) beside them. resize is told the rows and columns. The channel has ended when all outputs have,
    or when the descriptor ended becomes readable.
    """

    keys: io.FileIO
    outputs: dict[int, int]
    resize: Callable[[int, int], None]
    ended: int | None = None


def has_terminal() -> bool:
    """Return whether the operator sits at a terminal. Raises Refused when a standard descriptor is closed."""
    for fd, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is None:  # pyright: ignore[reportUnnecessaryComparison]  it is when the descriptor was closed
            raise Refused(
                f"standard descriptor {fd} is closed, and a shell needs all three",
                hint="give it `</dev/null` or a pipe",
            )
    return os.isatty(0) and os.isatty(1)


def terminal_name() -> str:
    """Return TERM, if it is a name that can be handed on."""
    name = os.environ.get("TERM", "")
    return name if name and len(name) < 64 and all(letter.isalnum() or letter in "-+._" for letter in name) else "xterm"


def set_size(fd: int, rows: int, columns: int) -> None:
    """Tell a terminal its size."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def relay(channel: Channel, *, raw: bool) -> None:
    """Carry bytes until the channel has ended; raw is for a channel that has a terminal of its own.

    The operator's terminal is put right again, whatever happens. Raises BrokenPipeError when nobody reads our output.
    """
    sys.stdout.flush()
    for fd in (channel.keys.fileno(), *channel.outputs):
        os.set_blocking(fd, False)
    with ExitStack() as stack:
        resized = None
        if raw:
            stack.enter_context(_raw_terminal())
            resized = stack.enter_context(_resizes())
            channel.resize(*_size())
        _carry(channel, resized)


def _carry(channel: Channel, resized: int | None) -> None:
    keys, outputs, waiting = channel.keys, dict(channel.outputs), b""
    while outputs:
        watched = {fd: select.POLLIN for fd in (*outputs, channel.ended, resized) if fd is not None}
        if not keys.closed:
            # Nothing more is read before what was typed is taken: the program may be slow, or read nothing at all.
            watched[keys.fileno() if waiting else 0] = select.POLLOUT if waiting else select.POLLIN
        for fd in _ready(watched):
            if fd == resized:
                os.read(fd, _CHUNK)
                channel.resize(*_size())
            elif fd == channel.ended:
                # What it wrote before its end is still to be shown; others that hold the output may write on.
                for output, shown_on in outputs.items():
                    _show(output, shown_on, turns=_LAST_TURNS)
                return
            elif fd in outputs:
                if not _show(fd, outputs[fd], turns=1):
                    del outputs[fd]
            elif fd == 0:
                waiting = _read(0)
                if not waiting:
                    keys.close()
            else:
                waiting = _type(keys, waiting)


def _ready(watched: dict[int, int]) -> list[int]:
    # poll(2), since epoll refuses a standard input that is a file.
    poll = select.poll()
    for fd, events in watched.items():
        poll.register(fd, events)
    return [fd for fd, _ in poll.poll()]


def _type(keys: io.FileIO, waiting: bytes) -> bytes:
    """Hand on what was typed, and return what was not taken; close keys when the program reads no more."""
    try:
        return waiting[keys.write(waiting) or 0 :]
    except OSError:
        keys.close()
        return b""


def _show(fd: int, shown_on: int, *, turns: int) -> bool:
    """Show what a descriptor has, a chunk a turn; return whether more may come."""
    for _ in range(turns):
        try:
            data = _read(fd)
        except BlockingIOError:
            return True
        if not data:
            return False
        while data:
            try:
                data = data[os.write(shown_on, data) :]
            except BlockingIOError:
                select.select([], [shown_on], [])
    return True


def _read(fd: int) -> bytes:
    """Return what there is, b"" at the end."""
    try:
        return os.read(fd, _CHUNK)
    except OSError as error:
        if error.errno == errno.EIO:
            return b""  # how a terminal says that its other side is gone
        raise


@contextmanager
def _raw_terminal() -> Generator[None]:
    saved = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        with suppress(termios.error):
            # Flush: answers to questions that the program asked the terminal are not for the operator's shell.
            termios.tcsetattr(0, termios.TCSAFLUSH, saved)


@contextmanager
def _resizes() -> Generator[int]:
    """Yield a descriptor that becomes readable when the terminal changes its size."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.signal(signal.SIGWINCH, _only_wake)
    woken = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(woken)
        signal.signal(signal.SIGWINCH, before)
        os.close(reader)
        os.close(writer)


def _only_wake(_number: int, _frame: object) -> None:
    """Do nothing: a signal that is handled at all is written to the wake-up descriptor."""


def _size() -> tuple[int, int]:
    size = os.get_terminal_size(0)
    return size.lines, size.columns
