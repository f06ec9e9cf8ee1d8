"""Whom TLS trusts, and as whom it shows itself: options, the system's bundle, Docker's folder of certificates."""

import ssl
from pathlib import Path

from regops.adapters.registry.exchange import Exchange
from regops.errors import ConfigurationError
from regops.settings import HttpOptions

DOCKER_CERTIFICATES = Path("/etc/docker/certs.d")
_LEGACY_RENEGOTIATION = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT, which the ssl module names from Python 3.12 on


def docker_certificates(exchange: Exchange) -> Path | None:
    """Return the folder in which Docker keeps certificates for this registry, None when there is none."""
    url = exchange.url
    names = [f"{url.host}:{url.effective_port}"] + ([url.host] if url.authority == url.host else [])
    return next((path for name in names if (path := DOCKER_CERTIFICATES / name).is_dir()), None)


def verifying_context(options: HttpOptions, certificates: Path | None) -> ssl.SSLContext:
    """Return a context that verifies: against --cacert alone, else the system's bundle and Docker's folder."""
    # Not create_default_context: its flags differ between versions of Python, and Docker's own client has none of them.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    if options.cacert:
        _load_ca(context, options.cacert)
        return context
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        context.set_default_verify_paths()
    else:
        import certifi  # requests brings it: for a Python whose OpenSSL knows of no bundle of this system

        context.load_verify_locations(certifi.where())
    for path in sorted(certificates.glob("*.crt")) if certificates else ():
        _load_ca(context, path)
    return context


def accepting_context() -> ssl.SSLContext:
    """Return a context that takes any certificate and any protocol that OpenSSL still has."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= _LEGACY_RENEGOTIATION
    return context


def _load_ca(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{path} is no usable CA bundle: {error}", hint="it must be PEM") from error


def load_client_certificate(context: ssl.SSLContext, options: HttpOptions, certificates: Path | None) -> None:
    """Give a context our certificate: --cert and --key, else a pair of Docker's folder, else none."""
    cert, key = options.cert, options.key
    if cert is None and certificates is not None:
        cert = next((path for path in sorted(certificates.glob("*.cert")) if path.with_suffix(".key").is_file()), None)
        key = cert.with_suffix(".key") if cert else None
    if cert is None:
        return
    try:
        # Without this, OpenSSL would ask the terminal for the password of an encrypted key.
        context.load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        said = f"{cert} and {key or 'the key in it'} are no usable client certificate: {error}"
        raise ConfigurationError(
            said, hint="both must be PEM, belong together, and the key must be unencrypted"
        ) from error
