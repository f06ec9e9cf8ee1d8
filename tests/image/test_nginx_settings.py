"""What the image's nginx is told, and whether nginx takes it."""

import pytest

from nginx_settings import nginx_files, search_file, users_file
from settings_error import SettingsError


def files(gateway: str | None = "172.17.0.1", **environ: str) -> dict[str, str]:
    return nginx_files(environ, gateway=gateway)


def test_images_go_over_plain_http_only_where_that_is_asked_for() -> None:
    for value in ({}, {"PLAIN_HTTP": ""}, {"PLAIN_HTTP": "No"}):
        assert "return 403" in files(**value)["plain.conf"]
    assert files(PLAIN_HTTP="yes")["plain.conf"] == "include /etc/nginx/images.conf;\n"


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("", ["172.17.0.1"]),
        ("gateway", ["172.17.0.1"]),
        ("none", []),
        ("10.0.0.7/8, gateway", ["172.17.0.1", "10.0.0.0/8"]),
        ("2001:db8::1", ["2001:db8::1/128"]),
    ],
)
def test_the_status_page_is_for_the_engines_side_or_whoever_is_named(value: str, allowed: list[str]) -> None:
    assert files(NGINX_STATUS_ALLOW=value)["status.conf"] == "".join(f"allow {one};\n" for one in allowed)


def test_without_a_gateway_the_status_page_is_for_the_container_alone() -> None:
    assert files(gateway=None)["status.conf"] == ""


def test_a_proxy_is_believed_when_it_is_named() -> None:
    assert files()["proxies.conf"] == "geo $realip_remote_addr $from_proxy {\n    default 0;\n}\n"
    told = files(TRUSTED_PROXIES="10.1.2.3, 192.0.2.0/24")["proxies.conf"]
    assert "set_real_ip_from 10.1.2.3/32;\nset_real_ip_from 192.0.2.0/24;\n" in told
    assert "    10.1.2.3/32 1;\n    192.0.2.0/24 1;\n" in told


def test_users_are_asked_for_when_there_are_any() -> None:
    assert users_file(None) == ""
    assert "auth_basic_user_file /run/docker-registry/htpasswd;" in users_file("/run/docker-registry/htpasswd")


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"PLAIN_HTTP": "maybe"}, "PLAIN_HTTP is 'maybe'; it must be yes or no"),
        ({"TRUSTED_PROXIES": "10.0.0.1; allow all"}, "TRUSTED_PROXIES: '10.0.0.1; allow all' is neither"),
        ({"NGINX_STATUS_ALLOW": "all"}, "NGINX_STATUS_ALLOW: 'all' is neither an address nor a network"),
    ],
)
def test_what_cannot_work_is_told(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        files(**environ)
    assert told in str(caught.value)


def test_the_search_is_there_where_there_is_an_index_and_asks_for_what_the_images_ask_for() -> None:
    assert search_file(has_index=False) == ""
    assert "location = /v1/search {\n    include /run/docker-registry/nginx/users.conf;" in search_file(has_index=True)
