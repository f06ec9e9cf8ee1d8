"""An interactive program inside a container, entered through its namespaces with a terminal of its own."""

import io
import os
import pty
from contextlib import ExitStack
from functools import partial

from regops.adapters.container.inside import end, start_inside
from regops.adapters.container.namespaces import hold_process
from regops.adapters.container.terminal import Channel, has_terminal, relay, set_size, terminal_name
from regops.ports import Engine


def enter_namespaces(engine: Engine, name: str, commands: tuple[tuple[str, ...], ...]) -> int:
    """Run the first of some commands that the container has, on this terminal or pipe, and return its exit status.

    Raises Refused for a closed standard descriptor, and what starting it raises.
    """
    interactive = has_terminal()
    with ExitStack() as ours:
        with hold_process(engine, name) as process, ExitStack() as theirs:
            channel, stdio = (_terminal if interactive else _pipes)(ours, theirs)
            helper = start_inside(process, commands, stdio, terminal=terminal_name() if interactive else "")
        ours.callback(end, helper)
        ended = os.pidfd_open(helper.pid)
        ours.callback(os.close, ended)
        relay(channel(ended=ended), raw=interactive)
        return helper.wait()


def _terminal(ours: ExitStack, theirs: ExitStack) -> tuple[partial[Channel], tuple[int, int, int]]:
    master, slave = pty.openpty()
    ours.callback(os.close, master)
    theirs.callback(os.close, slave)
    keys = ours.enter_context(_writer(os.dup(master)))
    return partial(Channel, keys, {master: 1}, resize=partial(set_size, master)), (slave, slave, slave)


def _pipes(ours: ExitStack, theirs: ExitStack) -> tuple[partial[Channel], tuple[int, int, int]]:
    (stdin, keys), (output, stdout), (errors, stderr) = os.pipe(), os.pipe(), os.pipe()
    for fd in (output, errors):
        ours.callback(os.close, fd)
    for fd in (stdin, stdout, stderr):
        theirs.callback(os.close, fd)
    channel = partial(Channel, ours.enter_context(_writer(keys)), {output: 1, errors: 2}, resize=_has_no_size)
    return channel, (stdin, stdout, stderr)


def _has_no_size(_rows: int, _columns: int) -> None:
    """Do nothing: only terminals have a size."""


def _writer(fd: int) -> io.FileIO:
    return io.FileIO(fd, "w")
