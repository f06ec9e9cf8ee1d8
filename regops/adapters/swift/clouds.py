"""clouds.yaml and secure.yaml, in which OpenStack's users keep several clouds: one of them as the OS_* variables.

    clouds:
      prod:
        auth: {auth_url: https://keystone.example:5000/v3, username: ops, project_name: images, …}
        region_name: north

Source: openstacksdk's documentation, "Configuring OpenStack SDK Applications". The library itself brings some twenty
packages and takes longer to load than an object to list; what regops needs of it is a search path and two files.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from regops.errors import ConfigurationError

_MOST_BYTES = 1 << 20
_MOST_MERGED = 10_000
_NAMES = ("yaml", "yml", "json")
# In `auth`, and the variables that say the same.
_AUTH = {
    "auth_url": "OS_AUTH_URL",
    "username": "OS_USERNAME",
    "user": "OS_USERNAME",
    "user_id": "OS_USER_ID",
    "password": "OS_PASSWORD",
    "key": "OS_PASSWORD",
    "token": "OS_AUTH_TOKEN",
    "project_name": "OS_PROJECT_NAME",
    "project_id": "OS_PROJECT_ID",
    "tenant_name": "OS_TENANT_NAME",
    "tenant_id": "OS_TENANT_ID",
    "user_domain_name": "OS_USER_DOMAIN_NAME",
    "user_domain_id": "OS_USER_DOMAIN_ID",
    "project_domain_name": "OS_PROJECT_DOMAIN_NAME",
    "project_domain_id": "OS_PROJECT_DOMAIN_ID",
    "application_credential_id": "OS_APPLICATION_CREDENTIAL_ID",
    "application_credential_name": "OS_APPLICATION_CREDENTIAL_NAME",
    "application_credential_secret": "OS_APPLICATION_CREDENTIAL_SECRET",
}
# Beside `auth`.
_BESIDE = {
    "region_name": "OS_REGION_NAME",
    "interface": "OS_INTERFACE",
    "endpoint_type": "OS_INTERFACE",
    "identity_api_version": "OS_IDENTITY_API_VERSION",
    "cacert": "OS_CACERT",
    "cert": "OS_CERT",
    "key": "OS_KEY",
    "object_store_endpoint_override": "OS_STORAGE_URL",
}
_AUTH_TYPES = {
    "password": {},
    "token": {},
    "v2password": {"OS_IDENTITY_API_VERSION": "2"},
    "v2token": {"OS_IDENTITY_API_VERSION": "2"},
    "v3password": {"OS_IDENTITY_API_VERSION": "3"},
    "v3token": {"OS_IDENTITY_API_VERSION": "3"},
    "v3applicationcredential": {"OS_IDENTITY_API_VERSION": "3"},
    "v1password": {"OS_IDENTITY_API_VERSION": "1"},
}
# What a file leaves open on purpose, and the environment may fill in.
_FILLED_IN = (
    "OS_PASSWORD",
    "OS_APPLICATION_CREDENTIAL_SECRET",
    "OS_CACERT",
    "OS_INSECURE",
    "SSL_CERT_FILE",
)
# What of one cloud is meant, which OpenStack's own client lets the environment say before the file.
_CHOSEN = ("OS_REGION_NAME", "OS_INTERFACE")
_VARIABLE = re.compile(r"\bOS_[A-Z_]+\b")
_KEYS = {variable: key for key, variable in {**_BESIDE, **_AUTH}.items() if key not in {"user", "endpoint_type"}}


def cloud_environment(cloud: str, environ: Mapping[str, str]) -> tuple[dict[str, str], Path]:
    """Return one cloud of clouds.yaml as the variables that say the same, and the file that has it.

    Raises ConfigurationError, naming the file or where one was looked for, and the clouds that are there.
    """
    path, found = _clouds(cloud, environ)
    entry = _mapping(found.get(cloud))
    if entry is None:
        names = ", ".join(sorted(str(name)[:60] for name in found)[:10]) or "none"
        raise ConfigurationError(f"{path} has no cloud {cloud}", hint=f"--os-cloud can be {names}")
    secure = _secure(environ).get(cloud, {})
    merged = _merge(entry, _mapping(secure) or {})
    if "profile" in merged or "cloud" in merged:
        raise ConfigurationError(
            f"the cloud {cloud} in {path} leaves its address to a profile, {merged.get('profile')}",
            hint="regops carries no list of providers: write auth_url into its auth",
        )
    variables = _variables(merged, cloud, path)
    for name in (*_FILLED_IN, *_CHOSEN):
        if environ.get(name) and (name in _CHOSEN or not variables.get(name)):
            variables[name] = environ[name]
    return variables, path


def in_words_of_the_file(error: ConfigurationError, cloud: str, path: Path) -> ConfigurationError:
    """Return a complaint about variables as one about the cloud that stands for them."""
    message = _VARIABLE.sub(lambda found: _KEYS.get(found[0], found[0]), error.message)
    return ConfigurationError(f"the cloud {cloud} in {path}: {message}", hint=f"correct it in {path} (or secure.yaml)")


def _variables(merged: Mapping[str, Any], cloud: str, path: Path) -> dict[str, str]:
    auth = _mapping(merged.get("auth"))
    if auth is None:
        raise ConfigurationError(
            f"the cloud {cloud} in {path} has no auth", hint="it needs auth_url and so on below it"
        )
    auth_type = str(merged.get("auth_type") or "password")
    if auth_type not in _AUTH_TYPES:
        known = ", ".join(_AUTH_TYPES)
        raise ConfigurationError(
            f"the cloud {cloud} in {path} has the auth_type {auth_type}", hint=f"it can be {known}"
        )
    variables = dict(_AUTH_TYPES[auth_type])
    for table, source in ((_BESIDE, merged), (_AUTH, auth)):
        for key, variable in table.items():
            value = source.get(key)
            if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value):
                variables[variable] = str(value)
    regions: Any = merged.get("regions")
    if "OS_REGION_NAME" not in variables and isinstance(regions, list) and regions:
        first = cast("object", regions[0])
        variables["OS_REGION_NAME"] = str((_mapping(first) or {"name": first}).get("name"))
    if merged.get("verify") is False or merged.get("insecure") is True:
        variables["OS_INSECURE"] = "true"
    if "token" in auth_type:
        variables.pop("OS_PASSWORD", None)
    return variables


def _clouds(cloud: str, environ: Mapping[str, str]) -> tuple[Path, Mapping[str, Any]]:
    tried: list[Path] = []
    for path in _places(environ, "clouds", "OS_CLIENT_CONFIG_FILE"):
        tried.append(path)
        if _is_file(path):
            return path, _table(path, "clouds")
    by = "OS_CLOUD" if environ.get("OS_CLOUD") == cloud else "--os-cloud"
    if environ.get("OS_CLIENT_CONFIG_FILE"):
        raise ConfigurationError(
            f"{by} names the cloud {cloud}, and OS_CLIENT_CONFIG_FILE names no file that is there: {tried[0]}",
            hint="correct OS_CLIENT_CONFIG_FILE, or unset it to have clouds.yaml looked for in the usual places",
        )
    shown = ", ".join(dict.fromkeys(str(path.with_suffix(".yaml")) for path in tried))
    raise ConfigurationError(
        f"{by} names the cloud {cloud}, and there is no clouds.yaml: looked for {shown}",
        hint=f"OS_CLIENT_CONFIG_FILE can name the file; OS_* and ST_* variables count without {by}",
    )


def _secure(environ: Mapping[str, str]) -> Mapping[str, Any]:
    for path in _places(environ, "secure", "OS_CLIENT_SECURE_FILE"):
        if _is_file(path):
            return _table(path, "clouds")
    return {}


def _places(environ: Mapping[str, str], stem: str, variable: str) -> Iterator[Path]:
    """Yield where a file may be, in the order OpenStack's clients look."""
    if environ.get(variable):
        yield Path(environ[variable])
        return
    config = environ.get("XDG_CONFIG_HOME") or (f"{environ['HOME']}/.config" if environ.get("HOME") else "")
    folders = [Path(), *([Path(config) / "openstack"] if config else []), Path("/etc/openstack")]
    for folder in folders:
        for suffix in _NAMES:
            path = folder / f"{stem}.{suffix}"
            # regops runs as root in folders of other people, who would choose where its password goes.
            if folder != Path() or not os.path.lexists(path) or _is_ours(path):
                yield path


def _table(path: Path, key: str) -> Mapping[str, Any]:
    import yaml  # only for those who name a cloud

    class Loader(yaml.SafeLoader):
        """A reader that merges (`<<:`) no more than a file of clouds can need: each can double what is there."""

        merged = 0

        def flatten_mapping(self, node: Any) -> None:
            super().flatten_mapping(node)
            type(self).merged += len(node.value)
            if type(self).merged > _MOST_MERGED:
                raise yaml.YAMLError("it merges itself too often")

    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ConfigurationError(f"{path} is larger than {_MOST_BYTES >> 20} MiB, too large for a list of clouds")
        loaded: Any = yaml.load(content, Loader)  # noqa: S506 - it is a SafeLoader
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        # What the file says is not quoted: it holds passwords.
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path} is no YAML that can be read{where}") from error
    table = _mapping((_mapping(loaded) or {}).get(key))
    if table is None:
        raise ConfigurationError(f"{path} has no `{key}:` with the clouds below it")
    return table


def _merge(entry: Mapping[str, Any], secure: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cloud with its secrets; both may have an `auth`."""
    merged: dict[str, Any] = {**entry, **secure}
    auths = [auth for each in (entry, secure) if (auth := _mapping(each.get("auth"))) is not None]
    if auths:
        merged["auth"] = {key: value for auth in auths for key, value in auth.items()}
    return merged


def _mapping(value: object) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # HOME is another user's, as under sudo


def _is_ours(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not shared
