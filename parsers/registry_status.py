"""The classic registry's `/_status`: which services it looked at, and what went wrong with each.

    {"failures": {"redis": "unconfigured"}, "host": "d1a4c9ceb538", "services": ["redis", "storage"]}

Source: docker-registry 0.8, docker_registry/status.py. A service without a failure works. `unconfigured` is not a
failure of redis but the word for a registry that has none. The HTTP status says less than the body does.
"""

from dataclasses import dataclass
from typing import TypeVar

from parsers.errors import ParseError
from parsers.json_text import as_list, as_object, parse_json, type_name

UNCONFIGURED = "unconfigured"
_MOST = 100
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Failure:
    """What the registry says went wrong with one service, in its own words."""

    service: str
    text: str


@dataclass(frozen=True, slots=True)
class RegistryStatus:
    """One answer of `/_status`.

    host is the name of the container, None when it names none; services and failures keep their order, at most 100
    each; oddities say, in words, what in the answer was not as it should be.
    """

    host: str | None
    services: tuple[str, ...]
    failures: tuple[Failure, ...]
    oddities: tuple[str, ...]

    def failure(self, service: str) -> str | None:
        """Return what is said against a service, None when nothing is."""
        return next((failure.text for failure in self.failures if failure.service == service), None)


def parse_registry_status(text: str, *, source: str) -> RegistryStatus:
    """Return what `/_status` says, with whatever was odd about it.

    Raises ParseError when the text is no JSON object, or one with neither services nor failures.
    """
    document = parse_json(text, source=source)
    body = as_object(document.value)
    if body is None or not ("services" in body or "failures" in body):
        raise ParseError("expected an object with services and failures", source=source, line=1, text=text)
    oddities = [f"the name {name} comes more than once" for name in document.duplicates]
    return RegistryStatus(
        host=_host(body.get("host"), oddities),
        services=_services(body.get("services"), oddities),
        failures=_failures(body.get("failures"), oddities),
        oddities=tuple(oddities[:_MOST]),
    )


def _host(value: object, oddities: list[str]) -> str | None:
    if value is None or isinstance(value, str):
        return value
    oddities.append(f"host is {type_name(value)}, not a text")
    return None


def _services(value: object, oddities: list[str]) -> tuple[str, ...]:
    listed = as_list(value)
    if listed is None:
        oddities.append(f"services is {type_name(value)}, not a list")
        return ()
    names = dict.fromkeys(name for name in listed if isinstance(name, str))
    if any(not isinstance(name, str) for name in listed):
        oddities.append("services holds something that is not a text")
    return _bounded(tuple(names), "services", oddities)


def _failures(value: object, oddities: list[str]) -> tuple[Failure, ...]:
    mapping = as_object(value)
    if mapping is None:
        oddities.append(f"failures is {type_name(value)}, not an object")
        return ()
    failures: list[Failure] = []
    for service, said in mapping.items():
        if isinstance(said, str) and not said:
            continue  # 0.8 itself counts only a text that is not empty
        if not isinstance(said, str):
            oddities.append(f"what failed of {service} is {type_name(said)}, not a text")
        failures.append(Failure(service=service, text=said if isinstance(said, str) else f"({type_name(said)})"))
    return _bounded(tuple(failures), "failures", oddities)


def _bounded(items: tuple[Item, ...], name: str, oddities: list[str]) -> tuple[Item, ...]:
    if len(items) > _MOST:
        oddities.append(f"{name} has {len(items)} entries; {_MOST} are looked at")
    return items[:_MOST]
