"""What nginx is told beyond its fixed configuration, as files that this includes. Nothing is read or written here.

PLAIN_HTTP          yes: images go over plain HTTP on 8080 as well; no, as when not set: the status pages alone
TRUSTED_PROXIES     the load balancers in front, as addresses or networks, separated by commas: what they say in
                    X-Forwarded-For and X-Forwarded-Proto is believed, and what others say there is not
NGINX_STATUS_ALLOW  who may read /nginx_status, beside the container itself: addresses, networks, and `gateway`, the
                    engine's side of the container's network (as when not set); `none` for nobody else
"""

import ipaddress
from collections.abc import Mapping

from settings_error import SettingsError

_YES, _NO = ("1", "on", "true", "yes"), ("", "0", "false", "no", "off")
_CLOSED = (
    '{"errors":[{"code":"DENIED","message":"this registry takes and gives images over HTTPS only '
    '(the container was started without PLAIN_HTTP=yes)"}]}'
)

_SEARCH = """location = /v1/search {
    include /run/docker-registry/nginx/users.conf;
    proxy_pass http://index;
    proxy_read_timeout 15s;
    error_page 502 504 = @no_search;
}
location @no_search {
    default_type application/json;
    return 503 '{"error": "the search service of this registry does not answer"}';
}
"""


def nginx_files(environ: Mapping[str, str], *, gateway: str | None) -> dict[str, str]:
    """Return the files by name; gateway is the engine's address in this container's network.

    Raises SettingsError.
    """
    return {
        "plain.conf": _plain(environ),
        "proxies.conf": _proxies(networks("TRUSTED_PROXIES", environ.get("TRUSTED_PROXIES", ""))),
        "status.conf": _status(environ.get("NGINX_STATUS_ALLOW", "") or "gateway", gateway),
    }


def users_file(htpasswd: str | None) -> str:
    """Return what makes nginx ask for a name and password; None lets everybody in."""
    return f'auth_basic "docker-registry";\nauth_basic_user_file {htpasswd};\n' if htpasswd else ""


def search_file(*, has_index: bool) -> str:
    """Return where the classic search is answered; "" for nowhere, which the status service says as 404."""
    return _SEARCH if has_index else ""


def networks(name: str, value: str) -> list[str]:
    """Return the networks in a list, as nginx reads them. Raises SettingsError."""
    found = []
    for word in (word.strip() for word in value.split(",")):
        if not word:
            continue
        try:
            found.append(str(ipaddress.ip_network(word, strict=False)))
        except ValueError:
            raise SettingsError(f"{name}: {word!r} is neither an address nor a network") from None
    return found


def _plain(environ: Mapping[str, str]) -> str:
    value = environ.get("PLAIN_HTTP", "")
    if value.lower() in _YES:
        return "include /etc/nginx/images.conf;\n"
    if value.lower() not in _NO:
        raise SettingsError(f"PLAIN_HTTP is {value!r}; it must be yes or no")
    return (
        "location /v2/ {\n"
        "    default_type application/json;\n"
        "    add_header Docker-Distribution-Api-Version registry/2.0 always;\n"
        f"    return 403 '{_CLOSED}';\n"
        "}\n"
    )


def _proxies(trusted: list[str]) -> str:
    lines = [f"set_real_ip_from {network};\n" for network in trusted]
    if trusted:
        lines.append("real_ip_header X-Forwarded-For;\nreal_ip_recursive on;\n")
    # A client may write what it likes into these headers: they count when a proxy of ours sent them.
    lines.append("geo $realip_remote_addr $from_proxy {\n    default 0;\n")
    lines += [f"    {network} 1;\n" for network in trusted]
    lines.append("}\n")
    return "".join(lines)


def _status(value: str, gateway: str | None) -> str:
    words = [word.strip() for word in value.split(",")]
    if words == ["none"]:
        return ""
    found = [gateway] if "gateway" in words and gateway else []
    found += networks("NGINX_STATUS_ALLOW", ",".join(word for word in words if word != "gateway"))
    return "".join(f"allow {one};\n" for one in found)
