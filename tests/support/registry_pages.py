"""What real registries answer, for fakes: taken from captures, with one thing changed at a time."""

from pathlib import Path
from typing import Any

from fake_registry import FakeRegistry, http_reply
from regops.errors import Phase
from regops.model.http import Cause, HttpFailure, HttpReply

URL = "http://127.0.0.1:5080"
SAMPLES = Path(__file__).parent.parent / "parsers" / "samples"
NGINX_502 = (SAMPLES / "error_page" / "nginx_502.html").read_text()
NGINX_403 = (SAMPLES / "error_page" / "nginx_403.html").read_text()
UNAVAILABLE = (SAMPLES / "registry_errors" / "unavailable.json").read_text()


def sample(name: str) -> str:
    return (SAMPLES / name).read_text()


def classic_headers(flavor: str, version: str) -> dict[str, str]:
    return {"Server": "nginx/1.18.0", "X-Docker-Registry-Version": version, "X-Docker-Registry-Config": flavor}


def classic_reply(status: int, body: str, *, flavor: str = "qa", version: str = "0.8.1") -> HttpReply:
    return http_reply(status, body, headers=classic_headers(flavor, version))


def gateway(status: int = 502, body: str = NGINX_502) -> HttpReply:
    return http_reply(status, body, headers={"Server": "nginx/1.18.0"})


def no_answer(cause: Cause, phase: Phase = Phase.FIRST_BYTE, **more: Any) -> HttpFailure:
    return HttpFailure(f"{URL}: {cause}", hint="try next", phase=phase, cause=cause, said=str(cause), **more)


def classic(flavor: str = "qa", version: str = "0.8.1", **changes: Any) -> FakeRegistry:
    """The classic registry behind nginx: well, without a redis, so that /_status answers 503."""
    banner = f'"docker-registry server ({flavor}) (v{version})"'
    report = sample("registry_status/main_without_redis.json")
    pages: dict[str, Any] = {
        "/v2/": classic_reply(404, sample("error_page/classic_404.html"), flavor=flavor, version=version),
        "/": classic_reply(200, banner, flavor=flavor, version=version),
        "/_ping": classic_reply(200, "true", flavor=flavor, version=version),
        "/_status": classic_reply(503, report, flavor=flavor, version=version),
        "/nginx_status": http_reply(403, NGINX_403, headers={"Server": "nginx/1.18.0"}),
    }
    return FakeRegistry({**pages, **changes}, url=URL)


def distribution(**pages: Any) -> FakeRegistry:
    """Distribution alone, as it answers by itself."""
    api = {"Docker-Distribution-Api-Version": "registry/2.0"}
    answers = {"/v2/": http_reply(200, "{}", headers=api), "/": http_reply(200, ""), **pages}
    return FakeRegistry(answers, url=URL)


def both(flavor: str = "local", **pages: Any) -> FakeRegistry:
    """Distribution and a status service for the classic surface behind one nginx, well, without a redis."""
    registry = classic(flavor, "2.8.2")
    headers = {"Server": "nginx", "Docker-Distribution-Api-Version": "registry/2.0", "X-Docker-Registry-Config": flavor}
    registry.replies["/v2/"] = http_reply(200, "{}", headers=headers)
    registry.replies["/_status"] = classic_reply(
        200, sample("registry_status/main_without_redis.json"), flavor=flavor, version="2.8.2"
    )
    registry.replies.update(pages)
    return registry


def everywhere(registry: FakeRegistry, reply: Any) -> FakeRegistry:
    """Let every path but nginx's own give the same."""
    registry.replies.update(dict.fromkeys(("/v2/", "/", "/_ping", "/v1/_ping", "/_status"), reply))
    return registry
