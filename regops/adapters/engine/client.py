"""The Docker engine's API (the only importer of docker)."""

import os
import re
import tarfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, BinaryIO, NoReturn, Self

import docker
import docker.context
import docker.errors
import docker.tls
import docker.utils
import requests

from regops.adapters.container.plain_files import OUTPUT_LINKS
from regops.adapters.engine import archive, images
from regops.adapters.engine.push import pushed
from regops.errors import (
    CannotRun,
    ExitStatus,
    Failed,
    NoProgram,
    NotFound,
    PermissionDenied,
    Phase,
    PortTaken,
    Refused,
    RegopsError,
    UnexpectedAnswer,
    Unreachable,
)
from regops.model.built_image import PushEvent
from regops.model.container_file import FileFacts, FileKind, Listing
from regops.model.image import ImageFacts
from regops.model.size import size_words

_ANSWER_SECONDS = 10
# A busy engine takes its time to make or remove a container, and does so whether anybody waits for it or not.
_MAKING_SECONDS = 120
_INSPECT_BYTES = 8 * 1024 * 1024
# A tail through the archive API reads the whole file: beyond this the engine and the operator wait too long.
_ARCHIVE_BYTES = 1024 * 1024 * 1024
# The same for a directory, which is sent with all that is in it.
_LISTING_BYTES = 256 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_LINKS = 8
_RESIZES = 10
# Docker's own detach keys begin with ctrl-p, which shells have for "the line before"; these are nobody's.
_DETACH_KEYS = "ctrl-@,ctrl-]"
_MISSING = re.compile("executable file not found|no such file or directory")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
# "Bind for 127.0.0.1:5443 failed: port is already allocated" (a container has it), "listen tcp4 0.0.0.0:80: bind:
# address already in use" (another program), and since engine 28 "failed to bind host port 127.0.0.1:80/tcp: …".
_PORT_TAKEN = re.compile(
    r"(?:Bind for|listen tcp[46]?|bind host port(?: for)?) (?P<address>\[[^]\s]+\]|\S*?):(?P<port>\d{1,5})\b.*?"
    r"(?P<reason>port is already allocated|address already in use|cannot assign requested address)",
    re.DOTALL,
)
_NO_NETWORK = re.compile(r"network (?P<name>\S+) not found")


class DockerEngine:
    """The engine that DOCKER_HOST, DOCKER_CONTEXT or Docker's configuration names; implements `ports.Engine`."""

    def __init__(self, address: str, tls: docker.tls.TLSConfig | None = None) -> None:
        self.address = address
        self.is_local = address.startswith("unix://")
        self._tls = tls
        self._connected: docker.DockerClient | None = None

    @classmethod
    def from_environment(cls) -> Self:
        """Return the engine the environment names; nothing is asked of it yet.

        Raises NotFound for a context that does not exist.
        """
        if os.environ.get("DOCKER_HOST"):
            settings = docker.utils.kwargs_from_env()
            return cls(settings.get("base_url", os.environ["DOCKER_HOST"]), settings.get("tls") or None)
        name = os.environ.get("DOCKER_CONTEXT")
        try:
            context = docker.context.ContextAPI.get_context(name)
        except (docker.errors.DockerException, ValueError, KeyError, OSError) as error:
            raise NotFound(f"Docker's context {name or 'in use'} cannot be read: {error}") from error
        # The stub promises a context; the SDK returns None for a name it does not know.
        found: Any = context
        if found is None:
            raise NotFound(f"there is no Docker context {name}", hint="`docker context ls` lists them")
        address = context.Host or "unix:///var/run/docker.sock"
        return cls(address.replace("http+unix://", "unix://"), context.TLSConfig or None)

    def inspect(self, name: str) -> str:
        """Return the engine's JSON about one container, at most 8 MiB of it."""
        checked = self._checked(name)
        with self._door(f"the container {checked}"):
            api = self._client.api
            url = f"{api.base_url}/v{api.api_version}/containers/{checked}/json"
            with api.get(url, stream=True, allow_redirects=False, timeout=_ANSWER_SECONDS) as reply:
                if reply.status_code == requests.codes.not_found:
                    self._no_container(checked)
                if reply.status_code != requests.codes.ok:
                    raise UnexpectedAnswer(
                        f"the engine at {self.address} answered {reply.status_code} about the container {checked}"
                    )
                body = reply.raw.read(_INSPECT_BYTES + 1)
        if len(body) > _INSPECT_BYTES:
            raise UnexpectedAnswer(f"the engine at {self.address} sent more than 8 MiB about the container {checked}")
        return str(body, "utf-8", "replace")

    def containers(self, *, everything: bool = True) -> tuple[str, ...]:
        """Return the ids of the containers, stopped ones too unless everything is False."""
        with self._door("its containers"):
            api: Any = self._client.api
            return tuple(str(found["Id"]) for found in api.containers(all=everything))

    def logs(
        self,
        name: str,
        *,
        lines: int | None,
        follow: bool = False,
        since: float | None = None,
        timestamps: bool = False,
    ) -> Iterator[bytes]:
        """Yield what the container wrote to its stdout and stderr, in chunks as they come."""
        checked = self._checked(name)
        with self._door(f"the log of the container {checked}"):
            tail: Any = "all" if lines is None else lines
            yield from self._client.api.logs(
                checked, stream=True, follow=follow, tail=tail, since=since, timestamps=timestamps
            )

    def file_facts(self, name: str, path: str) -> FileFacts:
        """Return what is at a path of a container, running or not, without fetching it."""
        checked, target = self._checked(name), ""
        with self._door(f"{path} in the container {checked}"):
            for _ in range(_LINKS):
                found = self._stat(checked, path)
                link = archive.link_of(found)
                if not link:
                    return archive.facts_of(found, target)
                path, target = link, target or link
                if path in OUTPUT_LINKS:
                    break
        return archive.link_facts(target, f"it leads to more links than {_LINKS}")

    def directory(self, name: str, path: str, *, limit: int) -> Listing:
        """Return the names in a directory of a container: its archive is read, 256 MiB of it at most."""
        checked = self._checked(name)
        with self._door(f"{path} in the container {checked}"):
            chunks, found = self._client.api.get_archive(checked, path)
            with closing(chunks):
                if archive.facts_of(found, "").kind is not FileKind.DIRECTORY:
                    raise NotFound(f"{checked}:{path} is not a directory")
                return archive.child_names(chunks, limit=limit, limit_bytes=_LISTING_BYTES)

    def read_file(self, name: str, path: str, *, limit_bytes: int) -> bytes:
        """Return the last limit_bytes of a regular file of a container, through the engine's archive."""
        return self.read_end(name, path, limit_bytes=limit_bytes)[1]

    def read_end(self, name: str, path: str, *, limit_bytes: int) -> tuple[int, bytes]:
        """Return the size of a regular file of a container and its last limit_bytes, through the engine's archive."""
        checked = self._checked(name)
        where = f"{checked}:{path}"
        with self._door(f"{path} in the container {checked}"):
            for _ in range(_LINKS):
                chunks, found = self._client.api.get_archive(checked, path)
                with closing(chunks):
                    link = archive.link_of(found)
                    if not link:
                        self._check_size(where, archive.facts_of(found, "").size_bytes)
                        return archive.last_bytes(chunks, where, limit_bytes)
                path = link
        raise Refused(f"{where} is a link that leads to more links than {_LINKS}")

    def file_chunks(self, name: str, path: str) -> Iterator[bytes]:
        """Yield the bytes of a regular file of a container from its beginning, through the engine's archive."""
        checked = self._checked(name)
        where = f"{checked}:{path}"
        with self._door(f"{path} in the container {checked}"):
            for _ in range(_LINKS):
                chunks, found = self._client.api.get_archive(checked, path)
                with closing(chunks):
                    link = archive.link_of(found)
                    if not link:
                        yield from archive.all_bytes(chunks, where)
                        return
                path = link
        raise Refused(f"{where} is a link that leads to more links than {_LINKS}")

    def exec_shell(self, name: str, command: tuple[str, ...], *, user: str | None = None) -> int:
        """Run an interactive command in a container, on this terminal or pipe, and return its exit status."""
        # Only this command needs them, and terminals take their time to load.
        from regops.adapters.container.terminal import has_terminal, terminal_name
        from regops.adapters.engine.exec import relay_exec

        terminal = has_terminal()
        self.inspect(name)  # says better than exec what is the matter with a name
        checked = self._checked(name)
        environment = {"TERM": terminal_name()} if terminal else None
        with self._door(f"{command[0]} in the container {checked}"):
            api: Any = self._client.api
            made = api.exec_create(
                checked,
                list(command),
                stdin=True,
                tty=terminal,
                user=user or "",
                environment=environment,
                detach_keys=_DETACH_KEYS,
            )
            connection = api.exec_start(made["Id"], tty=terminal, socket=True)
        refusal = relay_exec(
            connection,
            terminal=terminal,
            resize=lambda rows, columns: self._resize(made["Id"], rows, columns),
            began=lambda: self._began(made["Id"]),
        )
        with self._door(f"how {command[0]} ended in the container {checked}"):
            found = api.exec_inspect(made["Id"])
        if not found.get("Pid"):
            # Older engines give 126 whatever the reason is, which only their words tell.
            is_missing = found.get("ExitCode") == ExitStatus.NO_PROGRAM or _MISSING.search(refusal)
            raise (NoProgram if is_missing else CannotRun)(
                f"the container {checked} has no {command[0]} that can be run: "
                f"{refusal.rpartition('unable to start container process: ')[2] or 'the engine says no reason'}",
                hint=f"`regops enter {checked} -- COMMAND` runs another program; `regops logs {checked}` needs none",
            )
        return int(found.get("ExitCode") or 0)

    def image_id(self, reference: str) -> str | None:
        """Return the id of a local image, or None."""
        found = self._image(reference)
        return None if found is None else str(found["Id"])

    def image(self, reference: str) -> ImageFacts | None:
        """Return what the engine knows of a local image, or None where there is no such image."""
        found = self._image(reference)
        return None if found is None else images.image_facts(found)

    def image_labels(self, reference: str) -> Mapping[str, str] | None:
        """Return the labels of a local image, or None where there is no such image."""
        found = self._image(reference)
        return None if found is None else (found.get("Config", {}).get("Labels") or {})

    def pull(self, reference: str, *, timeout_seconds: float) -> None:
        """Fetch an image. Raises Failed with the engine's reason when it cannot be had in time."""
        ends = time.monotonic() + timeout_seconds
        repository, _, tag = reference.partition(":")
        with self._door(f"the image {reference}", failure=Failed):
            api: Any = self._client.api
            for event in api.pull(repository, tag=tag or "latest", stream=True, decode=True):
                if "error" in event:
                    raise Failed(f"the engine cannot pull {reference}: {event['error']}")
                if time.monotonic() > ends:
                    raise Failed(f"the engine did not pull {reference} within {timeout_seconds:g} s")

    def import_image(self, tarball: BinaryIO, reference: str) -> str:
        """Make an image of a root file system and return its id."""
        repository, _, tag = reference.partition(":")
        with self._door(f"the import of {reference}", failure=Failed):
            # Chunks, not the file: for one whose length it can find out, requests sends no chunks, and the SDK has
            # announced some.
            chunks: Any = iter(lambda: tarball.read(_CHUNK_BYTES), b"")
            self._client.api.import_image_from_stream(chunks, repository=repository, tag=tag or "latest")
        found = self.image_id(reference)
        if found is None:
            raise Failed(f"the engine took the root file system of {reference} and made no image of it")
        return found

    def save(self, reference: str) -> Iterator[bytes]:
        """Yield the tarball of an image, as `docker save` writes it."""
        images.check_reference(reference)
        with self._door(f"the image {reference}", seconds=images.SILENT_SECONDS):
            yield from images.saved(self._client.api, reference)

    def load(self, tarball: Iterator[bytes]) -> Iterator[str]:
        """Send the tarball of images to the engine as it comes, and yield what the engine says, line by line."""
        with self._door("the tarball", failure=Failed, seconds=images.SILENT_SECONDS):
            yield from images.loaded(self._client.api, tarball)

    def push(self, image: str, reference: str) -> Iterator[PushEvent]:
        """Give a local image another name and push it there, with Docker's own credentials for that registry."""
        images.check_reference(image)
        images.check_reference(reference)
        with self._door(f"the push of {reference}", failure=Failed):
            yield from pushed(self._client.api, image, reference)

    def export(self, name: str) -> Iterator[bytes]:
        """Yield a container's file system as a tar."""
        checked = self._checked(name)
        with self._door(f"the file system of the container {checked}"):
            yield from self._client.api.export(checked, chunk_size=_CHUNK_BYTES)

    def run(self, image: str, **options: Any) -> str:
        """Create and start a container, return its id."""
        with self._patient_door(f"a container of {image}", failure=Failed):
            try:
                return str(self._client.containers.run(image, detach=True, **options).id)
            except docker.errors.APIError as error:
                said = str(error.explanation or error)
                if taken := _PORT_TAKEN.search(said):
                    raise PortTaken(taken["address"], int(taken["port"]), taken["reason"]) from error
                if missing := _NO_NETWORK.search(said):
                    raise NotFound(
                        f"the engine at {self.address} has no network {missing['name']}",
                        hint="`docker network ls` lists them",
                    ) from error
                raise

    def start(self, name: str) -> None:
        """Start a stopped container; unpause a paused one."""
        checked = self._checked(name)
        with self._door(f"the container {checked}", failure=Failed):
            container = self._client.containers.get(checked)
            if container.status == "paused":
                container.unpause()
            else:
                container.start()

    def set_restart(self, name: str, policy: str) -> None:
        """Say when the engine starts a container again by itself: no, on-failure, always or unless-stopped."""
        checked = self._checked(name)
        with self._patient_door(f"the restart policy of the container {checked}", failure=Failed):
            api: Any = self._client.api
            api.update_container(checked, restart_policy={"Name": policy})

    def remove(self, name: str) -> None:
        """Stop and remove a container with its anonymous volumes."""
        checked = self._checked(name)
        with self._patient_door(f"the container {checked}", missing_is_fine=True):
            self._client.api.remove_container(checked, v=True, force=True)

    def ensure_network(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a bridge network with these labels unless it exists."""
        api: Any = self._client.api
        create = partial(api.create_network, name, driver="bridge", labels=dict(labels))
        self._ensure(f"the network {name}", labels, partial(api.inspect_network, name), create)

    def ensure_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a volume with these labels unless it exists."""
        api: Any = self._client.api
        create = partial(api.create_volume, name, labels=dict(labels))
        self._ensure(f"the volume {name}", labels, partial(api.inspect_volume, name), create)

    def remove_network(self, name: str, labels: Mapping[str, str]) -> bool:
        """Remove a network that has these labels, and return whether there was one."""
        api: Any = self._client.api

        def remove() -> None:
            found: dict[str, Any] = api.inspect_network(name).get("Containers") or {}
            on_it = sorted(str(one["Name"]) for one in found.values())
            if on_it:
                raise Refused(
                    f"the network {name} is used by {', '.join(on_it)}",
                    hint=f"if they are not needed: docker rm -f {' '.join(on_it)}",
                )
            api.remove_network(name)

        return self._remove(f"the network {name}", labels, partial(api.inspect_network, name), remove)

    def remove_volume(self, name: str, labels: Mapping[str, str]) -> bool:
        """Remove a volume that has these labels, and return whether there was one."""
        api: Any = self._client.api
        what = f"the volume {name}"
        return self._remove(what, labels, partial(api.inspect_volume, name), partial(api.remove_volume, name))

    def labelled(self, label: str) -> Mapping[str, tuple[str, ...]]:
        """Return what carries a label, by the label's values: `container web`, `network web`, `volume web-files`."""
        with self._door(f"what has the label {label}"):
            api: Any = self._client.api
            filters = {"label": label}
            things = [
                *(("container", one["Names"][0][1:], one) for one in api.containers(all=True, filters=filters)),
                *(("network", one["Name"], one) for one in api.networks(filters=filters)),
                *(("volume", one["Name"], one) for one in api.volumes(filters=filters)["Volumes"] or ()),
            ]
        found: dict[str, tuple[str, ...]] = {}
        for kind, name, one in things:
            value = str(one["Labels"][label])
            found[value] = (*found.get(value, ()), f"{kind} {name}")
        return found

    def remove_image(self, reference: str) -> None:
        """Remove an image."""
        images.check_reference(reference)
        with self._door(f"the image {reference}", missing_is_fine=True):
            self._client.api.remove_image(reference)

    @property
    def _client(self) -> docker.DockerClient:
        if self._connected is None:
            with self._door("its version"):
                self._connected = docker.DockerClient(
                    base_url=self.address, tls=self._tls or False, timeout=_ANSWER_SECONDS
                )
        return self._connected

    def _began(self, exec_id: str) -> bool:
        """Return whether a program was started; its first output may be here before the engine knows its pid."""
        api: Any = self._client.api
        while True:
            found = api.exec_inspect(exec_id)
            if found.get("Pid") or not found.get("Running"):
                return bool(found.get("Pid"))
            time.sleep(0.02)

    def _resize(self, exec_id: str, rows: int, columns: int) -> None:
        # The engine answers before the program runs, and only then has it a terminal to resize.
        api: Any = self._client.api
        for _ in range(_RESIZES):
            try:
                api.exec_resize(exec_id, height=rows, width=columns)
            except docker.errors.APIError:
                time.sleep(0.02)
            else:
                return

    def _stat(self, checked: str, path: str) -> dict[str, Any]:
        api = self._client.api
        url = f"{api.base_url}/v{api.api_version}/containers/{checked}/archive"
        with api.head(url, params={"path": path}, allow_redirects=False, timeout=_ANSWER_SECONDS) as reply:
            if reply.status_code == requests.codes.not_found:
                raise NotFound(f"{checked}:{path} is not there")
            if reply.status_code != requests.codes.ok:
                raise UnexpectedAnswer(
                    f"the engine at {self.address} answered {reply.status_code} about {checked}:{path}"
                )
            return archive.decode_stat(reply.headers.get("X-Docker-Container-Path-Stat"))

    @staticmethod
    def _check_size(where: str, size_bytes: int) -> None:
        if size_bytes > _ARCHIVE_BYTES:
            raise Refused(
                f"{where} has {size_words(size_bytes)}, and the engine can only send it whole",
                hint="read it as root on the engine's host: only its end is read there",
            )

    def _image(self, reference: str) -> dict[str, Any] | None:
        images.check_reference(reference)
        api: Any = self._client.api
        with self._door(f"the image {reference}"):
            try:
                return dict(api.inspect_image(reference))
            except docker.errors.ImageNotFound:
                return None

    def _ensure(
        self,
        what: str,
        labels: Mapping[str, str],
        inspect: Callable[[], Mapping[str, Any]],
        create: Callable[[], object],
    ) -> None:
        with self._door(what, failure=Failed):
            try:
                found = inspect()
            except docker.errors.NotFound:
                create()
                return
        if not _has_labels(found, labels):
            raise Refused(
                f"{what} is there at {self.address}, and was not made by regops", hint="choose another name: --name"
            )

    def _remove(
        self,
        what: str,
        labels: Mapping[str, str],
        inspect: Callable[[], Mapping[str, Any]],
        remove: Callable[[], object],
    ) -> bool:
        removed = False
        with self._door(what, missing_is_fine=True):
            if _has_labels(inspect(), labels):
                remove()
                removed = True
        return removed

    @staticmethod
    def _checked(name: str) -> str:
        # dockerd answers `..%2F` in a path with a redirect to another resource: nothing but a name may pass.
        if not _NAME.fullmatch(name):
            raise Refused(
                f"no container can be called {name[:80]!r}: a name has letters, digits, _, . and -, and begins with a "
                "letter or digit",
                hint="`docker ps --all` or `regops ps --all` lists them",
            )
        return name

    def _no_container(self, name: str) -> NoReturn:
        raise NotFound(
            f"the engine at {self.address} has no container {name}",
            hint="`regops ps` lists the registry containers, `regops ps --all` every container",
        )

    @contextmanager
    def _patient_door(self, what: str, **options: Any) -> Generator[None]:
        """Do as _door does, and let the engine take longer for its answers."""
        with self._door(what, seconds=_MAKING_SECONDS, **options):
            api: Any = self._client.api
            api.timeout = _MAKING_SECONDS
            try:
                yield
            finally:
                api.timeout = _ANSWER_SECONDS

    @contextmanager
    def _door(
        self,
        what: str,
        *,
        failure: type[RegopsError] = UnexpectedAnswer,
        missing_is_fine: bool = False,
        seconds: int = _ANSWER_SECONDS,
    ) -> Generator[None]:
        """Translate what docker and requests raise; what names the thing asked for, seconds the time it had."""
        try:
            yield
        except docker.errors.NotFound as error:
            if missing_is_fine:
                return
            raise NotFound(
                f"the engine at {self.address} does not have {what}: {error.explanation or error}",
                hint="`regops ps --all` lists the containers",
            ) from error
        except docker.errors.APIError as error:
            raise failure(f"the engine at {self.address} refused {what}: {error.explanation or error}") from error
        except tarfile.TarError as error:
            raise UnexpectedAnswer(f"the engine at {self.address} sent no archive for {what}: {error}") from error
        except (docker.errors.DockerException, requests.RequestException, OSError) as error:
            self._unreachable(error, what, seconds)

    def _unreachable(self, error: BaseException, what: str, seconds: int) -> NoReturn:
        causes = list(_chain(error))
        tried = f"the Docker engine at {self.address}, asked for {what}"
        if any(isinstance(cause, PermissionError) for cause in causes):
            raise PermissionDenied(
                f"{tried}: permission denied", hint="run as root, or as a member of the group `docker`"
            ) from error
        if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in causes):
            raise Unreachable(
                f"{tried}: no answer in {seconds} s",
                hint="is dockerd hung? see its log",
                phase=Phase.FIRST_BYTE,
                timed_out=True,
            ) from error
        reason = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), error)
        raise Unreachable(
            f"{tried}: {reason}",
            hint="is dockerd running? DOCKER_HOST or `docker context use` choose another engine",
            phase=Phase.CONNECT,
        ) from error


def _has_labels(found: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return labels.items() <= (found.get("Labels") or {}).items()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and everything it wraps: requests and urllib3 keep causes in args as well."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        found = waiting.pop(0)
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__, getattr(found, "reason", None)]
        waiting += [part for part in found.args if isinstance(part, BaseException)]
