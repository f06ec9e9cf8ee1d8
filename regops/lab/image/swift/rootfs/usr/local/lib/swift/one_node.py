"""A whole OpenStack Swift in one process: proxy, account, container and object servers, one copy of everything.

    SWIFT_KEY=testing python3 one_node.py --data /srv/swift --port 8081 --user test:tester

It needs the package `swift` (2.30 or newer, Debian's or from an index) and nothing else: no configuration file, no
ring file, no memcached, no root. Clients authenticate with v1 at /auth/v1.0 and are sent back to the address they
used; with --keystone (and the package `keystonemiddleware`) they bring Keystone's tokens instead, and the user and
password are the ones this Swift asks Keystone with. Objects survive a restart, tokens of v1 do not: they live in
memory. Only the proxy is meant to be reached; the three storage servers listen on free ports of 127.0.0.1, where they
ask nobody for a password, as Swift's do.

Prints one line, `swift ready: URL USER`, once it answers, and ends with status 0 on SIGTERM or SIGINT.
"""

import argparse
import importlib
import logging
import os
import signal
import sys
import time
import warnings
from array import array
from collections.abc import Callable
from pathlib import Path
from socket import socket
from typing import Any

warnings.simplefilter("ignore")  # eventlet and pkg_resources complain at import; nobody here can act on it

import eventlet.hubs  # noqa: E402
import eventlet.wsgi  # noqa: E402
from swift.common import utils  # noqa: E402

DEVICE = "disk"
PARTITION_POWER = 4
# A slow moment must not lose a listing row: no updater daemon runs here that would deliver it later.
PATIENCE_SECONDS = 60
# The order is Swift's own (etc/proxy-server.conf-sample); bulk and tempurl are what registries' storage drivers use.
FILTERS = (
    ("catch_errors", {}),
    ("gatekeeper", {}),
    ("healthcheck", {}),
    ("proxy_logging", {}),
    ("cache", {}),
    ("listing_formats", {}),
    ("bulk", {}),
    ("tempurl", {"log_level": "ERROR"}),  # or it warns of sha1 at every start: registries still sign with it
    ("authentication", {}),
    ("copy", {}),
    ("slo", {}),
    ("dlo", {}),
    ("versioned_writes", {"allow_versioned_writes": "true"}),
    ("proxy_logging", {}),
)


class MemoryCache:
    """What Swift asks of memcached, for one process: tokens and container facts, each with an end."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[Any, float]] = {}

    def get(self, key: str, *_args: Any, **_kwargs: Any) -> Any:
        """Return a value that has not ended, or None."""
        value, ends = self._values.get(key, (None, 0))
        if ends and ends < time.time():
            del self._values[key]
            return None
        return value

    def set(self, key: str, value: Any, *_args: Any, **kwargs: Any) -> None:
        """Keep a value for `time` seconds, for ever when that is 0."""
        lifetime = kwargs.get("time") or 0
        self._values[key] = (value, time.time() + lifetime if lifetime else 0)

    def delete(self, key: str, *_args: Any, **_kwargs: Any) -> None:
        """Forget a value."""
        self._values.pop(key, None)

    def incr(self, key: str, delta: int = 1, **kwargs: Any) -> int:
        """Count up, never below 0."""
        value = max(0, int(self.get(key) or 0) + int(delta))
        self.set(key, value, **kwargs)
        return value

    def decr(self, key: str, delta: int = 1, **kwargs: Any) -> int:
        """Count down, never below 0."""
        return self.incr(key, -int(delta), **kwargs)


def cache_filter(app: Callable[..., Any], cache: MemoryCache) -> Callable[..., Any]:
    """Return app with the cache where Swift's middleware looks for it."""

    def with_cache(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["swift.cache"] = cache
        return app(environ, start_response)

    return with_cache


def main() -> None:
    """Start the four servers and serve until a signal."""
    arguments = parse_arguments()
    data = Path(arguments.data).absolute()
    prepare_data(data)
    log_to_stderr()
    monkey_patch()
    utils.set_swift_dir(str(data))

    conf = {
        "swift_dir": str(data),
        "devices": str(data / "devices"),
        "mount_check": "false",
        "log_level": arguments.log_level,
        "fallocate_reserve": "0",
        "node_timeout": str(PATIENCE_SECONDS),
        "conn_timeout": str(PATIENCE_SECONDS),
        "container_update_timeout": str(PATIENCE_SECONDS),
        "error_suppression_limit": str(10**9),
        "account_autocreate": "true",
    }
    listeners = {}
    for kind in ("account", "container", "object"):
        listeners[kind] = eventlet.listen(("127.0.0.1", 0), reuse_port=False)
        save_ring(data / f"{kind}.ring.gz", listeners[kind].getsockname()[1])
    try:
        listeners["proxy"] = eventlet.listen((arguments.bind, arguments.port), reuse_port=False)
    except OSError as error:
        sys.exit(f"one_node.py: cannot listen on {arguments.bind}:{arguments.port}: {error.strerror}")

    for kind, package in (("account", "account"), ("container", "container"), ("object", "obj")):
        server = importlib.import_module(f"swift.{package}.server")
        eventlet.spawn_n(serve, listeners[kind], server.app_factory(conf))
    eventlet.spawn_n(serve, listeners["proxy"], proxy(conf, arguments))

    host, port = listeners["proxy"].getsockname()[:2]
    print(
        f"swift ready: http://{host}:{port}/{'v1' if arguments.keystone else 'auth/v1.0'} {arguments.user}", flush=True
    )
    wait_for_the_end()


def parse_arguments() -> argparse.Namespace:
    """Return the command line, complete; ends with status 2 when it is not."""
    parser = argparse.ArgumentParser(description="A whole OpenStack Swift in one process.")
    parser.add_argument("--bind", default="127.0.0.1", help="address of the proxy (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8081, help="its port, 0 for a free one (default: 8081)")
    parser.add_argument("--data", required=True, help="folder for everything that is kept; made if missing")
    parser.add_argument("--user", default="test:tester", help="account:user (default: test:tester)")
    parser.add_argument(
        "--key", default=os.environ.get("SWIFT_KEY"), help="the password; better in the environment, as SWIFT_KEY"
    )
    parser.add_argument("--log-level", default="WARNING", help="Swift's own: DEBUG, INFO, WARNING, ERROR")
    parser.add_argument("--keystone", metavar="URL", help="authenticate with this Keystone (v3) instead of v1")
    arguments = parser.parse_args()
    if not arguments.key:
        parser.error("no password: set SWIFT_KEY")
    if arguments.user.count(":") != 1 or "" in arguments.user.split(":"):
        parser.error("--user must be account:user")
    return arguments


def prepare_data(data: Path) -> None:
    """Make the folder, give this Swift its own hash suffix once, and see that extended attributes work there."""
    (data / "devices" / DEVICE).mkdir(parents=True, exist_ok=True)
    conf = data / "swift.conf"
    if not conf.exists():
        partial = data / "swift.conf.part"
        partial.write_text(f"[swift-hash]\nswift_hash_path_suffix = {os.urandom(16).hex()}\n", encoding="ascii")
        partial.replace(conf)
    try:
        os.setxattr(data / "devices", "user.swift.check", b"1")
    except OSError as error:
        sys.exit(f"one_node.py: {data}: no extended attributes there, and Swift keeps its metadata in them: {error}")


def log_to_stderr() -> None:
    """Make every logger of Swift write here instead of to the machine's syslog."""
    home = sys.modules.get("swift.common.utils.logs", utils)  # its place since 2.34
    home.ThreadSafeSysLogHandler = lambda *_args, **_kwargs: logging.StreamHandler(sys.stderr)


def monkey_patch() -> None:
    """Make sockets and threads green, as every Swift daemon does first."""
    getattr(utils, "monkey_patch", utils.eventlet_monkey_patch)()
    eventlet.hubs.use_hub(utils.get_hub())


def save_ring(path: Path, port: int) -> None:
    """Write a ring of one device: the ports are new at every start, the partitions always the same."""
    from swift.common.ring import RingData

    device = {
        "id": 0,
        "region": 1,
        "zone": 1,
        "weight": 1.0,
        "device": DEVICE,
        "ip": "127.0.0.1",
        "port": port,
        "replication_ip": "127.0.0.1",
        "replication_port": port,
        "meta": "",
    }
    path.unlink(missing_ok=True)
    RingData([array("H", [0] * 2**PARTITION_POWER)], [device], 32 - PARTITION_POWER).save(str(path))


def proxy(conf: dict[str, str], arguments: argparse.Namespace) -> Any:
    """Return the proxy's application behind its filters, wired to each other as Swift's own loader does it."""
    from swift.proxy.server import Application

    cache = MemoryCache()
    final = Application(conf)
    pipeline = [final]
    for name, options in reversed(FILTERS):
        if name == "cache":
            added = [cache_filter(pipeline[0], cache)]
        elif name == "authentication":
            known_by = keystone_filters if arguments.keystone else v1_filters
            added = known_by(pipeline[0], conf, arguments)
        else:
            package = importlib.import_module(f"swift.common.middleware.{name}")
            added = [package.filter_factory(conf, **options)(pipeline[0])]
        pipeline[:0] = added
    for app in pipeline:
        app._pipeline = pipeline
        app._pipeline_request_logging_app = final
        app._pipeline_final_app = final
    return pipeline[0]


def v1_filters(app: Any, conf: dict[str, str], arguments: argparse.Namespace) -> list[Any]:
    """Return the filter that knows one user; its key is set past the configuration, which would split it at blanks."""
    from swift.common.middleware import tempauth

    filtered = tempauth.TempAuth(app, conf)
    filtered.users[arguments.user] = {
        "key": arguments.key,
        "url": f"$HOST/v1/{filtered.reseller_prefix}{arguments.user.split(':')[0]}",
        "groups": [".admin"],
    }
    return [filtered]


def keystone_filters(app: Any, conf: dict[str, str], arguments: argparse.Namespace) -> list[Any]:
    """Return the filters that take Keystone's tokens; whoever is admin or member of a project may use its account."""
    from keystonemiddleware import auth_token
    from swift.common.middleware import keystoneauth

    project, user = arguments.user.split(":")
    filtered = keystoneauth.filter_factory(conf, operator_roles="admin, member")(app)
    asking = {
        "auth_type": "password",
        "auth_url": arguments.keystone,
        "www_authenticate_uri": arguments.keystone,
        "project_name": project,
        "username": user,
        "password": arguments.key,
        "user_domain_id": "default",
        "project_domain_id": "default",
        "interface": "public",
        "delay_auth_decision": "true",
        "cache": "swift.cache",
    }
    return [auth_token.filter_factory({}, **asking)(filtered), filtered]


def serve(listener: socket, app: Any) -> None:
    """Answer HTTP on a listener for ever."""
    from swift.common.wsgi import SwiftHttpProtocol

    eventlet.wsgi.server(
        listener,
        app,
        log=utils.NullLogger(),
        log_output=False,
        protocol=SwiftHttpProtocol,
        socket_timeout=PATIENCE_SECONDS,
        capitalize_response_headers=False,
    )


def wait_for_the_end() -> None:
    """Sleep until SIGTERM or SIGINT; every write that was answered is on disk by then."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(writer, b"."))
    eventlet.hubs.trampoline(reader, read=True)
    sys.stdout.flush()
    os._exit(0)  # greenthreads in the middle of a request are of no more use


if __name__ == "__main__":
    main()
