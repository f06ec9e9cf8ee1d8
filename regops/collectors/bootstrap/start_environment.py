"""The variables that a registry's container is started with: from a file, or from this environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from parsers.env_file import parse_env_file
from parsers.errors import ParseError
from regops.errors import ConfigurationError
from regops.model.image import ImageFacts

# What registry images read of an environment: docs/reference/image.md has them, of OS_* all but OS_CACERT, which is a
# file in the container; STORAGE_PATH is the classic images'.
PASSED = (
    "SETTINGS_FLAVOR",
    "OS_AUTH_URL",
    "OS_IDENTITY_API_VERSION",
    "OS_USERNAME",
    "OS_PASSWORD",
    "OS_TENANT_NAME",
    "OS_TENANT_ID",
    "OS_PROJECT_NAME",
    "OS_PROJECT_ID",
    "OS_USER_DOMAIN_NAME",
    "OS_USER_DOMAIN_ID",
    "OS_PROJECT_DOMAIN_NAME",
    "OS_PROJECT_DOMAIN_ID",
    "OS_REGION_NAME",
    "OS_INTERFACE",
    "OS_CONTAINER",
    "STORAGE_PATH",
    "HTTP_SECRET",
    "TLS_NAMES",
)
# The flavor that keeps images in files.
LOCAL = "local"
_V1 = {"ST_AUTH": "OS_AUTH_URL", "ST_USER": "OS_USERNAME", "ST_KEY": "OS_PASSWORD"}


@dataclass(frozen=True, slots=True)
class Given:
    """A registry's variables; auth_name is the variable that Swift's address was given in."""

    variables: Mapping[str, str]
    auth_name: str = "OS_AUTH_URL"


def registry_environment(environ: Mapping[str, str], env_file: tuple[str, str] | None) -> Given:
    """Return the variables for the container.

    env_file is the name and text of a file; what it says is all that counts then, so that a registry does not depend on
    the shell it was started from. Without one they are taken from environ by name, and Swift's ST_* where none of their
    OS_* counterparts is set. Raises ConfigurationError for a file that cannot be used.
    """
    if env_file is not None:
        return Given(_from_file(environ, *env_file))
    found = {name: environ[name] for name in PASSED if environ.get(name)}
    if set(_V1.values()) & set(found):
        return Given(found)
    return Given(found | {name: environ[given] for given, name in _V1.items() if environ.get(given)}, "ST_AUTH")


def check_swift(given: Given, image: ImageFacts, network: str | None) -> None:
    """Raise ConfigurationError where a Swift is given that the registry would not use, or could not reach."""
    own = image.environment.get("SETTINGS_FLAVOR", "")
    swift = [name for name in given.variables if name.startswith("OS_") and given.variables[name]]
    if swift and "SETTINGS_FLAVOR" not in given.variables and own in {"", LOCAL}:
        named = given.auth_name if "OS_AUTH_URL" in swift else swift[0]
        raise ConfigurationError(
            f"{named} is set, for a Swift, and SETTINGS_FLAVOR is not: "
            + (
                "the image's own flavor, local, keeps images in the container"
                if own
                else "the image has none of its own"
            ),
            hint="SETTINGS_FLAVOR=prod or qa keeps images in Swift, qa-noes too, without a search index; "
            "SETTINGS_FLAVOR=local keeps them in the container",
        )
    if given.variables.get("SETTINGS_FLAVOR") != LOCAL:
        _check_reachable(given, network)


def _check_reachable(given: Given, network: str | None) -> None:
    """Raise ConfigurationError for a Swift on the loopback, which inside a container is the container."""
    try:
        host = urlsplit(given.variables.get("OS_AUTH_URL", "")).hostname or ""
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return
    if loopback:
        raise ConfigurationError(
            f"{given.auth_name} is {host}, and inside the container that is the container itself",
            hint="name Swift by an address that containers reach: of one in another container its name"
            + ("" if network else ", and its network: --network"),
        )


def _from_file(environ: Mapping[str, str], name: str, text: str) -> dict[str, str]:
    try:
        given = parse_env_file(text, source=name)
    except ParseError as error:
        told = f"{error.source}, line {error.line}: {error.reason}"
        raise ConfigurationError(told, hint="one NAME=VALUE on each line, as docker's --env-file") from error
    missing = sorted(found.line for key, found in given.items() if found.value is None and key not in environ)
    if missing:
        # Not what stands there: it may be a password that was pasted without its name.
        lines = f"line{'s'[: len(missing) - 1]} {', '.join(map(str, missing))}"
        raise ConfigurationError(
            f"{name}, {lines}: without a value, a variable is taken from the environment, where it is not set",
            hint="export it, or write NAME=VALUE",
        )
    return {key: environ[key] if found.value is None else found.value for key, found in given.items()}
