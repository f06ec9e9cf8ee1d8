"""An interactive program inside a container, run by the engine: the stream of its exec API on the operator's terminal.

The engine gives the program what every program of the container has: its capabilities, seccomp filter, cgroups, user.
Source: the engine's API reference, ContainerAttach (the stream format) and ExecStart.
"""

import io
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import Any, BinaryIO

from regops.adapters.container.terminal import Channel, relay

_FRAME = struct.Struct(">BxxxL")
_CHUNK = 64 * 1024
_STDERR = 2
# What the engine writes in a program's place when it cannot start it.
_REFUSALS = (b"OCI runtime exec failed", b"unable to find user")
_REFUSAL_BYTES = 4096


def relay_exec(
    connection: Any, *, terminal: bool, resize: Callable[[int, int], None], began: Callable[[], bool]
) -> str:
    """Carry bytes between the operator and a program at the other end of a connection, until it ends.

    connection is what the SDK returns for `exec_start(socket=True)`; began tells whether the program was started at
    all. Returns what the engine says instead when it was not, else "". Raises as relay does.
    """
    refusal = bytearray()
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
        sinks = {1: io.FileIO(stdout, "w"), _STDERR: io.FileIO(stderr, "w")}
        receive = (_chunks(reader, terminal=terminal), sinks, began, refusal)
        threading.Thread(target=_receive, args=receive, daemon=True).start()
        threading.Thread(target=_send, args=(wire, io.FileIO(typed)), daemon=True).start()
        relay(channel, raw=terminal)
    return refusal[:_REFUSAL_BYTES].decode("utf-8", "backslashreplace").strip()


def _send(wire: socket.socket, typed: BinaryIO) -> None:
    with typed, suppress(OSError):
        while chunk := typed.read(_CHUNK):
            wire.sendall(chunk)
        # Through the base class: TLS's own shutdown would end the other direction as well.
        socket.socket.shutdown(wire, socket.SHUT_WR)


def _receive(
    chunks: Iterator[tuple[int, bytes]], sinks: Mapping[int, BinaryIO], began: Callable[[], bool], refusal: bytearray
) -> None:
    """Write what comes to where it belongs; what the engine says in place of a program goes to refusal."""
    with ExitStack() as stack, suppress(OSError, ValueError):
        for sink in sinks.values():
            stack.enter_context(sink)
        for number, (stream, chunk) in enumerate(chunks):
            if refusal or (not number and chunk.startswith(_REFUSALS) and not began()):
                refusal += chunk
            else:
                sinks[stream].write(chunk)


def _chunks(reader: Any, *, terminal: bool) -> Iterator[tuple[int, bytes]]:
    """Yield what the program writes, and on which stream; a terminal has but one."""
    if terminal:
        while chunk := reader.read1(_CHUNK):
            yield 1, chunk
        return
    while len(header := reader.read(_FRAME.size)) == _FRAME.size:
        stream, size = _FRAME.unpack(header)
        while size and (chunk := reader.read1(min(size, _CHUNK))):
            size -= len(chunk)
            yield _STDERR if stream == _STDERR else 1, chunk
