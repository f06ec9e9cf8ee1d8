"""The certificate nginx shows: the one that was mounted, or one that is made here.

TLS_NAMES  host names and addresses for the certificate made at start, separated by commas
"""

import ipaddress
import re
import ssl
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from settings_error import SettingsError

DAYS = 397  # what browsers take at most
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")


def alternative_names(environ: Mapping[str, str], *, hostname: str, address: str | None) -> str:
    """Return the certificate's subjectAltName: this machine, the loopback, and TLS_NAMES.

    Raises SettingsError for a name no certificate can carry.
    """
    asked = [name.strip() for name in environ.get("TLS_NAMES", "").split(",") if name.strip()]
    names = [*asked, hostname, "localhost", "127.0.0.1", "::1", *([address] if address else [])]
    return ",".join(dict.fromkeys(_alternative_name(name) for name in names))


def make_certificate(names: str, common_name: str) -> tuple[bytes, bytes]:
    """Return a self-signed certificate for the names, and its elliptic-curve key. Raises SettingsError."""
    extensions = (
        f"subjectAltName={names}",
        "basicConstraints=critical,CA:TRUE",
        "keyUsage=critical,digitalSignature,keyCertSign",
        "extendedKeyUsage=serverAuth",
    )
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder, "cert.pem"), Path(folder, "key.pem")
        command = [
            "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-sha256", "-days", str(DAYS), "-subj", f"/CN={common_name[:64]}",
            "-keyout", str(key), "-out", str(certificate),
        ]  # fmt: skip
        for extension in extensions:
            command += ["-addext", extension]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise SettingsError(f"openssl made no certificate: {last}")
        return certificate.read_bytes(), key.read_bytes()


def is_good(certificate: Path) -> bool:
    """Return whether a certificate made earlier is there, and stays valid for a month."""
    command = ["/usr/bin/openssl", "x509", "-noout", "-checkend", str(30 * 86400), "-in", str(certificate)]
    return certificate.exists() and subprocess.run(command, capture_output=True, check=False).returncode == 0


def read_certificate(certificate: Path, key: Path) -> tuple[bytes, bytes] | None:
    """Return a mounted certificate and its key, None when neither is there.

    Raises SettingsError for those that do not belong together or cannot be read.
    """
    missing = [path for path in (certificate, key) if not path.exists()]
    if len(missing) == 1:
        raise SettingsError(f"{missing[0]} is missing; a certificate and its key are mounted together")
    if missing:
        return None
    try:
        found = certificate.read_bytes(), key.read_bytes()
        # A key with a passphrase would be asked for on a terminal that is not there: "" is a wrong one, at once.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise SettingsError(f"{certificate} and {key} cannot be used: {error.reason or error}") from error
    except OSError as error:
        raise SettingsError(f"{error.filename or certificate} cannot be read: {error.strerror}") from error
    return found


def _alternative_name(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        pass
    if not _HOST_NAME.fullmatch(name):
        raise SettingsError(f"TLS_NAMES: {name!r} is neither a host name nor an address")
    return f"DNS:{name}"
