r"""One header block of a tar archive, and the extended headers that may stand before it.

    offset 0 name[100], 124 size[12] octal or base-256, 148 checksum[8], 156 type, 157 linkname[100],
    257 "ustar", 345 prefix[155], or prefix[131] in star's dialect ("tar" at 508), or GNU's dates; 512 bytes in all.
    An extended header is lines of `30 path=some/long/name\n`.

Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format";
Go, archive/tar/reader.go, for what an engine makes of it.
"""

from dataclasses import dataclass

from parsers.errors import ParseError

BLOCK_BYTES = 512
_MOST_BYTES = 1 << 60
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class TarHeader:
    """What a header block says of the member that follows it.

    kind is the type's letter, `0` for a plain file in every spelling; link is the target of a link, else "".
    """

    name: str
    kind: str
    size_bytes: int
    link: str


def parse_tar_header(block: bytes, *, source: str) -> TarHeader | None:
    """Return what one block says, None for the block of zeros that ends an archive.

    Raises ParseError when the block is no header, or one whose checksum disagrees.
    """
    if len(block) != BLOCK_BYTES:
        raise ParseError("expected a block of 512 bytes", source=source, line=1, text=_shown(block))
    if not any(block):
        return None
    announced = _number(block[148:156], source)
    unsigned = sum(block) - sum(block[148:156]) + 8 * 32
    signed = unsigned - 256 * sum(byte > 127 for byte in block[:148] + block[156:])
    if announced not in {unsigned, signed}:
        raise ParseError("this is no tar header", source=source, line=1, text=_shown(block))
    name, kind = _text(block[:100]), chr(block[156])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345 : 476 if block[508:] == b"tar\0" else 500])):
        name = f"{prefix}/{name}"
    if block[257:265] == b"ustar  \0":
        # In place of a prefix GNU has two dates there. Go's reader takes what is none for a prefix all the same.
        for date in (block[345:357], block[357:369]):
            _number(date, source)
    return TarHeader(
        name=name,
        kind="0" if kind in {"\0", "7"} else kind,
        size_bytes=_number(block[124:136], source),
        link=_text(block[157:257]),
    )


def parse_pax_records(body: bytes, *, source: str) -> dict[str, str]:
    """Return the records of a pax extended header, the last of equal keys. Raises ParseError for anything else."""
    records: dict[str, str] = {}
    at = 0
    while at < len(body):
        digits, blank, _ = body[at : at + 20].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        record = body[at + len(digits) + 1 : at + length]
        key, equals, value = record.partition(b"=")
        if not blank or not equals or not key or not value.endswith(b"\n") or at + length > len(body):
            raise ParseError("this is no extended tar header", source=source, line=1, text=_shown(body[at:]))
        records[_decoded(key)] = _decoded(value[:-1])
        at += length
    return records


def _number(field: bytes, source: str) -> int:
    """Return a number in octal digits, or in base 256 where the first bit says so."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40 or value > _MOST_BYTES:
            raise ParseError("a number is out of range", source=source, line=1, text=_shown(field))
        return value
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if digits.strip(b"01234567"):
        raise ParseError("this is no tar header", source=source, line=1, text=_shown(field))
    return int(digits, 8)


def _text(field: bytes) -> str:
    return _decoded(field.partition(b"\0")[0])


def _decoded(field: bytes) -> str:
    return field.decode("utf-8", "backslashreplace")


def _shown(found: bytes) -> str:
    return ascii(bytes(found[:_SHOWN]))
