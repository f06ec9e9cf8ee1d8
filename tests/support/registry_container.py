"""Containers of the registry's image beside a lab's, with settings and a hardening of their own."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import docker
from docker.models.containers import Container

from image_client import Registry

SUPERVISOR = ("supervisorctl", "-c", "/etc/supervisor/supervisord.conf")
# All the image needs: to start each program as its own user, and to end it.
CAPABILITIES = ("KILL", "SETGID", "SETUID")
Lab = Mapping[str, Any]


class Running:
    """A container that runs; its doors are known once it does."""

    def __init__(self, container: Container) -> None:
        self.container = container

    def door(self, inside: int = 8080) -> Registry:
        self.container.reload()
        port = self.container.ports[f"{inside}/tcp"][0]["HostPort"]
        return Registry(f"{'https' if inside == 8443 else 'http'}://127.0.0.1:{port}")

    def inside(self, *command: str, user: str = "", fine: tuple[int, ...] = (0,)) -> str:
        """Return what a command inside says, which ends with one of these statuses."""
        status, output = self.container.exec_run(list(command), user=user)
        text: str = output.decode()
        assert status in fine, text
        return text

    def programs(self) -> dict[str, str]:
        """Return supervisord's word about each program."""
        # 3: one of them does not run.
        lines = [line.split() for line in self.inside(*SUPERVISOR, "status", fine=(0, 3)).splitlines()]
        return {words[0]: words[1] for words in lines}

    def pid(self, program: str) -> int:
        # Other statuses: it has none, which is told as 0.
        return int(self.inside(*SUPERVISOR, "pid", program, fine=tuple(range(8))))

    def status(self) -> tuple[int, dict[str, str]]:
        """Return what /_status answers; 0 when there is no answer of it."""
        with contextlib.suppress(OSError):
            status, _, body = self.door().ask("GET", "/_status")
            if body.startswith(b"{"):
                return status, json.loads(body)["failures"]
        return 0, {}

    def well(self) -> bool:
        with contextlib.suppress(OSError, KeyError, IndexError, TypeError):
            return self.status()[0] == 200 and self.door(8443).ask("GET", "/v2/")[0] in (200, 401)
        return False

    def logs(self) -> str:
        text: str = self.container.logs().decode()
        return text


def image_of(client: docker.DockerClient, lab: Lab) -> str:
    """Return the image a lab's registry was made of, by its id: its name may be another session's by now."""
    return str(client.containers.get(lab["registry"]["container"]).image.id)


def swift_settings(lab: Lab, swift_container: str) -> dict[str, str]:
    """Return how a registry keeps images in a container of a lab's Swift."""
    return {
        "OS_AUTH_URL": f"http://{lab['swift']['container']}:8080/auth/v1.0",
        "OS_USERNAME": lab["swift"]["user"],
        "OS_PASSWORD": lab["swift"]["key"],
        "OS_CONTAINER": swift_container,
    }


@contextlib.contextmanager
def started(
    client: docker.DockerClient, lab: Lab, name: str, image: str, environment: Mapping[str, str], **options: Any
) -> Iterator[Running]:
    """Start a container on a lab's network, and remove it with its volumes at the end."""
    wanted = {"cap_drop": ["ALL"], "cap_add": list(CAPABILITIES), **options}
    container = client.containers.run(
        image,
        name=f"{lab['registry']['container']}-{name}",
        network=lab["registry"]["container"],
        environment=dict(environment),
        ports={"8080/tcp": ("127.0.0.1", None), "8443/tcp": ("127.0.0.1", None)},
        detach=True,
        **wanted,
    )
    try:
        yield Running(container)
    finally:
        container.remove(force=True, v=True)


@contextlib.contextmanager
def well(
    client: docker.DockerClient, lab: Lab, name: str, image: str, environment: Mapping[str, str], **options: Any
) -> Iterator[Running]:
    """Start one and wait until it is well."""
    with started(client, lab, name, image, environment, **options) as running:
        until(running.well, f"{name} well", said=running.logs)
        yield running


def until(condition: Callable[[], object], what: str, seconds: float = 180, said: Callable[[], str] = str) -> None:
    """Wait for a condition."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"{what}: not within {seconds} s; {said()}"
        time.sleep(0.05)
