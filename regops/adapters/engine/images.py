"""Images on their way out of the engine and into it, as tarballs, and what it says of one that it has.

Source: the engine's API reference, ImageInspect, ImageGet and ImageLoad.
"""

import json
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote

from regops.errors import Failed, Refused, UnexpectedAnswer
from regops.model.image import ImageFacts

# The engine writes a whole image to its disk before it sends its first byte, and unpacks one before it says a word.
SILENT_SECONDS = 600
_CHUNK_BYTES = 1 << 20
_LINE_BYTES = 1 << 20
_OK = 200
# Docker's grammar (distribution/reference), ids included. Anything else in a URL leads elsewhere, or nowhere.
_REFERENCE = re.compile(
    r"(?:(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z0-9_+.-]+:[0-9a-fA-F]{32,})?"
)
_LONGEST_REFERENCE = 512
_TCP_PORT = re.compile(r"([0-9]{1,5})(?:/tcp)?")


def check_reference(reference: str) -> None:
    """Raise Refused for what can be the name of no image."""
    if not reference:
        raise Refused("the name of the image is empty", hint="is it a variable that is not set?")
    if len(reference) > _LONGEST_REFERENCE or not _REFERENCE.fullmatch(reference):
        raise Refused(f"no image can be called {reference[:80]!r}", hint="`docker images` lists those that are there")


def image_facts(found: Mapping[str, Any]) -> ImageFacts:
    """Return what an inspection tells."""
    config: Mapping[str, Any] = found.get("Config") or {}
    exposed: Mapping[str, Any] = config.get("ExposedPorts") or {}
    labels: Mapping[str, Any] = config.get("Labels") or {}
    environment: list[str] = config.get("Env") or []
    rootfs: Mapping[str, Any] = found.get("RootFS") or {}
    layers: list[str] = rootfs.get("Layers") or []
    tags: list[str] = found.get("RepoTags") or []
    ports = (_TCP_PORT.fullmatch(port) for port in exposed)
    pairs = (entry.partition("=") for entry in environment)
    return ImageFacts(
        id=str(found.get("Id", "")),
        tags=tuple(tags),
        labels={str(key): str(value) for key, value in labels.items()},
        environment={name: value for name, _, value in pairs},
        ports=tuple(sorted(int(port[1]) for port in ports if port)),
        size_bytes=int(found.get("Size") or 0),
        layers=tuple(layers),
        created=str(found.get("Created") or ""),
    )


def saved(api: Any, reference: str) -> Generator[bytes]:
    """Yield the tarball of an image. Raises what requests and docker raise, also when it is cut short."""
    url = f"{api.base_url}/v{api.api_version}/images/{quote(reference, safe='/:@')}/get"
    with closing(api.get(url, stream=True, allow_redirects=False, timeout=SILENT_SECONDS)) as reply:
        _check(reply, f"the image {reference}")
        yield from reply.iter_content(_CHUNK_BYTES)


def loaded(api: Any, tarball: Iterator[bytes]) -> Generator[str]:
    """Send a tarball to the engine as it comes, and yield what the engine says, line by line.

    When the tarball raises, the request is broken off: the engine gets no whole one, and makes nothing of it. Raises
    Failed with the engine's reason, which comes inside an answer with the status 200.
    """
    url = f"{api.base_url}/v{api.api_version}/images/load"
    reply = api.post(
        url,
        data=tarball,
        params={"quiet": "0"},
        headers={"Content-Type": "application/x-tar"},
        stream=True,
        allow_redirects=False,
        timeout=SILENT_SECONDS,
    )
    with closing(reply):
        _check(reply, "the tarball")
        for line in _lines(reply.iter_content(None)):
            yield from _said(line)


def _check(reply: Any, what: str) -> None:
    if reply.status_code == _OK:
        return
    body = reply.raw.read(_LINE_BYTES, decode_content=False)
    try:
        reason = str(json.loads(body)["message"])
    except (ValueError, TypeError, KeyError):
        reason = f"HTTP {reply.status_code}"
    raise Failed(f"the engine refused {what}: {reason}")


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > _LINE_BYTES:
            raise UnexpectedAnswer("the engine answers with a line that does not end")
    yield rest


def _said(line: bytes) -> Iterator[str]:
    """Yield what one line of the engine's answer tells a person. Raises Failed for an error."""
    if not line.strip():
        return
    try:
        event: dict[str, Any] = json.loads(line)
        detail: dict[str, Any] = event.get("errorDetail") or {}
        error = str(event.get("error") or detail.get("message") or "")
        text = str(event.get("stream") or event.get("status") or "").strip()
    except (ValueError, AttributeError, RecursionError) as wrong:
        raise UnexpectedAnswer(f"the engine answers what cannot be read: {line[:200]!r}") from wrong
    if error:
        raise Failed(f"the engine did not load it: {error}")
    if text:
        yield text
