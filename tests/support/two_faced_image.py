"""Tarballs of an image that show a plain reader one tag, and an engine another.

An engine is written in Go. Its JSON ignores upper and lower case, it unpacks an archive onto a disk before it looks for
anything in it, and it has its own opinion of which of several headers counts.
"""

import hashlib
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from saved_image import image_files

LIST = "manifest.json"


def two_faced_images(shown: str, hidden: str) -> Mapping[str, bytes]:
    """Return such archives, by what is odd about them."""
    files = image_files(shown, seed=2, size_bytes=1000)
    good = files.pop(LIST)
    (entry,) = json.loads(good)
    evil = _json([{**entry, "RepoTags": [hidden]}])
    rest = b"".join(_file(name, content) for name, content in files.items())
    unnamed = {name: value for name, value in entry.items() if name != "RepoTags"}
    star = {345: b"./" * 65 + b"." + b"00000000000 00000000000 ", 508: b"tar\0"}
    gnu = {257: b"ustar  \0", 345: LIST.encode()}
    found = {
        "names in two cases": _file(LIST, _json([{**entry, "repotags": [hidden]}])),
        "a name in another case": _file(LIST, _json([{**unnamed, "repotags": [hidden]}])),
        "a name with a long s": _file(LIST, _json([{**entry, "RepoTag\u017f": [hidden]}])),
        "a file below a link": _file(LIST, good) + _link("folder", ".") + _file(f"folder/{LIST}", evil),
        "a link to the list": _oci_layout(files, entry, shown) + _file("evil.json", evil) + _link(LIST, "evil.json"),
        "a long name and one of pax": b"".join(
            _long(long) + _pax("path", pax) + _file("x", content)
            for long, pax, content in (("junk", LIST, good), (LIST, "more junk", evil))
        ),
        "two headers of pax": _file(LIST, good) + _pax("path", "junk") + _pax("comment", "x") + _file(LIST, evil),
        "one of pax before one for all": (
            _file(LIST, good) + _pax("path", "junk") + _pax("comment", "x", b"g") + _file(LIST, evil)
        ),
        "a prefix of star": _file(LIST, good) + _file(LIST, evil, star),
        "a prefix in place of GNU's dates": _file(LIST, good) + _file(".", evil, gnu),
    }
    return {odd: rest + members + bytes(10240) for odd, members in found.items()}


def _file(name: str, content: bytes, change: Mapping[int, bytes] | None = None, type_: bytes = b"0") -> bytes:
    """Return a member; change puts bytes at places of its header, which get their checksum after that."""
    member = tarfile.TarInfo(name)
    member.size, member.type = len(content), type_
    header = bytearray(member.tobuf(tarfile.USTAR_FORMAT))
    for at, text in (change or {}).items():
        header[at : at + len(text)] = text
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + content + bytes(-len(content) % 512)


def _link(name: str, to: str) -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    return member.tobuf(tarfile.USTAR_FORMAT)


def _long(name: str) -> bytes:
    return _file("././@LongLink", name.encode() + b"\0", type_=b"L")


def _pax(key: str, value: str, type_: bytes = b"x") -> bytes:
    record = f" {key}={value}\n"
    return _file("pax", f"{len(record) + 2}{record}".encode(), type_=type_)  # all of them have 10 to 99 bytes


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _oci_layout(files: Mapping[str, bytes], entry: Mapping[str, Any], tag: str) -> bytes:
    """Return the members of an OCI layout of the same image."""

    def blob(content: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    blobs: dict[str, bytes] = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"})}
    config = blob(files[entry["Config"]], "config.v1+json")
    layers = [blob(files[layer], "layer.v1.tar") for layer in entry["Layers"]]
    top = blob(_json({"schemaVersion": 2, "config": config, "layers": layers}), "manifest.v1+json")
    named = {**top, "annotations": {"org.opencontainers.image.ref.name": tag}}
    blobs["index.json"] = _json({"schemaVersion": 2, "manifests": [named]})
    return b"".join(_file(name, content) for name, content in blobs.items())
