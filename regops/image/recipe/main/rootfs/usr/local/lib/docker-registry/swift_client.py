"""As much of Swift as this image's own programs need: one container, its objects small, every request with a deadline.

Authenticates with Swift's v1 or Keystone 2.0 or 3 with a password, as the engine's storage driver does.
"""

import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from http_request import Answer, RequestFailed, request
from swift_settings import Named, Swift

_UNAUTHORIZED, _NOT_FOUND = 401, 404
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class NoEndpoint(RequestFailed):
    """Keystone knows us, and has no object store for us in its catalog."""


@dataclass(frozen=True)
class Session:
    """An account's address, and the token that opens it."""

    url: str
    token: str


class SwiftClient:
    """Asks one Swift container; keeps its token, and gets another when it is refused."""

    def __init__(self, swift: Swift) -> None:
        self._swift = swift
        self._lock = threading.Lock()
        self._session: Session | None = None

    def authenticate(self, ends: float) -> Session:
        """Return the session there is, or a new one. Raises RequestFailed or TimeoutError."""
        with self._lock:
            known = self._session
        if known is None:
            known = authenticate(self._swift, ends)
            with self._lock:
                self._session = known
        return known

    def object(
        self, method: str, name: str, ends: float, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Ask for an object of the container. Raises RequestFailed or TimeoutError."""
        return self._ask(method, f"/{quote(name)}", ends, body, headers)

    def container(self, method: str, ends: float, *, query: str = "") -> Answer:
        """Ask for the container itself. Raises RequestFailed or TimeoutError."""
        return self._ask(method, f"?{query}" if query else "", ends, None, None)

    def _ask(self, method: str, rest: str, ends: float, body: bytes | None, headers: dict[str, str] | None) -> Answer:
        known = self._session is not None
        try:
            return self._once(method, rest, ends, body, headers)
        except RequestFailed as error:
            if not known or error.status != _UNAUTHORIZED:
                raise
        # Tokens end, and Swift may forget them before that: a new one, once.
        with self._lock:
            self._session = None
        return self._once(method, rest, ends, body, headers)

    def _once(self, method: str, rest: str, ends: float, body: bytes | None, headers: dict[str, str] | None) -> Answer:
        session = self.authenticate(ends)
        url = f"{session.url}/{quote(self._swift.container, safe='')}{rest}"
        return request(method, url, ends, headers={**(headers or {}), "X-Auth-Token": session.token}, body=body)


def authenticate(swift: Swift, ends: float) -> Session:
    """Return a new session. Raises RequestFailed (NoEndpoint among them) or TimeoutError."""
    if swift.version == 1:
        return _version_1(swift, ends)
    url = f"{swift.auth_url}/{'tokens' if swift.version == 2 else 'auth/tokens'}"
    document = _question_2(swift) if swift.version == 2 else _question_3(swift)
    answer = request("POST", url, ends, headers=_JSON, body=json.dumps(document).encode())
    try:
        told = json.loads(answer.body)
        if swift.version == 2:
            token, catalog = told["access"]["token"]["id"], told["access"]["serviceCatalog"]
            found = [one for service in catalog if service["type"] == "object-store" for one in service["endpoints"]]
            places = [one.get(f"{swift.interface}URL") for one in found if swift.region in ("", one.get("region"))]
        else:
            token, catalog = answer.headers["X-Subject-Token"], told["token"]["catalog"]
            found = [one for service in catalog if service["type"] == "object-store" for one in service["endpoints"]]
            places = [
                one["url"]
                for one in found
                if one["interface"] == swift.interface and swift.region in ("", one.get("region"), one.get("region_id"))
            ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RequestFailed(f"POST {url}: the answer is not one of Keystone's, or lacks a catalog") from error
    place = next((one for one in places if one), None)
    if not isinstance(place, str) or not token:
        where = f" in the region {swift.region}" if swift.region else ""
        raise NoEndpoint(f"POST {url}: the catalog has no {swift.interface} object-store{where}")
    return Session(place.rstrip("/"), token)


def _version_1(swift: Swift, ends: float) -> Session:
    credentials = {"X-Auth-User": swift.username, "X-Auth-Key": swift.password}
    headers = request("GET", swift.auth_url, ends, headers=credentials).headers
    url, token = headers.get("X-Storage-Url"), headers.get("X-Auth-Token")
    if not url or not token:
        raise RequestFailed(f"GET {swift.auth_url}: no X-Storage-Url and X-Auth-Token in the answer")
    return Session(url.rstrip("/"), token)


def _question_2(swift: Swift) -> dict[str, Any]:
    project = {"tenantId": swift.project.id} if swift.project.id else {"tenantName": swift.project.name}
    return {"auth": {"passwordCredentials": {"username": swift.username, "password": swift.password}, **project}}


def _question_3(swift: Swift) -> dict[str, Any]:
    user = {"name": swift.username, "password": swift.password, "domain": _reference(swift.user_domain)}
    project: dict[str, Any] = _reference(swift.project)
    if not swift.project.id:
        project["domain"] = _reference(swift.project_domain)
    return {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": project},
        }
    }


def _reference(named: Named) -> dict[str, Any]:
    return {"id": named.id} if named.id else {"name": named.name}
