"""`regops traffic` on a real registry: what was done to it is what is counted."""

import hashlib
import json
import os
from collections import Counter
from typing import Any

import pytest
import requests

from attack_container import regops

pytestmark = [pytest.mark.engine, pytest.mark.root]

REPOSITORY = "team/counted"
LAYER = os.urandom(100_000)
CONFIG = b"{}"
PULLS = 3


def digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


class Client:
    """An image's way into a registry and out of it, as Docker goes it."""

    def __init__(self, url: str, ca_file: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ca_file
        self.session.headers["User-Agent"] = f"counted/{url.partition(':')[0]}"
        self.sent_bytes = 0

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith("http") else f"{self.url}/v2/{REPOSITORY}/{path}"
        reply = self.session.request(method, url, timeout=30, **options)
        assert reply.ok, reply.text
        self.sent_bytes += len(reply.content) if method == "GET" else 0
        return reply

    def push(self, blob: bytes) -> None:
        place = self.ask("POST", "blobs/uploads/").headers["Location"]
        self.ask(
            "PUT",
            place if place.startswith("http") else f"{self.url}{place}",
            params={"digest": digest(blob)},
            data=blob,
        )

    def push_image(self, tag: str) -> None:
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        for blob in (LAYER, CONFIG):
            self.push(blob)
        config, layer = (
            {"mediaType": f"application/vnd.docker.{kind}", "size": len(blob), "digest": digest(blob)}
            for kind, blob in (("container.image.v1+json", CONFIG), ("image.rootfs.diff.tar.gzip", LAYER))
        )
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]}
        self.ask("PUT", f"manifests/{tag}", data=json.dumps(manifest), headers={"Content-Type": kind})

    def pull_image(self, tag: str) -> None:
        self.ask("GET", f"manifests/{tag}", headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"})
        for blob in (CONFIG, LAYER):
            self.ask("GET", f"blobs/{digest(blob)}")


def counted(name: str, *options: str) -> dict[str, Any]:
    result = regops("traffic", name, "--repo", REPOSITORY, "-o", "json", *options)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout)["data"])


def operations(data: dict[str, Any]) -> Counter[str]:
    return Counter({each["operation"]: each["requests"] for each in data["operations"]})


@pytest.mark.parametrize("via", ["files", "engine"])
def test_what_was_pushed_and_pulled_through_both_ports_is_what_is_counted(lab: dict[str, Any], via: str) -> None:
    registry = lab["registry"]
    name = registry["container"]
    before = counted(name, "--via", via)
    clients = [Client(registry[url], registry["ca_file"]) for url in ("http_url", "https_url")]
    for client in clients:
        client.push_image(f"by-{via}")
        for _ in range(PULLS):
            client.pull_image(f"by-{via}")
    after = counted(name, "--via", via)
    assert (after["pulls"] - before["pulls"], after["pushes"] - before["pushes"]) == (2 * PULLS, 2)
    assert operations(after) - operations(before) == {
        "start-upload": 4,
        "push-blob": 4,
        "push-manifest": 2,
        "pull-manifest": 2 * PULLS,
        "pull-blob": 4 * PULLS,
    }
    assert after["requests"] - before["requests"] == 10 + 6 * PULLS
    assert after["sent_bytes"] - before["sent_bytes"] == sum(client.sent_bytes for client in clients)
    agents = {each["name"]: each["requests"] for each in after["agents"]["names"]}
    assert agents.keys() == {"counted/http", "counted/https"}
    assert len(set(agents.values())) == 1
    assert {source["name"].rpartition("/")[2] for source in after["sources"]} == {
        "nginx-http-access.log",
        "nginx-https-access.log",
    }
    assert not any(source["is_guessed"] for source in after["sources"])


def test_every_line_that_nginx_wrote_is_read(lab: dict[str, Any]) -> None:
    result = regops("traffic", lab["registry"]["container"], "-o", "json")
    data = json.loads(result.stdout)["data"]
    assert (data["unread"], data["lines"]) == ([], data["requests"])
