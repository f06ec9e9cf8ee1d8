"""One image of an engine."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the engine knows of an image of its own.

    id is the engine's id of it, `sha256:…`; tags are its references, this engine's; environment is what its containers
    get unless they are told otherwise; ports are the TCP ports it says it serves. size_bytes is unpacked, about what
    its tarball has before it is compressed.
    """

    id: str
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    environment: Mapping[str, str]
    ports: tuple[int, ...]
    size_bytes: int
