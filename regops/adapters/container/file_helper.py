"""The helper process that touches a container's files, so that regops never blocks on one.

A dead FUSE or NFS mount blocks whoever looks at it, beyond the reach of any signal. So the looking is done by a
process of its own that holds nothing of the operator's: no terminal, no pipe, no environment. It answers requests on
one socket and ends when that is closed. `container_files` starts it and speaks with it.
"""

import dataclasses
import os
import socket
from typing import Any

from regops.adapters.container import plain_files
from regops.adapters.container.frames import receive_frame, send_frame
from regops.adapters.container.watches import DIRECTORY_EVENTS, FILE_EVENTS, add_watch


def serve(connection_fd: int, root: int, inotify: int) -> None:
    """Answer requests until the other side closes; never return. inotify is -1 where there is none."""
    try:
        with socket.socket(fileno=connection_fd) as connection:
            while True:
                request, _ = receive_frame(connection)
                send_frame(connection, *_answer(root, inotify, request))
    finally:
        # Whatever happened, there is nobody to tell and nothing to clean up.
        os._exit(0)


def _answer(root: int, inotify: int, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        match request:
            case {"names": str(path), "limit": int(limit)}:
                return dataclasses.asdict(plain_files.names(root, path, limit)), b""
            case {"look": str(path)}:
                return dataclasses.asdict(plain_files.look(root, path)), b""
            case {"open": str(path)}:
                handle, facts = plain_files.open_file(root, path)
                return {"handle": handle, "facts": dataclasses.asdict(facts)}, b""
            case {"read": int(handle), "offset": int(offset), "size": int(size)}:
                return {}, os.pread(handle, size, offset)
            case {"look_at": int(handle)}:
                return dataclasses.asdict(plain_files.facts_of(handle)), b""
            case {"watch": int(handle)}:
                return {"watch": add_watch(inotify, handle, FILE_EVENTS)}, b""
            case {"watch_directory": str(path)}:
                directory = plain_files.open_directory(root, path)
                try:
                    return {"watch": add_watch(inotify, directory, DIRECTORY_EVENTS)}, b""
                finally:
                    os.close(directory)
            case {"close": int(handle)}:
                os.close(handle)
                return {}, b""
            case _:
                return {"errno": 0, "reason": f"not a request: {request}"}, b""
    except OSError as error:
        return {"errno": error.errno or 0, "reason": error.strerror or str(error)}, b""
