"""Pushing an image through the engine, and what it says of that.

Source: the engine's API reference, ImagePush; the registry's digest comes in the `aux` of one of the last events.
"""

from collections.abc import Iterator
from typing import Any

from docker.utils import parse_repository_tag

from regops.errors import Failed
from regops.model.built_image import PushEvent


def pushed(api: Any, image: str, reference: str) -> Iterator[PushEvent]:
    """Tag an image and push it, and yield what the engine says. Raises Failed with the registry's reason."""
    repository, tag = parse_repository_tag(reference)
    api.tag(image, repository, tag or "latest", force=True)
    for event in api.push(repository, tag or "latest", stream=True, decode=True):
        detail: dict[str, Any] = event.get("errorDetail") or {}
        progress: dict[str, Any] = event.get("progressDetail") or {}
        aux: dict[str, Any] = event.get("aux") or {}
        error = event.get("error") or detail.get("message")
        if error:
            raise Failed(
                f"{reference} was not pushed: {error}",
                hint="`docker login` keeps credentials for a registry; one without TLS must be the engine's "
                "insecure-registry, or on its own loopback",
            )
        yield PushEvent(
            text=str(event.get("status") or ""),
            layer=str(event.get("id") or ""),
            sent_bytes=int(progress.get("current") or 0),
            total_bytes=int(progress.get("total") or 0),
            digest=str(aux.get("Digest") or ""),
        )
