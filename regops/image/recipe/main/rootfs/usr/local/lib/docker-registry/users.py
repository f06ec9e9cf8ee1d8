"""The names and password hashes that were mounted for HTTP basic authentication, as nginx can check them.

nginx knows {SHA}, {SSHA}, {PLAIN} and $apr1$ itself, and asks the C library for the rest; Debian's knows those below.
It checks a password at every request, and meanwhile does nothing else: a bcrypt of cost 10 takes some 50 ms of that.
"""

import re
from pathlib import Path

from settings_error import SettingsError

_LIMIT_BYTES = 1024 * 1024
_HASH = re.compile(rb"\$(?:apr1|1|2[aby]|5|6|y|gy|7)\$\S+|\{(?:SHA|SSHA|PLAIN)\}\S+|[./0-9A-Za-z]{13}")


def read_users(path: Path) -> bytes | None:
    """Return the file, None when it is not there. Raises SettingsError for one that would let nobody in."""
    if not path.exists():
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > _LIMIT_BYTES:
        raise SettingsError(f"{path} is too long: more than {_LIMIT_BYTES} bytes")
    known = 0
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip() or line.startswith(b"#"):
            continue
        name, _, hashed = line.partition(b":")
        if not name or not _HASH.fullmatch(hashed.partition(b":")[0]):
            raise SettingsError(
                f"{path}: line {number} is not NAME:HASH with a hash nginx can check ($2y$, $6$, $apr1$)"
            )
        known += 1
    if not known:
        raise SettingsError(f"{path} names no user: nobody could log in")
    return content
