"""An interactive program inside a container, run by the engine: the stream of its exec API on the operator's terminal.

The engine gives the program what every program of the container has: its capabilities, seccomp filter, cgroups, user.
Source: the engine's API reference, ContainerAttach (the stream format) and ExecStart.
"""

import io
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Any, BinaryIO

from regops.adapters.container.terminal import Channel, relay

_FRAME = struct.Struct(">BxxxL")
_CHUNK = 64 * 1024
_STDERR = 2


def relay_exec(connection: Any, *, terminal: bool, resize: Callable[[int, int], None]) -> None:
    """Carry bytes between the operator and a program at the other end of a connection, until it ends.

    connection is what the SDK returns for `exec_start(socket=True)`. Raises as relay does.
    """
    wire: socket.socket = getattr(connection, "_sock", connection)
    wire.settimeout(None)
    # The reader that took the HTTP headers may have taken the first output with them: go on with that one.
    response = getattr(connection, "_response", None)
    reader: Any = response.raw._fp.fp if response is not None else wire.makefile("rb")
    with ExitStack() as stack:
        (typed, keys), (output, stdout), (errors, stderr) = os.pipe(), os.pipe(), os.pipe()
        stack.callback(os.close, output)
        stack.callback(os.close, errors)
        channel = Channel(stack.enter_context(io.FileIO(keys, "w")), {output: 1, errors: 2}, resize=resize)
        # Threads, because the wire may be TLS or ssh, which poll(2) cannot watch. They end with it, or with regops.
        receive = (reader, {1: io.FileIO(stdout, "w"), _STDERR: io.FileIO(stderr, "w")}, terminal)
        threading.Thread(target=_receive, args=receive, daemon=True).start()
        threading.Thread(target=_send, args=(wire, io.FileIO(typed)), daemon=True).start()
        relay(channel, raw=terminal)


def _send(wire: socket.socket, typed: BinaryIO) -> None:
    with typed, suppress(OSError):
        while chunk := typed.read(_CHUNK):
            wire.sendall(chunk)
        # Through the base class: TLS's own shutdown would end the other direction as well.
        socket.socket.shutdown(wire, socket.SHUT_WR)


def _receive(reader: Any, sinks: Mapping[int, BinaryIO], terminal: bool) -> None:
    with ExitStack() as stack, suppress(OSError, ValueError):
        for sink in sinks.values():
            stack.enter_context(sink)
        if terminal:
            while chunk := reader.read1(_CHUNK):
                sinks[1].write(chunk)
            return
        while len(header := reader.read(_FRAME.size)) == _FRAME.size:
            stream, size = _FRAME.unpack(header)
            while size and (chunk := reader.read1(min(size, _CHUNK))):
                size -= len(chunk)
                sinks[_STDERR if stream == _STDERR else 1].write(chunk)
