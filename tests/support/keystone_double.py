"""A Keystone of a few lines: version 2.0, which no real one offers any more, and as much of version 3 as fails."""

import json
import ssl
from collections.abc import Callable, Mapping
from typing import Any

from fault_server import FaultServer, Peer

USER, PASSWORD, PROJECTS = "alice", "wonder", ("images", "archive")
Endpoint = Mapping[str, str]
"""One endpoint: region, interface (public, internal), url."""


def keystone_double(
    endpoints: Callable[[], list[Endpoint]], *, tls: ssl.SSLContext | None = None, projects_status: int = 200
) -> FaultServer:
    """Return a Keystone with one user, to be used as a context manager; its addresses are url/v2.0 and url/v3.

    projects_status is what it answers to whoever asks for a user's projects.
    """

    def script(peer: Peer) -> None:
        body = json.loads(read_body(peer) or b"{}")
        match peer.path:
            case "/v2.0/tenants" | "/v3/auth/projects" if projects_status != 200:
                peer.reply(projects_status, "{}")
            case "/v2.0/tokens":
                tokens_v2(peer, body["auth"], endpoints())
            case "/v2.0/tenants":
                peer.reply(200, json.dumps({"tenants": [{"id": name, "name": name} for name in PROJECTS]}))
            case "/v3/auth/tokens":
                tokens_v3(peer, body["auth"], endpoints())
            case "/v3/auth/projects":
                peer.reply(200, json.dumps({"projects": [{"id": name, "name": name} for name in PROJECTS]}))
            case _:
                peer.reply(404, '{"error": {"code": 404, "message": "Not Found", "title": "Not Found"}}')

    return FaultServer(script, tls=tls)


def tokens_v2(peer: Peer, auth: Mapping[str, Any], endpoints: list[Endpoint]) -> None:
    credentials = auth.get("passwordCredentials", {})
    tenant = auth.get("tenantName") or auth.get("tenantId")
    if (credentials.get("username"), credentials.get("password")) != (USER, PASSWORD) or tenant not in {
        None,
        *PROJECTS,
    }:
        peer.reply(401, '{"error": {"code": 401, "message": "Invalid user / password", "title": "Unauthorized"}}')
        return
    token: dict[str, Any] = {"id": f"token of {tenant}", "expires": "2100-01-01T00:00:00Z"}
    if tenant:
        token["tenant"] = {"id": tenant, "name": tenant}
    regions = sorted({endpoint["region"] for endpoint in endpoints})
    found = [
        {
            "region": region,
            **{f"{one['interface']}URL": one["url"] for one in endpoints if one["region"] == region},
        }
        for region in regions
    ]
    catalog = [{"type": "object-store", "name": "swift", "endpoints": found}] if found else []
    user = {"id": "u1", "name": USER, "username": USER, "roles": [], "roles_links": []}
    peer.reply(200, json.dumps({"access": {"token": token, "user": user, "serviceCatalog": catalog}}))


def tokens_v3(peer: Peer, auth: Mapping[str, Any], endpoints: list[Endpoint]) -> None:
    user = auth["identity"].get("password", {}).get("user", {})
    scope = auth.get("scope", "unscoped")
    project = scope["project"].get("name") if isinstance(scope, dict) else None
    if (user.get("name"), user.get("password")) != (USER, PASSWORD) or project not in {None, *PROJECTS}:
        peer.reply(401, '{"error": {"code": 401, "message": "The request you have made requires authentication."}}')
        return
    domain = {"id": "default", "name": "Default"}
    token: dict[str, Any] = {
        "methods": ["password"],
        "user": {"id": "u1", "name": USER, "domain": domain},
        "expires_at": "2100-01-01T00:00:00.000000Z",
        "issued_at": "2000-01-01T00:00:00.000000Z",
    }
    if project:
        token["project"] = {"id": project, "name": project, "domain": domain}
        found = [{**one, "id": str(index), "region_id": one["region"]} for index, one in enumerate(endpoints)]
        token["catalog"] = [{"type": "object-store", "id": "s", "name": "swift", "endpoints": found}] if found else []
    peer.reply(201, json.dumps({"token": token}), {"X-Subject-Token": f"token of {project}"})


def read_body(peer: Peer) -> bytes:
    """Return what follows the head of a request."""
    body = peer.head.partition(b"\r\n\r\n")[2]
    wanted = int(peer.header("Content-Length") or 0)
    while len(body) < wanted:
        chunk = peer.connection.recv(wanted - len(body))
        if not chunk:
            break
        body += chunk
    return body
