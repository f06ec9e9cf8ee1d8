"""Which names of objects become files: what a download makes a file of, and so what an upload gives."""

import re

# A download of X keeps what came of it under such a name beside it, and would take another's file for that.
_PART = re.compile(r"\..+\.part(?:\.json)?")
_CONTROL = frozenset(map(chr, (*range(32), *range(127, 160))))


def name_flaw(name: str) -> str:
    """Return why no file is made of an object's name, as what the name does; "" where nothing speaks against it."""
    if any(part in {"", ".", ".."} for part in name.split("/")):
        return "leads out of the folder, or has an empty part"
    if _PART.fullmatch(name.rpartition("/")[2]):
        return "is the name of a part of a download"
    if _CONTROL & set(name):
        return "holds control characters"
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return "is no Unicode text"
    return ""
