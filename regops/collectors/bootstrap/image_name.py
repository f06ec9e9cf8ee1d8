"""The names of images as an engine spells them."""

import re

_DOCKER_HUB = re.compile(r"(?:(?:index\.)?docker\.io/)?(?:library/(?=[^/]+\Z))?")


def familiar(reference: str) -> str:
    """Return a reference without what goes without saying: `busy:1` for `docker.io/library/busy:1`.

    An engine keeps and saves an image under this name, whichever it is asked for. Source: the familiar names of
    github.com/distribution/reference, normalize.go.
    """
    found = _DOCKER_HUB.match(reference)
    return reference[found.end() :] if found else reference


def with_tag(reference: str) -> str:
    """Return a reference with the tag that it means without one, `latest`."""
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"
