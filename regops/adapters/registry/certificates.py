"""What a server's certificate says, and in words why it does not verify.

The ssl module decodes only certificates that verified, and names only the first thing wrong: this reads any.
"""

import ipaddress
import ssl
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from regops.model.http import TlsFacts

# OpenSSL's X509_V_ERR_* numbers, x509_vfy.h.
_SELF_SIGNED = 18
_SELF_SIGNED_ROOT = 19
_UNKNOWN_ISSUER = {2, _SELF_SIGNED, _SELF_SIGNED_ROOT, 20, 21, 27}
_VALIDITY = {9, 10}
_NAME = {62, 64}


def read_facts(
    der: bytes,
    session: ssl.SSLSocket,
    *,
    host: str,
    now: float,
    error: ssl.SSLCertVerificationError | None,
    verified: bool,
) -> TlsFacts | None:
    """Return what certificate and session show; error is why it did not verify.

    None when the bytes are no certificate that can be read.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        names, moment = _names(certificate), datetime.fromtimestamp(now, UTC)
        cipher = session.cipher()
        return TlsFacts(
            protocol=session.version() or "unknown",
            cipher=cipher[0] if cipher else "unknown",
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            names=names,
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            days_left=(certificate.not_valid_after_utc - moment).days,
            self_signed=certificate.subject == certificate.issuer,
            verified=verified,
            faults=() if verified else _faults(certificate, names, host, moment, error),
        )
    except (ValueError, TypeError, x509.InvalidVersion, x509.UnsupportedGeneralNameType, x509.DuplicateExtension):
        return None  # no certificate that anyone could read: the handshake's own error has to do


def matches(host: str, names: tuple[str, ...]) -> bool:
    """Return whether one of the names covers a host: itself, or a star for its first label (RFC 9525)."""
    try:
        address = ipaddress.ip_address(host).compressed
    except ValueError:
        parent = host.partition(".")[2]
        return any(name.lower().rstrip(".") in {host, f"*.{parent}" if parent else host} for name in names)
    return address in names


def _faults(
    certificate: x509.Certificate,
    names: tuple[str, ...],
    host: str,
    now: datetime,
    error: ssl.SSLCertVerificationError | None,
) -> tuple[str, ...]:
    code = error.verify_code if error else 0
    issuer = certificate.issuer.rfc4514_string() or "an issuer without a name"
    faults: list[str] = []
    if code == _SELF_SIGNED:
        faults.append("it is self-signed, and not trusted here")
    elif code == _SELF_SIGNED_ROOT:
        faults.append(f"it is issued by {issuer}, whose root is not trusted here")
    elif code in _UNKNOWN_ISSUER:
        faults.append(
            f"it is issued by {issuer}, which is not trusted here (or the server leaves out a certificate between)"
        )
    elif error and code not in _VALIDITY | _NAME:
        faults.append(error.verify_message)
    if now > certificate.not_valid_after_utc:
        days = (now - certificate.not_valid_after_utc).days
        faults.append(f"it expired on {certificate.not_valid_after_utc:%Y-%m-%d}, {days} days ago")
    if now < certificate.not_valid_before_utc:
        faults.append(
            f"it is valid only from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on: see both clocks"
        )
    if not names:
        common = ", ".join(str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME))
        faults.append(f"it has no subjectAltName, only the common name {common or '(none)'}, which clients ignore")
    elif not matches(host, names):
        faults.append(f"it is for {', '.join(names[:5])}{' …' if len(names) > 5 else ''}, not for {host}")
    return tuple(faults)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = tuple(str(address) for address in extension.get_values_for_type(x509.IPAddress))
    return tuple(extension.get_values_for_type(x509.DNSName)) + addresses
