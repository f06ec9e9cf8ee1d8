"""What a request to a registry means, read from its method and its target; both generations of the API.

    GET /v2/team/app/manifests/1.0                     pull-manifest   team/app   tag 1.0
    POST /v2/team/app/blobs/uploads/?mount=sha256:…    mount-blob      team/app   digest sha256:…
    GET /v1/repositories/app/images                    pull-images     library/app

What was asked for is told, not what was answered: a pull that got a 404 is a pull. Sources: the routes of distribution
2.8 (registry/api/v2/descriptors.go) and of the classic registry 0.6 to 0.9 (images.py, index.py, tags.py).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

_NAME = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9A-Fa-f]{32,512}")
_IMAGE = re.compile(r"[0-9a-f]{12,64}")
_LONGEST_NAME = 255
_ABSOLUTE = re.compile(r"https?://[^/?]*")


class Operation(StrEnum):
    """What a client wants, in the words of both generations.

    In the classic API an image is a chain of layers, each with its metadata (json, ancestry, checksum); its list of
    images is asked for at the beginning of a pull and written at the end of a push.
    """

    PING = "ping"
    STATUS = "status"
    LOGIN = "login"
    SEARCH = "search"
    CATALOG = "catalog"
    LIST_TAGS = "list-tags"
    RESOLVE_TAG = "resolve-tag"
    TAG = "tag"
    DELETE_TAG = "delete-tag"
    PULL_MANIFEST = "pull-manifest"
    CHECK_MANIFEST = "check-manifest"
    PUSH_MANIFEST = "push-manifest"
    DELETE_MANIFEST = "delete-manifest"
    REFERRERS = "referrers"
    PULL_BLOB = "pull-blob"
    CHECK_BLOB = "check-blob"
    PUSH_BLOB = "push-blob"
    DELETE_BLOB = "delete-blob"
    MOUNT_BLOB = "mount-blob"
    START_UPLOAD = "start-upload"
    CONTINUE_UPLOAD = "continue-upload"
    CHECK_UPLOAD = "check-upload"
    CANCEL_UPLOAD = "cancel-upload"
    PULL_METADATA = "pull-metadata"
    PUSH_METADATA = "push-metadata"
    PULL_IMAGES = "pull-images"
    START_PUSH = "start-push"
    PUSH_IMAGES = "push-images"
    DELETE_REPOSITORY = "delete-repository"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class RegistryRequest:
    """One request to a registry's API of generation 1 or 2.

    repository is whole: the classic API's own default `library/` is put in front where the client left it out. tag,
    digest and image (a classic layer's id) are what the path names; source is the repository a blob is mounted from.
    """

    api: int
    operation: Operation
    repository: str | None = None
    tag: str | None = None
    digest: str | None = None
    image: str | None = None
    source: str | None = None

    @property
    def is_pull(self) -> bool:
        """Whether one image is asked for. An image for several platforms is asked for once more for the one chosen."""
        return self.operation in {Operation.PULL_MANIFEST, Operation.PULL_IMAGES}

    @property
    def is_push(self) -> bool:
        """Whether one image is complete with this."""
        return self.operation in {Operation.PUSH_MANIFEST, Operation.PUSH_IMAGES}


_Verbs = dict[str, Operation]
_MANIFEST: _Verbs = {
    "GET": Operation.PULL_MANIFEST,
    "HEAD": Operation.CHECK_MANIFEST,
    "PUT": Operation.PUSH_MANIFEST,
    "DELETE": Operation.DELETE_MANIFEST,
}
_BLOB: _Verbs = {"GET": Operation.PULL_BLOB, "HEAD": Operation.CHECK_BLOB, "DELETE": Operation.DELETE_BLOB}
_UPLOAD: _Verbs = {
    "GET": Operation.CHECK_UPLOAD,
    "HEAD": Operation.CHECK_UPLOAD,
    "PATCH": Operation.CONTINUE_UPLOAD,
    "PUT": Operation.PUSH_BLOB,
    "DELETE": Operation.CANCEL_UPLOAD,
}
_READ_TAGS: _Verbs = {"GET": Operation.LIST_TAGS, "HEAD": Operation.LIST_TAGS, "DELETE": Operation.DELETE_REPOSITORY}
_ONE_TAG: _Verbs = {"GET": Operation.RESOLVE_TAG, "PUT": Operation.TAG, "DELETE": Operation.DELETE_TAG}
_IMAGES: _Verbs = {
    "GET": Operation.PULL_IMAGES,
    "PUT": Operation.PUSH_IMAGES,
    "DELETE": Operation.DELETE_REPOSITORY,
}
_LAYER: _Verbs = {"GET": Operation.PULL_BLOB, "HEAD": Operation.CHECK_BLOB, "PUT": Operation.PUSH_BLOB}
_METADATA: _Verbs = {"GET": Operation.PULL_METADATA, "PUT": Operation.PUSH_METADATA}
_REPOSITORY: _Verbs = {"PUT": Operation.START_PUSH, "DELETE": Operation.DELETE_REPOSITORY}
_CLASSIC = {"_ping": Operation.PING, "_status": Operation.STATUS, "search": Operation.SEARCH, "users": Operation.LOGIN}


def parse_registry_request(method: str | None, uri: str | None) -> RegistryRequest | None:
    """Return what a request means; None for one that is not for a registry's API, or no HTTP at all."""
    if not method or not uri:
        return None
    target = uri if uri.startswith("/") else _ABSOLUTE.sub("", uri, count=1)
    path, _, query = target.partition("?")
    parts = (unquote(path) if "%" in path else path).split("/")
    match parts[1:2]:
        case ["v2"]:
            return _modern(method, parts[2:], query)
        case ["v1"]:
            return _classic(method, parts[2:])
        case [("" | "_ping" | "_status") as word] if parts[0] == "" and len(parts) == 2:
            return RegistryRequest(1, _CLASSIC.get(word, Operation.PING))
        case _:
            return None


def _modern(method: str, parts: list[str], query: str) -> RegistryRequest:
    if parts in ([], [""]):
        return RegistryRequest(2, Operation.PING)
    if parts == ["_catalog"]:
        return RegistryRequest(2, Operation.CATALOG)
    operation, reference, name = Operation.OTHER, "", parts[:-2]
    match parts[-3:]:
        case [_, "tags", "list"]:
            operation = Operation.LIST_TAGS if method in {"GET", "HEAD"} else Operation.OTHER
        case [_, "manifests", reference]:
            operation = _MANIFEST.get(method, Operation.OTHER)
        case [_, "blobs", "uploads"] | ["blobs", "uploads", ""]:
            return _start(method, parts, query)
        case ["blobs", "uploads", _]:
            operation, name = _UPLOAD.get(method, Operation.OTHER), parts[:-3]
            reference = _parameter(query, "digest") or ""
        case [_, "blobs", reference]:
            operation = _BLOB.get(method, Operation.OTHER)
        case [_, "referrers", reference]:
            operation = Operation.REFERRERS
        case _:
            name = []
    repository = _repository(name)
    if repository is None:
        return RegistryRequest(2, Operation.OTHER)
    digest = reference if _DIGEST.fullmatch(reference) else None
    tag = reference if operation in _MANIFEST.values() and _TAG.fullmatch(reference) else None
    return RegistryRequest(2, operation, repository, tag, digest)


def _start(method: str, parts: list[str], query: str) -> RegistryRequest:
    repository = _repository(parts[: -2 if parts[-1] else -3])
    if repository is None or method != "POST":
        return RegistryRequest(2, Operation.OTHER, repository)
    mount, source = _parameter(query, "mount"), _parameter(query, "from")
    digest = mount or _parameter(query, "digest")
    return RegistryRequest(
        2,
        Operation.MOUNT_BLOB if mount else Operation.START_UPLOAD,
        repository,
        digest=digest if digest and _DIGEST.fullmatch(digest) else None,
        source=source if source and _NAME.fullmatch(source) else None,
    )


def _classic(method: str, parts: list[str]) -> RegistryRequest:
    match [part for part in parts if part]:
        case []:
            return RegistryRequest(1, Operation.PING)
        case [word, *_] if word in _CLASSIC:
            return RegistryRequest(1, _CLASSIC[word])
        case [("images" | "private_images"), image, what]:
            verbs = _LAYER if what == "layer" else _METADATA
            operation = verbs.get(method, Operation.OTHER)
            return RegistryRequest(1, operation, image=image if _IMAGE.fullmatch(image) else None)
        case ["repositories", *name, "tags"]:
            return _of_repository(_READ_TAGS.get(method), name)
        case ["repositories", *name, "tags", tag] | ["repositories", *name, "tags", tag, "json"] if name:
            return _of_repository(_ONE_TAG.get(method), name, tag)
        case ["repositories", *name, "images"]:
            return _of_repository(_IMAGES.get(method), name)
        case ["repositories", *name, ("json" | "properties")] if name:
            return _of_repository(_METADATA.get(method), name)
        case ["repositories", *name, "auth"] if name:
            return _of_repository(Operation.LOGIN, name)
        case ["repositories", *name]:
            return _of_repository(_REPOSITORY.get(method), name)
        case _:
            return RegistryRequest(1, Operation.OTHER)


def _of_repository(operation: Operation | None, name: list[str], tag: str | None = None) -> RegistryRequest:
    repository = _repository(name if len(name) > 1 else ["library", *name])
    if repository is None:
        return RegistryRequest(1, Operation.OTHER)
    tag = tag if tag and _TAG.fullmatch(tag) else None
    return RegistryRequest(1, operation or Operation.OTHER, repository, tag)


def _repository(parts: list[str]) -> str | None:
    name = "/".join(parts)
    return name if len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) else None


def _parameter(query: str, name: str) -> str | None:
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            return unquote(value)
    return None
