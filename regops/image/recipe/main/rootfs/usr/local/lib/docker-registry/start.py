"""Sees that this container can work, writes the configuration its environment asks for, and becomes supervisord.

It ends with status 78 and one line on stderr, for `docker logs`, when the settings cannot work.
"""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import MutableMapping
from dataclasses import asdict
from pathlib import Path

import paths
from certificate import alternative_names, is_good, make_certificate, read_certificate
from http_request import RequestFailed
from instances import find_unfit
from neighbours import instances_of
from nginx_settings import nginx_files, search_file, users_file
from private_files import folder_for, must_be_writable, write_for, write_public
from registry_config import registry_config, status_config
from registry_settings import SECRETS, Settings, read_settings
from settings_error import SettingsError, printable
from swift_client import NoEndpoint
from users import read_users

EX_CONFIG = 78
REGISTRY, STATUS, NGINX, INDEX = "docker-registry", "registry-status", "www-data", "registry-index"
# Their bits: capabilities(7). To signal programs of other users, and to start them.
CAPABILITIES = {"KILL": 5, "SETGID": 6, "SETUID": 7}
# For each question to Swift: one that is away must not keep the rest from starting.
SWIFT_SECONDS = 5.0
_REFUSED = (401, 403)
# A proxy that an engine's configuration puts into every container is not on the way to Swift.
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def main() -> None:
    """Do all of it; this process goes on as the command it was given."""
    try:
        prepare(os.environ)
    except SettingsError as error:
        say(str(error))
        sys.exit(EX_CONFIG)
    # What needs the secrets reads them from files of its own: no program started from here has to carry them.
    for name in list(os.environ):
        if name in SECRETS or name.startswith("REGISTRY_") or name.lower() in _PROXIES:
            del os.environ[name]
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  the command is the image's own


def prepare(environ: MutableMapping[str, str]) -> None:
    """Write everything that the programs need. Raises SettingsError."""
    must_be_able()
    read_secret_files(environ)
    has_redis = shutil.which("redis-server") is not None
    settings = read_settings(environ, version=_registry_version(), has_redis=has_redis)
    if ca_file := environ.get("OS_CACERT"):
        if not Path(ca_file).is_file():
            raise SettingsError(f"OS_CACERT: there is no file {ca_file!r}")
        environ["SSL_CERT_FILE"] = ca_file  # known to the engine and to Python alike
    make_folders(has_redis=has_redis)
    write_mounted(make=True, environ=environ)
    for name, text in nginx_files(environ, gateway=_gateway()).items():
        write_public(paths.NGINX / name, text)
    write_index(settings)
    document = status_config(settings, instance=_instance())
    write_for(REGISTRY, paths.STATUS_CONFIG, document)
    write_for(REGISTRY, paths.REGISTRY_CONFIG, registry_config(settings))
    if settings.swift:
        check_swift(settings, document)
    else:
        folder_for(REGISTRY, paths.FILES)
        must_be_writable(paths.FILES, REGISTRY)


def must_be_able() -> None:
    """See that programs can be started as their users, and ended again. Raises SettingsError."""
    if os.geteuid() != 0:
        raise SettingsError(
            f"it was started as uid {os.geteuid()}; it starts as root, to run each program as another user"
        )
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    allowed = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))
    missing = [name for name, bit in CAPABILITIES.items() if not allowed & 1 << bit]
    if missing:
        added = " ".join(f"--cap-add {name}" for name in missing)
        raise SettingsError(f"it cannot run each program as its own user without {added}")


def read_secret_files(environ: MutableMapping[str, str]) -> None:
    """Put the secrets where they are looked for that came as files, as orchestrators hand them out."""
    for name in SECRETS:
        if not (file := environ.get(f"{name}_FILE")):
            continue
        if environ.get(name):
            raise SettingsError(f"{name} and {name}_FILE are both set")
        try:
            environ[name] = printable(name, Path(file).read_text(encoding="utf-8").removesuffix("\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}_FILE: {file!r} cannot be read: {error}") from error


def make_folders(*, has_redis: bool) -> None:
    """Make what may lie in memory, and be empty at every start."""
    for path in (Path("/run"), Path("/var/log")):
        if path.stat().st_mode & 0o022:
            path.chmod(0o755)  # an engine's --tmpfs is everybody's
    for path in (paths.RUN, paths.NGINX, paths.PROGRAMS, paths.CERTIFICATE.parent, Path("/var/log/supervisor")):
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
    for path in (Path("/run/nginx"), Path("/run/logrotate"), Path("/var/log/nginx")):
        folder_for(NGINX, path)
        must_be_writable(path, NGINX)
    if has_redis:
        folder_for("redis", Path("/run/redis"))


def write_mounted(*, make: bool, environ: MutableMapping[str, str]) -> None:
    """Put certificate, key and users where nginx, which is not root, may read them.

    With make, a certificate is made where none is mounted, and none is there of an earlier start. Raises SettingsError.
    """
    found = read_certificate(paths.GIVEN_CERTIFICATE, paths.GIVEN_KEY)
    if found is None and make and not (paths.KEY.exists() and is_good(paths.CERTIFICATE)):
        hostname = socket.gethostname()
        found = make_certificate(alternative_names(environ, hostname=hostname, address=_address(hostname)), hostname)
    if found:
        write_public(paths.CERTIFICATE, found[0])
        write_for(NGINX, paths.KEY, found[1])
    users = read_users(paths.GIVEN_HTPASSWD)
    if users is not None:
        write_for(NGINX, paths.HTPASSWD, users)
    write_public(paths.NGINX / "users.conf", users_file(None if users is None else str(paths.HTPASSWD)))


def write_index(settings: Settings) -> None:
    """Have the indexer started, and the search answered, where there is an index."""
    write_public(paths.NGINX / "search.conf", search_file(has_index=settings.index is not None))
    # An empty file: supervisord warns of a folder with none.
    program = paths.INDEX_PROGRAM.read_text(encoding="ascii") if settings.index else ""
    write_public(paths.PROGRAMS / "index.conf", program)
    if settings.index:
        write_for(INDEX, paths.INDEX_CONFIG, asdict(settings.index))


def check_swift(settings: Settings, document: dict[str, object]) -> None:
    """See that Swift knows us, and that nobody is there whom this instance must not run beside.

    Raises SettingsError. A Swift that does not answer is none: those who need it wait for it.
    """
    instances = instances_of(document)
    if instances is None or settings.swift is None:
        return
    try:
        unfit = find_unfit(instances, seconds=SWIFT_SECONDS)
    except NoEndpoint as error:
        raise SettingsError(str(error)) from error
    except RequestFailed as error:
        if error.status in _REFUSED:
            raise SettingsError(f"Swift refuses OS_USERNAME and OS_PASSWORD: {error}") from error
        say(f"Swift does not answer as it should, the registry will wait for it: {error}")
    except TimeoutError:
        say(f"Swift does not answer within {SWIFT_SECONDS:g} s, the registry will wait for it")
    else:
        if unfit:
            one = "this one" if settings.redis else "that one"
            raise SettingsError(
                f"{unfit} keeps its images in the Swift container {settings.swift.container}, too; {one} has a cache of"
                " its own that would hide what the other stores and deletes"
            )


def say(text: str) -> None:
    """Write one line for `docker logs`."""
    print(f"docker-registry: {' '.join(text.split())}", file=sys.stderr, flush=True)


def _instance() -> str:
    """Return this container's name among the instances, the same whenever it is started again."""
    if paths.INSTANCE.exists():
        return paths.INSTANCE.read_text(encoding="ascii")
    name = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:80] + f"-{secrets.token_hex(4)}"
    write_public(paths.INSTANCE, name)
    return name


def _registry_version() -> str:
    told = subprocess.run(["/usr/bin/docker-registry", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+\.\d+", told.stdout)
    return found.group() if found else "unknown"


def _address(hostname: str) -> str | None:
    try:
        return socket.gethostbyname(hostname)
    except OSError:
        return None


def _gateway() -> str | None:
    """Return the address of the default route: in a container's own network, the engine's machine."""
    for line in Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        if words[1] == "00000000" and words[2] != "00000000":
            return socket.inet_ntoa(int(words[2], 16).to_bytes(4, sys.byteorder))
    return None


if __name__ == "__main__":
    main()
