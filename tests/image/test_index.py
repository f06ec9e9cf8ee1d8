"""The image's search index, on a real Elasticsearch: what is pushed is found, what is deleted is not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import docker
import pytest

from image_client import Registry
from index_server import IndexServer, running_index
from registry_container import Lab, Running, image_of, swift_settings, until, well

pytestmark = [pytest.mark.engine, pytest.mark.index]

# As the reference recommends it: the indexer, too, needs nothing more.
HARDENED = {
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "tmpfs": {"/run": "size=16m", "/tmp": "size=16m", "/var/log": "size=300m"},
}
WELL = {"redis": "unconfigured"}


@pytest.fixture(scope="module")
def index(client: docker.DockerClient, lab: Lab) -> Iterator[IndexServer]:
    """An index that the lab's containers reach: at this machine's side of their network."""
    network = client.networks.get(lab["registry"]["container"])
    with running_index(network.attrs["IPAM"]["Config"][0]["Gateway"]) as server:
        yield server


@pytest.fixture(scope="module")
def pair(client: docker.DockerClient, lab: Lab, index: IndexServer) -> Iterator[tuple[Running, Running]]:
    """Two on one store and one index."""
    environment = {"SETTINGS_FLAVOR": "prod", "INDEX_URL": index.url, **swift_settings(lab, "indexed")}
    image = image_of(client, lab)
    with (
        well(client, lab, "one", image, environment, **HARDENED) as one,
        well(client, lab, "two", image, environment) as two,
    ):
        yield one, two


def search(registry: Registry, question: str) -> tuple[int, dict[str, Any]]:
    status, _, body = registry.ask("GET", f"/v1/search?q={quote(question)}")
    return status, json.loads(body)


def names(registry: Registry, question: str) -> list[str]:
    status, found = search(registry, question)
    return [one["name"] for one in found["results"]] if status == 200 else []


def tags(registry: Registry, question: str) -> list[str]:
    """Return the tags of the first image that is found, [] for none and for no answer."""
    status, found = search(registry, question)
    return found["results"][0]["tags"] if status == 200 and found["results"] else []


def test_what_is_pushed_through_either_is_found_through_both(pair: tuple[Running, Running]) -> None:
    one, two = (running.door(8443) for running in pair)
    one.push("found/app", "1", b"a layer")
    two.push("found/app", "2", b"another")
    two.push("found/other", "latest", b"a third")
    expected = [
        {"name": "found/app", "description": "tags: 1, 2", "tags": ["1", "2"]},
        {"name": "found/other", "description": "tags: latest", "tags": ["latest"]},
    ]
    for door in (one, two):
        until(lambda door=door: search(door, "found/")[1].get("results") == expected, "both are found")
        assert search(door, "found/APP:2")[1] | {"results": []} == {
            "num_results": 1, "query": "found/APP:2", "page": 1, "page_size": 25, "num_pages": 1, "results": []
        }  # fmt: skip
        assert names(door, "found/*") == []


def test_what_is_deleted_through_one_is_found_through_neither(pair: tuple[Running, Running]) -> None:
    one, two = (running.door(8443) for running in pair)
    digest = one.push("lost/app", "1", b"a layer that goes")
    one.push("lost/app", "also", b"a layer that goes")
    one.push("lost/app", "kept", b"a layer that stays")
    until(lambda: len(tags(two, "lost/")) == 3, "it")
    assert two.delete("lost/app", digest) == 202
    for door in (one, two):
        until(lambda door=door: tags(door, "lost/") == ["kept"], "the others are gone")


def test_a_tag_that_moves_is_written_anew(pair: tuple[Running, Running], index: IndexServer) -> None:
    one, two = (running.door(8443) for running in pair)

    def known() -> dict[str, Any]:
        told: dict[str, Any] = json.loads(index.ask("GET", "/docker-registry/_source/moving%2Fapp:latest"))
        return told

    for door, layer in ((one, b"first"), (two, b"the second")):
        digest = door.push("moving/app", "latest", layer)
        until(lambda: names(one, "moving/") == ["moving/app"], "found")
        until(lambda digest=digest: known()["digest"] == digest, "the new digest")
        assert known()["pushed_at"].startswith("20")
        assert known()["size_bytes"] > len(layer)


def test_an_index_that_hangs_keeps_nobody_from_pushing_and_has_it_later(
    pair: tuple[Running, Running], index: IndexServer
) -> None:
    running, door = pair[0], pair[0].door(8443)
    with index.halted():
        for number in range(5):
            door.push("hung/app", str(number), os.urandom(100))
        status, said = search(door, "hung/")
        assert (status, said) == (503, {"error": "the index does not answer within 5 s"})
        assert "index" in running.status()[1]
        assert door.pull("hung/app", "0") is not None
    until(lambda: tags(door, "hung/") == ["0", "1", "2", "3", "4"], "all tags are found")
    until(lambda: running.status() == (200, WELL), "well again")


def test_an_index_that_is_away_keeps_nobody_from_pushing_and_has_it_later(
    pair: tuple[Running, Running], index: IndexServer
) -> None:
    running, door = pair[0], pair[0].door(8443)
    digest = door.push("away/app", "deleted", b"deleted while the index is away")
    until(lambda: names(door, "away/") == ["away/app"], "found")
    index.stop()
    try:
        for number in range(5):
            door.push("away/more", str(number), os.urandom(100))
        assert door.delete("away/app", digest) == 202
        status, said = search(door, "away/")
        assert status == 503
        assert said["error"].startswith("the index cannot be asked: no answer: ")
        until(lambda: "Connection refused" in running.status()[1].get("index", ""), "its failure is told")
        # Another container would not find it either: nothing to be replaced for.
        running.inside("python3", "-EsS", "/usr/local/lib/docker-registry/health.py")
    finally:
        index.start()
    until(lambda: names(door, "away/") == ["away/more"], "found and gone")
    until(lambda: running.status() == (200, WELL), "well again")


def test_reindexing_finds_what_was_there_before_the_index_and_forgets_what_is_not(
    pair: tuple[Running, Running], index: IndexServer
) -> None:
    door = pair[0].door(8443)
    for number in range(3):
        door.push(f"older/app{number}", "1", os.urandom(100))
    until(lambda: len(names(door, "older/")) == 3, "found")
    index.ask("DELETE", "/docker-registry")
    assert names(door, "older/") == []
    door.push("older/app3", "1", b"makes the index anew")
    until(lambda: names(door, "older/") == ["older/app3"], "only what was pushed since")
    stale = {"name": "older/never", "tag": "1", "gone": False, "digest": f"sha256:{'0' * 64}"}
    index.ask("PUT", "/docker-registry/_doc/older%2Fnever:1?refresh=true", json.dumps(stale))
    assert "looked at" in pair[1].inside("registry-reindex")
    until(lambda: names(door, "older/") == [f"older/app{number}" for number in range(4)], "all of them, and no other")


def test_who_may_not_see_the_images_may_not_search_them(pair: tuple[Running, Running]) -> None:
    running = pair[1]
    running.inside("sh", "-c", "echo 'bob:{PLAIN}secret' >/etc/nginx/htpasswd && registry-reload")
    try:
        assert running.door(8443).ask("GET", "/v1/search?q=a")[0] == 401
        known = Registry(running.door(8443).url, {"Authorization": "Basic Ym9iOnNlY3JldA=="})
        assert search(known, "found/")[0] == 200
        # Where images go over HTTPS alone, names do too.
        assert running.door(8080).ask("GET", "/v1/search?q=a")[0] == 404
    finally:
        running.inside("sh", "-c", "rm /etc/nginx/htpasswd && registry-reload")
    assert running.door(8443).ask("GET", "/v1/search?q=a")[0] == 200


def test_the_indexer_is_nobody_else_and_what_it_is_told_comes_from_inside(pair: tuple[Running, Running]) -> None:
    running = pair[0]
    assert running.programs()["index"] == "RUNNING"
    assert running.inside("stat", "-c", "%U", f"/proc/{running.pid('index')}").strip() == "registry-index"
    for path in ("/events", "/reindex", "/report"):
        assert running.door(8443).ask("POST", path, b"{}")[0] in (404, 501)
    running.inside("cat", "/run/docker-registry/registry.yml", user="registry-index", fine=(1,))


def test_the_indexer_that_is_killed_comes_back_and_what_it_missed_is_sent_to_it_again(
    pair: tuple[Running, Running],
) -> None:
    running, door = pair[0], pair[0].door(8443)
    before = running.pid("index")
    running.inside("sh", "-c", f"kill -STOP {before}")
    door.push("killed/app", "1", b"while it cannot take it")
    running.inside("sh", "-c", f"kill -KILL {before}")
    until(lambda: running.pid("index") not in (0, before), "another one")
    until(lambda: names(door, "killed/") == ["killed/app"], "what it missed")


def test_the_command_searches(pair: tuple[Running, Running]) -> None:
    door = pair[0].door(8443)
    until(lambda: names(door, "found/"), "found")
    command = [sys.executable, "-m", "regops", "search", "found/", door.url, "-k", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)["data"]
    assert data["source"] == "index"
    assert [(one["name"], one["tags"]) for one in data["repositories"]] == [
        ("found/app", ["1", "2"]),
        ("found/other", ["latest"]),
    ]
