"""OpenStack's identity service, versions 2.0 and 3: a token for a project, and where that project's store is."""

import http.client
import json
from typing import Any, NamedTuple

import requests
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v2, v3

from parsers.errors import ParseError
from parsers.keystone_error import parse_keystone_error
from parsers.secret_text import mask_secrets
from regops.adapters.swift.connection import tls_context
from regops.adapters.swift.environment import KeystoneLogin, Tls, is_address
from regops.adapters.swift.session import SafeSession
from regops.errors import AuthenticationFailed, NotFound, RegopsError, Unavailable, UnexpectedAnswer
from regops.model.tarball import StoreAccount
from regops.secret import Secret, mask_url

_v2: Any = v2  # their types ask for more than Keystone does
_v3: Any = v3
_OBJECT_STORE = "object-store"
_V3 = 3
_SHOWN_NAMES = 10
_SHOWN_CHARACTERS = 240
_MOST_ERROR_BYTES = 1 << 16
_ANOTHER = "is OS_AUTH_URL the address of Keystone? it usually ends in /v3, and a Swift's is another"
# What keystoneauth runs into when the JSON is not Keystone's.
_WRONG_SHAPES = (AttributeError, KeyError, RecursionError, TypeError, ValueError)
_NO_ANSWER = (exceptions.ClientException, requests.RequestException, *_WRONG_SHAPES)


class _Endpoint(NamedTuple):
    region: str
    interface: str
    url: str


def authenticate_keystone(login: KeystoneLogin, tls: Tls, timeout_seconds: float) -> tuple[StoreAccount, Secret]:
    """Return the account and a token for its project.

    Raises AuthenticationFailed (saying whether the user or the project was refused), NotFound for an address without
    Keystone or a catalog without the store, UnexpectedAnswer, and what HTTP raises.
    """
    web = _session(login, tls, timeout_seconds)
    try:
        access = _plugin(login).get_access(web)
        token, endpoints = str(access.auth_token), _endpoints(access.service_catalog)
        project = _text(access.project_name)
    except (exceptions.Unauthorized, exceptions.Forbidden) as error:
        is_keystones = _said(login, error) is not None
        raise (_refusal(login, web) if is_keystones else _unexpected(login, error)) from error
    except exceptions.NotFound as error:
        # Keystone's answer to a token that it does not know, too.
        raise (_refusal(login, web) if login.token else _no_keystone(login)) from error
    except exceptions.ConnectionError as error:
        raise error.__context__ or error from None  # keystoneauth quotes what requests said; we translate the original
    except (exceptions.ClientException, *_WRONG_SHAPES) as error:
        raise _unexpected(login, error) from error
    account = StoreAccount(
        method=f"keystone {'v3' if login.version == _V3 else 'v2.0'}",
        auth_url=mask_url(login.auth_url),
        user=login.who,
        project=project or login.project_name or login.project_id,
        region=login.region,
        storage_url=(login.storage_url or _choose(login, endpoints)).rstrip("/"),
        variables="OS_*",
    )
    return account, Secret(token)


def _session(login: KeystoneLogin, tls: Tls, timeout_seconds: float) -> session.Session:
    return session.Session(
        session=SafeSession(login.auth_url, tls_context(tls)),
        verify=not tls.insecure,
        timeout=timeout_seconds,
        redirect=False,
        user_agent="regops",
    )


def _plugin(login: KeystoneLogin, *, unscoped: bool = False) -> Any:
    """Return keystoneauth's way of asking for a token; unscoped leaves the project out."""
    if login.version != _V3:
        project: dict[str, Any] = {} if unscoped else {"tenant_id": login.project_id, "tenant_name": login.project_name}
        if login.token:
            return _v2.Token(login.auth_url, login.token.reveal(), **project)
        password = login.password.reveal() if login.password else None
        return _v2.Password(
            login.auth_url, username=login.user_name, user_id=login.user_id, password=password, **project
        )
    scope: dict[str, Any] = {"unscoped": True}
    if not unscoped:
        scope = {"project_id": login.project_id}
        if not login.project_id and login.project_name:
            scope = {
                "project_name": login.project_name,
                "project_domain_id": login.project_domain_id,
                "project_domain_name": login.project_domain_name,
            }
    user: dict[str, Any] = {
        "user_id": login.user_id,
        "username": None if login.user_id else login.user_name,
        "user_domain_id": None if login.user_id else login.user_domain_id,
        "user_domain_name": None if login.user_id else login.user_domain_name,
    }
    if login.credential_secret:
        if login.credential_id:
            user = {}
        return _v3.ApplicationCredential(
            login.auth_url,
            application_credential_secret=login.credential_secret.reveal(),
            application_credential_id=login.credential_id,
            application_credential_name=None if login.credential_id else login.credential_name,
            **user,
        )
    if login.token:
        return _v3.Token(login.auth_url, token=login.token.reveal(), **scope)
    password = login.password.reveal() if login.password else ""
    return _v3.Password(login.auth_url, password=password, **user, **scope)


def _endpoints(catalog: Any) -> list[_Endpoint]:
    return [
        _Endpoint(
            _text(endpoint.get("region_id") or endpoint.get("region")),
            str(endpoint.get("interface")).removesuffix("URL"),
            str(endpoint.get("url")),
        )
        for service in catalog.normalize_catalog()
        if service.get("type") == _OBJECT_STORE
        for endpoint in service.get("endpoints", [])
    ]


def _choose(login: KeystoneLogin, endpoints: list[_Endpoint]) -> str:
    where = f"the catalog of {mask_url(login.auth_url)}"
    if not endpoints:
        raise NotFound(
            f"{where} has no object-store endpoint for this project",
            hint="is this the cloud, and the project, that has Swift? OS_STORAGE_URL can name its address",
        )
    here = [endpoint for endpoint in endpoints if not login.region or endpoint.region == login.region]
    if not here:
        raise NotFound(
            f"{where} has no object-store endpoint in the region {login.region}",
            hint=f"OS_REGION_NAME can be {_names(endpoint.region for endpoint in endpoints)}",
        )
    for endpoint in here:
        if endpoint.interface == login.interface:
            if not is_address(endpoint.url):
                raise UnexpectedAnswer(
                    f"{where} gives an address for the object-store that is none: {mask_url(endpoint.url)}",
                    hint="OS_STORAGE_URL can name the right one",
                )
            return endpoint.url
    raise NotFound(
        f"{where} has no {login.interface} object-store endpoint" + (f" in {login.region}" if login.region else ""),
        hint=f"OS_INTERFACE can be {_names(endpoint.interface for endpoint in here)}",
    )


def _refusal(login: KeystoneLogin, web: session.Session) -> RegopsError:
    """Tell a refused user from a refused project, by asking for a token without one."""
    where = mask_url(login.auth_url)
    if login.credential_secret or login.token:
        what, variable = (
            (login.who, "OS_APPLICATION_CREDENTIAL_SECRET")
            if login.credential_secret
            else ("the token", "OS_AUTH_TOKEN or OS_TOKEN")
        )
        return AuthenticationFailed(
            f"Keystone at {where} refused {what}", hint=f"it may have expired or been revoked; check {variable}"
        )
    assumed = "; no domain is set, so 'default' was taken" if login.assumed_domain else ""
    domain = login.user_domain_name or login.user_domain_id
    who = f"{login.who} (domain {domain})" if login.version == _V3 and not login.user_id else login.who
    try:
        token = str(_plugin(login, unscoped=True).get_access(web).auth_token)
    except _NO_ANSWER:
        hint = "check OS_USERNAME and OS_PASSWORD"
        if assumed:
            hint += ", and set OS_USER_DOMAIN_NAME and OS_PROJECT_DOMAIN_NAME if the domain is another"
        elif login.version == _V3:
            hint += ", and OS_USER_DOMAIN_NAME"
        return AuthenticationFailed(
            f"Keystone at {where} refused {who}: no such user, or a wrong password (it does not say which){assumed}",
            hint=hint,
        )
    message = (
        f"Keystone at {where} knows {who}, but has no project {login.project_name or login.project_id} for that user"
    )
    try:
        projects = _projects(login, web, token)
    except (*_NO_ANSWER, RegopsError):
        return AuthenticationFailed(
            f"{message}; which ones it has, it does not say{assumed}",
            hint="check OS_PROJECT_NAME and OS_PROJECT_DOMAIN_NAME",
        )
    return AuthenticationFailed(
        f"{message}{assumed}",
        hint=f"OS_PROJECT_NAME can be {_names(projects)}" if projects else "no project is open to this user",
    )


def _projects(login: KeystoneLogin, web: session.Session, token: str) -> list[str]:
    path, key = ("/auth/projects", "projects") if login.version == _V3 else ("/tenants", "tenants")
    answer = web.get(f"{login.auth_url}{path}", headers={"X-Auth-Token": token}, authenticated=False, log=False)
    return [str(project["name"]) for project in answer.json()[key]]


def _no_keystone(login: KeystoneLogin) -> NotFound:
    return NotFound(
        f"{mask_url(login.auth_url)} answered 404: no Keystone of this version is there",
        hint="OS_AUTH_URL usually ends in /v3 (or /v2.0 on old clouds); OS_IDENTITY_API_VERSION says which to ask for",
    )


def _unexpected(login: KeystoneLogin, error: Exception) -> RegopsError:
    where = mask_url(login.auth_url)
    status = getattr(error, "http_status", None)
    if not isinstance(status, int) or not status:
        return UnexpectedAnswer(f"what {where} answered is not what Keystone answers", hint=_ANOTHER)
    message, said = f"{where} answered {status} where a token was expected", _said(login, error)
    if status >= http.client.INTERNAL_SERVER_ERROR:
        return Unavailable(f"{message}: {said}" if said else message, hint="is Keystone well? its log says more")
    if said is None:
        return UnexpectedAnswer(f"{message}, and not as Keystone does", hint=_ANOTHER)
    hint = "check the domains, the user and the project of the credentials"
    if login.assumed_domain:
        hint = "no domain is set, the usual reason: OS_USER_DOMAIN_NAME and OS_PROJECT_DOMAIN_NAME name it"
    return UnexpectedAnswer(f"{message}: {said}" if said else message, hint=hint)


def _said(login: KeystoneLogin, error: Exception) -> str | None:
    """Return what Keystone says of a failure, None for an answer that is none of Keystone's.

    What does not fit a field, Keystone quotes: a message with a secret of ours in it is as good as none.
    """
    body: bytes = getattr(getattr(error, "response", None), "content", b"")
    try:
        said = parse_keystone_error(body[:_MOST_ERROR_BYTES].decode("utf-8", "replace"), source="Keystone")
    except ParseError:
        return None
    ours = [one.reveal() for one in (login.password, login.token, login.credential_secret) if one]
    if any(form in said for one in ours for form in (one, repr(one)[1:-1], json.dumps(one)[1:-1])):
        return ""
    line = mask_secrets(" ".join(said.split()))
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}…"


def _names(found: Any) -> str:
    names = sorted({str(name) for name in found if name})
    rest = len(names) - _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
