"""Writes the configuration that the environment asks for, makes a certificate, and becomes supervisord.

It ends with status 78 and one line on stderr, for `docker logs`, when the settings cannot work.
"""

import grp
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from registry_settings import SettingsError, alternative_names, read_settings, registry_config, status_config

GROUP = "docker-registry"
REGISTRY_CONFIG = Path("/etc/docker/registry/config.yml")
STATUS_CONFIG = Path("/etc/docker/registry/status.json")
CERTIFICATE, KEY = Path("/etc/nginx/tls/cert.pem"), Path("/etc/nginx/tls/key.pem")
CERTIFICATE_DAYS = 397
EX_CONFIG = 78


def main() -> None:
    """Do all of it; this process goes on as the command it was given."""
    try:
        settings = read_settings(
            os.environ,
            version=_registry_version(),
            has_redis=shutil.which("redis-server") is not None,
            http_secret=secrets.token_hex(32),
        )
        write_for_registry(REGISTRY_CONFIG, registry_config(settings))
        write_for_registry(STATUS_CONFIG, status_config(settings))
        if not (CERTIFICATE.exists() and KEY.exists()):
            hostname = socket.gethostname()
            make_certificate(alternative_names(os.environ, hostname=hostname, address=_address(hostname)), hostname)
    except SettingsError as error:
        print(f"docker-registry: {error}", file=sys.stderr)
        sys.exit(EX_CONFIG)
    # What needs the secrets reads them from files of its own: no program started from here has to carry them.
    for name in ("OS_PASSWORD", "HTTP_SECRET"):
        os.environ.pop(name, None)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  the command is the image's own


def write_for_registry(path: Path, document: dict[str, Any]) -> None:
    """Write a file that holds secrets: only root and the registry's own group may read it."""
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchown(descriptor, 0, grp.getgrnam(GROUP).gr_gid)
        json.dump(document, file, indent=2)
        file.write("\n")
    partial.replace(path)


def make_certificate(names: str, common_name: str) -> None:
    """Make a self-signed certificate with an elliptic-curve key; modern clients want every name in names."""
    CERTIFICATE.parent.mkdir(mode=0o755, exist_ok=True)
    os.umask(0o077)
    extensions = (
        f"subjectAltName={names}",
        "basicConstraints=critical,CA:TRUE",
        "keyUsage=critical,digitalSignature,keyCertSign",
        "extendedKeyUsage=serverAuth",
    )
    command = [
        "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-sha256", "-days", str(CERTIFICATE_DAYS), "-subj", f"/CN={common_name[:64]}",
        "-keyout", str(KEY), "-out", str(CERTIFICATE),
    ]  # fmt: skip
    for extension in extensions:
        command += ["-addext", extension]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SettingsError(f"openssl made no certificate: {last}")
    os.umask(0o022)
    CERTIFICATE.chmod(0o644)


def _registry_version() -> str:
    told = subprocess.run(["/usr/bin/docker-registry", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+\.\d+", told.stdout)
    return found.group() if found else "unknown"


def _address(hostname: str) -> str | None:
    try:
        return socket.gethostbyname(hostname)
    except OSError:
        return None


if __name__ == "__main__":
    main()
