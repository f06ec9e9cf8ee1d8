"""A real nginx on loopback, for as long as a context lasts."""

import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fault_server import refused_port

_CONFIGURATION = """
daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location = /nginx_status {{ stub_status; }}
    location = /denied {{ stub_status; deny all; }}
    location = /slow {{ limit_rate 1; return 200 "slowly, slowly, slowly, slowly, slowly"; }}
    {more}
  }}
}}
"""
_PASS_ON = """
    location / {{
      proxy_pass http://{to}; proxy_http_version 1.1; proxy_set_header Host $http_host;
      proxy_request_buffering off; client_max_body_size 0; proxy_max_temp_file_size 0;
      proxy_buffers 16 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 512k; limit_rate {rate};
    }}
"""


@contextmanager
def running_nginx(directory: Path, *, port: int, connections: int = 64, more: str = "") -> Generator[None]:
    """Run nginx until the context ends: /nginx_status, /denied (403) and /slow (one byte a second), and more."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("needs nginx: apt-get install nginx-light")
    configuration = directory / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(directory=directory, port=port, connections=connections, more=more))
    with subprocess.Popen(
        [program, "-p", str(directory), "-c", str(configuration)], stderr=subprocess.DEVNULL
    ) as nginx:
        try:
            wait_for_port(port)
            yield
        finally:
            nginx.terminate()


@contextmanager
def narrow_way(directory: Path, to: str, *, bytes_per_second: int) -> Generator[str]:
    """Give the host and port of an nginx that passes requests on, each answer at a rate."""
    with (
        refused_port() as port,
        running_nginx(directory, port=port, more=_PASS_ON.format(to=to, rate=bytes_per_second)),
    ):
        yield f"127.0.0.1:{port}"


def wait_for_port(port: int, *, within_seconds: float = 60) -> None:
    """Return once something listens on a port of the loopback."""
    ends = time.monotonic() + within_seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < ends, f"nothing listens on port {port}"
            time.sleep(0.05)
        else:
            return
