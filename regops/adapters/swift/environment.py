"""The variables by which OpenStack's users say who they are: `ST_*`, `OS_*`, or a token and an address.

Nothing is asked of a server here; what is missing or contradicts itself is named before anything is sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from regops.errors import ConfigurationError
from regops.secret import Secret, mask_broken_url

_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # Python's way to keep what is no UTF-8
_ALSO = {"OS_AUTH_TOKEN": "OS_TOKEN"}  # the swift client's name, and the openstack command's
_VERSION_VARIABLES = ("ST_AUTH_VERSION", "OS_IDENTITY_API_VERSION", "OS_AUTH_VERSION")
_YES = frozenset({"1", "t", "true", "on", "y", "yes"})
DEFAULT_DOMAIN = "default"


@dataclass(frozen=True, slots=True)
class Tls:
    """How far to trust the servers: cacert is a bundle instead of the usual one, cert and key are ours."""

    cacert: Path | None = None
    insecure: bool = False
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class V1Login:
    """A user name and a key for Swift's own authentication, version 1."""

    auth_url: str
    user: str
    key: Secret
    variables: str = "ST_*"


@dataclass(frozen=True, slots=True)
class TokenLogin:
    """A token that somebody else got, and where it is good."""

    storage_url: str
    token: Secret


@dataclass(frozen=True, slots=True)
class KeystoneLogin:
    """Credentials for Keystone: a user with a password, a token, or an application credential.

    auth_url ends in the version. Domains are the user's and the project's, by name or id; assumed_domain says that
    neither was set and that `default` was taken, as OpenStack's own client does. storage_url, if set, is used instead
    of the catalog's.
    """

    auth_url: str
    version: int
    user_name: str | None = None
    user_id: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    credential_id: str | None = None
    credential_name: str | None = None
    credential_secret: Secret | None = None
    user_domain_id: str | None = None
    user_domain_name: str | None = None
    project_id: str | None = None
    project_name: str | None = None
    project_domain_id: str | None = None
    project_domain_name: str | None = None
    assumed_domain: bool = False
    region: str | None = None
    interface: str = "public"
    storage_url: str | None = None

    @property
    def who(self) -> str:
        """The user, or what stands for one, for messages."""
        if self.credential_secret:
            return f"application credential {self.credential_id or self.credential_name}"
        return self.user_name or self.user_id or "the token's user"


Login = V1Login | TokenLogin | KeystoneLogin


def read_login(environ: Mapping[str, str]) -> tuple[Login, str]:
    """Return the credentials that the environment holds, and a note for the operator, or "".

    Of two complete sets Keystone's wins, for `ST_*` variables are usually the leftovers of another day; the version
    variables (OS_IDENTITY_API_VERSION=1) can say otherwise. Raises ConfigurationError naming what is missing.
    """
    env = _Variables(environ)
    version = _version(env)
    if env.get("OS_AUTH_TOKEN") and env.get("OS_STORAGE_URL"):
        return TokenLogin(env.url("OS_STORAGE_URL"), env.secret("OS_AUTH_TOKEN")), ""
    has_keystone, has_v1 = bool(env.get("OS_AUTH_URL")), bool(env.get("ST_AUTH"))
    if not has_keystone and not has_v1:
        raise _no_address(env)
    if has_v1 and (version == 1 or not has_keystone):
        return _v1(env), "OS_AUTH_URL is set too; version 1 was asked for" if has_keystone else ""
    if not has_v1:
        return _from_os(env, version), ""
    try:
        return _from_os(env, version), "ST_AUTH is set too and was not used; to use it, set ST_AUTH_VERSION=1"
    except ConfigurationError as incomplete:
        try:
            return _v1(env), f"OS_AUTH_URL is set too and was not used: {incomplete.message}"
        except ConfigurationError:
            raise incomplete from None


def read_tls(environ: Mapping[str, str]) -> Tls:
    """Return what OS_CACERT, OS_INSECURE, OS_CERT and OS_KEY say, and SSL_CERT_FILE where OS_CACERT is silent.

    Raises ConfigurationError for a file that is not there.
    """
    env = _Variables(environ)
    return Tls(
        cacert=env.file("OS_CACERT") or env.file("SSL_CERT_FILE"),
        insecure=any((env.get(name) or "").lower() in _YES for name in ("OS_INSECURE", "SWIFTCLIENT_INSECURE")),
        cert=env.file("OS_CERT"),
        key=env.file("OS_KEY"),
    )


def is_address(text: str) -> bool:
    """Return whether a text is an http or https address with a host, and a port that can be one."""
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port of letters, half an IPv6 address
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # behind a folder that is not ours, or longer than any name


class _Variables:
    """The environment, where an empty variable is one that is not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def get(self, name: str) -> str | None:
        name = self.called(name)
        value = self._environ.get(name)
        if value and _CONTROL.search(value):
            raise ConfigurationError(
                f"{name} holds a line break, another control character, or what is no UTF-8", hint=f"set {name} again"
            )
        return value or None

    def called(self, name: str) -> str:
        """Return the name that a variable has here."""
        also = _ALSO.get(name, name)
        return also if self._environ.get(also) and not self._environ.get(name) else name

    def check(self, *wanted: tuple[str, ...], why: str, hint: str = "source the openrc file of the project") -> None:
        """Raise ConfigurationError, naming all of them, where of some variables none is set."""
        missing = [" or ".join(names) for names in wanted if not any(map(self.get, names))]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            raise ConfigurationError(f"{', '.join(missing)} {verb} not set: {why}", hint=hint)

    def secret(self, name: str) -> Secret:
        return Secret(self.get(name) or "")

    def url(self, name: str) -> str:
        value = (self.get(name) or "").rstrip("/")
        if not is_address(value):
            raise ConfigurationError(
                f"{name} is no http or https address: {mask_broken_url(value)}", hint=f"set {name} to the whole address"
            )
        return value

    def file(self, name: str) -> Path | None:
        value = self.get(name)
        if value and not _is_file(Path(value)):
            raise ConfigurationError(f"{name} names a file that is not there: {value}", hint=f"correct or unset {name}")
        return Path(value) if value else None


def _version(env: _Variables) -> int | None:
    for name in _VERSION_VARIABLES:
        if value := env.get(name):
            major = value.removeprefix("v").partition(".")[0]
            if major not in {"1", "2", "3"}:
                raise ConfigurationError(f"{name} is {value}", hint=f"{name} can be 1, 2.0 or 3")
            return int(major)
    return None


def _no_address(env: _Variables) -> ConfigurationError:
    """Return what is missing where no variable says whom to ask for a token."""
    if env.get("OS_AUTH_TOKEN"):
        return ConfigurationError(
            f"{env.called('OS_AUTH_TOKEN')} is set, and nothing says where the token is good: "
            "OS_STORAGE_URL is missing beside it",
            hint="set OS_STORAGE_URL to the account's address, or OS_AUTH_URL and a project (OS_PROJECT_NAME)",
        )
    if env.get("OS_STORAGE_URL"):
        return ConfigurationError(
            "OS_STORAGE_URL is set, and nothing says who you are: OS_AUTH_TOKEN is missing beside it",
            hint="set OS_AUTH_TOKEN, or what a token is given for: OS_AUTH_URL or ST_AUTH, with their companions",
        )
    return ConfigurationError(
        "no credentials for Swift: neither OS_AUTH_URL (Keystone) nor ST_AUTH (version 1) is set",
        hint="source the openrc file of the project, name a cloud (--os-cloud), or set ST_AUTH, ST_USER and ST_KEY",
    )


def _v1(env: _Variables) -> V1Login:
    why = "version 1 of Swift's authentication needs ST_AUTH, ST_USER and ST_KEY"
    env.check(("ST_AUTH",), ("ST_USER",), ("ST_KEY",), why=why, hint="set all three; ST_USER is often ACCOUNT:USER")
    return V1Login(env.url("ST_AUTH"), env.get("ST_USER") or "", env.secret("ST_KEY"))


def _from_os(env: _Variables, version: int | None) -> Login:
    auth_url = env.url("OS_AUTH_URL")
    last = auth_url.rpartition("/")[2]
    named = {"v3": 3, "v2.0": 2, "v1.0": 1, "v1": 1}.get(last)
    if named and version and named != version:
        raise ConfigurationError(
            f"OS_AUTH_URL ends in {last}, but version {version} is asked for",
            hint=f"unset {' and '.join(name for name in _VERSION_VARIABLES if env.get(name))}, or change the address",
        )
    wanted = named or version or 3
    if wanted == 1:
        why = "OS_AUTH_URL is one of version 1, which needs a user and a password"
        env.check(("OS_USERNAME",), ("OS_PASSWORD",), why=why)
        return V1Login(auth_url, env.get("OS_USERNAME") or "", env.secret("OS_PASSWORD"), variables="OS_*")
    if not named:
        auth_url = f"{auth_url}/{'v3' if wanted == 3 else 'v2.0'}"
    base = KeystoneLogin(
        auth_url=auth_url,
        version=wanted,
        user_name=env.get("OS_USERNAME"),
        user_id=env.get("OS_USER_ID"),
        project_id=env.get("OS_PROJECT_ID") or env.get("OS_TENANT_ID"),
        project_name=env.get("OS_PROJECT_NAME") or env.get("OS_TENANT_NAME"),
        region=env.get("OS_REGION_NAME"),
        interface=(env.get("OS_INTERFACE") or env.get("OS_ENDPOINT_TYPE") or "public").removesuffix("URL"),
        storage_url=env.url("OS_STORAGE_URL") if env.get("OS_STORAGE_URL") else None,
    )
    login = _with_proof(env, base)
    return login if wanted == 2 else _with_domains(env, login)


def _with_proof(env: _Variables, login: KeystoneLogin) -> KeystoneLogin:
    """Add the password, token or application credential, and see that its companions are there."""
    if env.get("OS_APPLICATION_CREDENTIAL_ID") or env.get("OS_APPLICATION_CREDENTIAL_NAME"):
        env.check(("OS_APPLICATION_CREDENTIAL_SECRET",), why="the application credential needs it")
        return replace(
            login,
            credential_id=env.get("OS_APPLICATION_CREDENTIAL_ID"),
            credential_name=env.get("OS_APPLICATION_CREDENTIAL_NAME"),
            credential_secret=env.secret("OS_APPLICATION_CREDENTIAL_SECRET"),
            project_id=None,  # it belongs to one project, and Keystone refuses to be told which
            project_name=None,
        )
    with_token = bool(env.get("OS_AUTH_TOKEN") and not env.get("OS_PASSWORD"))
    user = () if with_token else (("OS_USERNAME", "OS_USER_ID"), ("OS_PASSWORD",))
    project = ("OS_PROJECT_NAME", "OS_TENANT_NAME", "OS_PROJECT_ID", "OS_TENANT_ID")
    env.check(*user, project, why="Keystone gives a token to a user, for a project")
    if with_token:
        return replace(login, token=env.secret("OS_AUTH_TOKEN"))
    return replace(login, password=env.secret("OS_PASSWORD"))


def _with_domains(env: _Variables, login: KeystoneLogin) -> KeystoneLogin:
    user = (env.get("OS_USER_DOMAIN_ID"), env.get("OS_USER_DOMAIN_NAME"))
    project = (env.get("OS_PROJECT_DOMAIN_ID"), env.get("OS_PROJECT_DOMAIN_NAME"))
    assumed = not any((*user, *project))
    fallback = next((found for found in (user, project) if any(found)), (DEFAULT_DOMAIN, None))
    user, project = (user if any(user) else fallback), (project if any(project) else fallback)
    return replace(
        login,
        user_domain_id=user[0],
        user_domain_name=None if user[0] else user[1],
        project_domain_id=project[0],
        project_domain_name=None if project[0] else project[1],
        assumed_domain=assumed,
    )
