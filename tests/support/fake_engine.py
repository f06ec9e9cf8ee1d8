"""A Docker engine in memory: the containers it is given, and a record of what was asked of it."""

import copy
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from regops.errors import NotFound, Refused, RegopsError
from regops.model.built_image import PushEvent
from regops.model.container_file import FileFacts, FileKind, Listing
from regops.model.image import ImageFacts

_ID = "897da3d2b1276e83d3aa12a2f35336b74485a918b8bf506ef80be6e10f96f4e7"
_RUNNING: dict[str, Any] = {
    "Status": "running",
    "Running": True,
    "Paused": False,
    "Restarting": False,
    "OOMKilled": False,
    "Dead": False,
    "Pid": 28815,
    "ExitCode": 0,
    "Error": "",
    "StartedAt": "2026-11-23T09:11:52.100556982Z",
    "FinishedAt": "0001-01-01T00:00:00Z",
}


def container_document(
    name: str = "registry",
    *,
    container_id: str = "",
    image: str = "registry-classic:main",
    state: Mapping[str, Any] | None = None,
    ports: Mapping[str, tuple[str, int]] | None = None,
    bound: bool = True,
    env: tuple[str, ...] = ("SETTINGS_FLAVOR=prod", "OS_CONTAINER=docker-registry", "OS_PASSWORD=canary-hunter2"),
    labels: Mapping[str, str] | None = None,
    network_mode: str = "default",
    address: str = "172.17.0.2",
    **changes: Any,
) -> dict[str, Any]:
    """Return what the engine's API says about a healthy registry container, with some of it changed.

    state overrides single keys of State; ports maps "8080/tcp" to the host address and port it is published at, and
    bound says whether that worked; changes replace keys at the top. Without an id, one is made from the name.
    """
    asked = {"8080/tcp": ("127.0.0.1", 5080)} if ports is None else dict(ports)
    bindings = {port: [{"HostIp": ip, "HostPort": str(number)}] for port, (ip, number) in asked.items()}
    return {
        "Id": container_id or (name.encode().hex() + _ID)[:64],
        "Created": "2026-11-23T09:11:50.846719472Z",
        "Name": f"/{name}",
        "Image": "sha256:91307842f5e4ef6e05569e6800acf2ffdc6d22f5507e2276825dbed2506a8eb7",
        "RestartCount": 0,
        "State": {**_RUNNING, **(state or {})},
        "HostConfig": {
            "NetworkMode": network_mode,
            "PidMode": "",
            "LogConfig": {"Type": "json-file", "Config": {}},
            "PortBindings": copy.deepcopy(bindings),
        },
        "Mounts": [],
        "Config": {
            "Image": image,
            "Env": list(env),
            "Labels": dict(labels or {}),
            "Tty": False,
            "ExposedPorts": {port: {} for port in asked},
        },
        "NetworkSettings": {
            "Ports": bindings if bound else {},
            "Networks": {"bridge": {"IPAddress": address, "Gateway": "172.17.0.1"}},
        },
        **changes,
    }


class FakeEngine:
    """An engine in memory, for ports.Engine.

    documents are what inspect answers: dictionaries, or texts for hostile ones (found as `text0`, `text1`, …). files
    maps (container name, path) to contents, output a container name to what it wrote. With fails, every call raises
    that error. calls records the calls that change something or run something.
    """

    def __init__(
        self,
        *documents: dict[str, Any] | str,
        address: str = "unix:///var/run/docker.sock",
        is_local: bool = True,
        files: Mapping[tuple[str, str], bytes] | None = None,
        output: Mapping[str, bytes] | None = None,
        images: Mapping[str, str] | None = None,
        fails: RegopsError | None = None,
    ) -> None:
        self.address = address
        self.is_local = is_local
        self.documents = list(documents)
        self.files = dict(files or {})
        self.output = dict(output or {})
        self.images = dict(images or {})
        self.facts: dict[str, dict[str, Any]] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.exported = b""
        self.pushed_digest = f"sha256:{'5' * 64}"
        self.fails = fails
        self.on_network = ""
        self.labels_of: dict[tuple[str, str], dict[str, str]] = {}
        self.calls: list[tuple[Any, ...]] = []

    def inspect(self, name: str) -> str:
        self._check()
        found = self._find(name)
        return found if isinstance(found, str) else json.dumps(found)

    def containers(self, *, everything: bool = True) -> tuple[str, ...]:
        self._check()
        return tuple(
            f"text{place}" if isinstance(document, str) else document["Id"]
            for place, document in enumerate(self.documents)
            if everything or isinstance(document, str) or document["State"]["Running"]
        )

    def logs(
        self,
        name: str,
        *,
        lines: int | None,
        follow: bool = False,
        since: float | None = None,
        timestamps: bool = False,
    ) -> Iterator[bytes]:
        self._check()
        self._find(name)
        written = self.output.get(name, b"").splitlines(keepends=True)
        yield from written if lines is None else written[len(written) - min(lines, len(written)) :]

    def file_facts(self, name: str, path: str) -> FileFacts:
        return FileFacts(FileKind.FILE, len(self._file(name, path)), 1795425120.0, None, "", "")

    def directory(self, name: str, path: str, *, limit: int) -> Listing:
        self._check()
        self._find(name)
        folder = f"{path.rstrip('/')}/"
        below = [file.removeprefix(folder) for owner, file in self.files if owner == name and file.startswith(folder)]
        names = sorted({file.partition("/")[0] for file in below})
        if not names:
            raise NotFound(f"the container {name} has no directory {path}")
        return Listing(tuple(names[:limit]), more=len(names) > limit)

    def read_end(self, name: str, path: str, *, limit_bytes: int) -> tuple[int, bytes]:
        return len(self._file(name, path)), self.read_file(name, path, limit_bytes=limit_bytes)

    def read_file(self, name: str, path: str, *, limit_bytes: int) -> bytes:
        found = self._file(name, path)
        return found[len(found) - min(limit_bytes, len(found)) :]

    def file_chunks(self, name: str, path: str) -> Iterator[bytes]:
        found = self._file(name, path)
        yield from (found[start : start + 1000] for start in range(0, len(found), 1000))

    def exec_shell(self, name: str, command: tuple[str, ...], *, user: str | None = None) -> int:
        self._check()
        self._find(name)
        self.calls.append(("exec_shell", name, command, user))
        return 0

    def image_id(self, reference: str) -> str | None:
        self._check()
        return self.images.get(reference)

    def image(self, reference: str) -> ImageFacts | None:
        names = [name for name, image_id in self.images.items() if reference in (name, image_id)]
        self._check()
        if not names:
            return None
        labels = self.labels.get(names[0], {})
        known = ImageFacts(self.images[names[0]], tuple(names), labels, {}, (8080, 8443), 1000, (), "")
        return replace(known, **self.facts.get(reference, {}))

    def load(self, tarball: Iterator[bytes]) -> Iterator[str]:
        """Take a tarball whole or not at all, as an engine does."""
        content = b"".join(tarball)
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            entries = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]
            configs: list[bytes] = [archive.extractfile(each["Config"]).read() for each in entries]  # type: ignore[union-attr]
        for entry, config in zip(entries, configs, strict=True):
            for tag in entry["RepoTags"]:
                self._record("load", tag)
                self.images[tag] = f"sha256:{hashlib.sha256(config).hexdigest()}"
                self.labels[tag] = json.loads(config).get("config", {}).get("Labels") or {}
                yield f"Loaded image: {tag}"

    def pull(self, reference: str, *, timeout_seconds: float) -> None:
        self._made("pull", reference)

    def import_image(self, tarball: BinaryIO, reference: str) -> str:
        return self._made("import_image", reference)

    def image_labels(self, reference: str) -> Mapping[str, str] | None:
        self._check()
        return self.labels.get(reference, {}) if reference in self.images else None

    def push(self, image: str, reference: str) -> Iterator[PushEvent]:
        self._record("push", image, reference)
        yield PushEvent("Pushing", "897da3d2b127", 50, 100)
        yield PushEvent("Pushing", "897da3d2b127", 100, 100)
        yield PushEvent("", digest=self.pushed_digest)

    def export(self, name: str) -> Iterator[bytes]:
        self._find(name)
        self._record("export", name)
        yield self.exported

    def save(self, reference: str) -> Iterator[bytes]:
        self._record("save", reference)
        yield b"a tarball of "
        yield reference.encode()

    def run(self, image: str, **options: Any) -> str:
        self._record("run", image, options)
        document = container_document(
            str(options["name"]),
            image=image,
            ports=options.get("ports", {}),
            env=tuple(f"{name}={value}" for name, value in options.get("environment", {}).items()),
            labels=options.get("labels", {}),
            Image=self.images.get(image, ""),
        )
        document["HostConfig"]["RestartPolicy"] = dict(options.get("restart_policy", {"Name": "no"}))
        self.documents.append(document)
        return str(document["Id"])

    def start(self, name: str) -> None:
        self._find(name)
        self._record("start", name)

    def set_restart(self, name: str, policy: str) -> None:
        found = self._find(name)
        self._record("set_restart", name, policy)
        if not isinstance(found, str):
            found["HostConfig"]["RestartPolicy"] = {"Name": policy}

    def remove(self, name: str) -> None:
        self._record("remove", name)
        self.documents = [
            one for one in self.documents if isinstance(one, str) or name not in (one["Name"][1:], one["Id"])
        ]

    def ensure_network(self, name: str, labels: Mapping[str, str]) -> None:
        self._record("ensure_network", name)
        self.labels_of["network", name] = dict(labels)

    def ensure_volume(self, name: str, labels: Mapping[str, str]) -> None:
        self._record("ensure_volume", name)
        self.labels_of["volume", name] = dict(labels)

    def remove_network(self, name: str, labels: Mapping[str, str]) -> bool:
        self._record("remove_network", name)
        if self.on_network:
            raise Refused(f"the network {name} is used by {self.on_network}", hint=f"remove {self.on_network}")
        return self.labels_of.pop(("network", name), None) == labels

    def remove_volume(self, name: str, labels: Mapping[str, str]) -> bool:
        self._record("remove_volume", name)
        return self.labels_of.pop(("volume", name), None) == labels

    def labelled(self, label: str) -> Mapping[str, tuple[str, ...]]:
        self._check()
        containers = {
            ("container", one["Name"][1:]): one["Config"]["Labels"]
            for one in self.documents
            if not isinstance(one, str)
        }
        found: dict[str, tuple[str, ...]] = {}
        for (kind, name), labels in {**containers, **self.labels_of}.items():
            if label in labels:
                found[labels[label]] = (*found.get(labels[label], ()), f"{kind} {name}")
        return found

    def remove_image(self, reference: str) -> None:
        self._record("remove_image", reference)
        self.images.pop(reference, None)

    def _find(self, name: str) -> dict[str, Any] | str:
        for place, document in enumerate(self.documents):
            if isinstance(document, str):
                if name == f"text{place}":
                    return document
            elif name in {document["Name"].removeprefix("/"), document["Id"], document["Id"][:12]}:
                return document
        raise NotFound(f"{self.address} has no container {name}")

    def _file(self, name: str, path: str) -> bytes:
        self._check()
        self._find(name)
        if (name, path) not in self.files:
            raise NotFound(f"the container {name} has no file {path}")
        return self.files[name, path]

    def _made(self, action: str, reference: str) -> str:
        self._record(action, reference)
        return self.images.setdefault(reference, f"sha256:{reference.encode().hex():0<64.64}")

    def _record(self, *call: Any) -> None:
        self._check()
        self.calls.append(call)

    def _check(self) -> None:
        if self.fails is not None:
            raise self.fails
