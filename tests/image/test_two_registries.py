"""Several registries on one Swift container, for real: what works with the main image, and is lost with the other."""

import json
import os
from collections.abc import Iterator

import docker
import pytest

from image_client import Registry, digest_of
from registry_container import SUPERVISOR, Lab, Running, image_of, started, swift_settings, until, well

pytestmark = pytest.mark.engine

GARBAGE_COLLECT = ("docker-registry", "garbage-collect", "/run/docker-registry/registry.yml")


@pytest.fixture(scope="module")
def pair(client: docker.DockerClient, lab: Lab) -> Iterator[tuple[Running, Running]]:
    """Two of main on one Swift container."""
    environment = {"SETTINGS_FLAVOR": "prod", **swift_settings(lab, "pair")}
    image = image_of(client, lab)
    with well(client, lab, "one", image, environment) as one, well(client, lab, "two", image, environment) as two:
        yield one, two


def doors(pair: tuple[Running, Running]) -> tuple[Registry, Registry]:
    return pair[0].door(8443), pair[1].door(8443)


def collect_garbage(running: Running) -> None:
    running.inside(*GARBAGE_COLLECT, user="docker-registry")


def test_what_goes_in_through_one_comes_out_of_the_other_and_is_deleted_for_both(pair: tuple[Running, Running]) -> None:
    one, two = doors(pair)
    layer = os.urandom(300_000)
    digest = one.push("team/app", "1", layer)
    assert two.pull("team/app", "1") == [layer]
    assert two.delete("team/app", digest) == 202
    assert (one.pull("team/app", "1"), two.pull("team/app", "1")) == (None, None)


def test_a_tag_that_moves_moves_for_both(pair: tuple[Running, Running]) -> None:
    one, two = doors(pair)
    old, new = os.urandom(1000), os.urandom(1000)
    one.push("team/moving", "latest", old)
    assert two.pull("team/moving", "latest") == [old]
    two.push("team/moving", "latest", new)
    assert one.pull("team/moving", "latest") == [new]


def test_an_upload_begun_at_one_goes_on_at_the_other(pair: tuple[Running, Running]) -> None:
    one, two = doors(pair)
    first, second = os.urandom(500_000), os.urandom(500_000)
    location = one.go_on(one.begin_upload("team/parts"), first)
    location = two.go_on(location, second)
    one.end_upload(location, digest_of(first + second))
    assert two.ask("GET", f"/v2/team/parts/blobs/{digest_of(first + second)}")[2] == first + second


def test_what_garbage_collection_removed_is_pushed_again_and_is_there_for_both(pair: tuple[Running, Running]) -> None:
    one, two = doors(pair)
    layer = os.urandom(200_000)
    digest = one.push("team/again", "1", layer)
    assert two.pull("team/again", "1") == [layer]
    one.delete("team/again", digest)
    collect_garbage(pair[0])
    assert not two.has_blob("team/again", digest_of(layer))
    two.push("team/again", "1", layer)
    assert (one.pull("team/again", "1"), two.pull("team/again", "1")) == ([layer], [layer])


@pytest.fixture(scope="module")
def dev_image(client: docker.DockerClient, lab_dev: Lab) -> str:
    return image_of(client, lab_dev)


def test_a_development_registry_refuses_a_container_where_others_keep_images(
    client: docker.DockerClient, lab: Lab, pair: tuple[Running, Running], dev_image: str
) -> None:
    environment = {"SETTINGS_FLAVOR": "devel", **swift_settings(lab, "pair")}
    with started(client, lab, "late", dev_image, environment) as late:
        assert late.container.wait(timeout=180)["StatusCode"] == 78
        (line,) = late.logs().splitlines()
    assert line.startswith("docker-registry: the main instance ")
    assert "keeps its images in the Swift container pair, too; this one has a cache of its own" in line
    assert pair[0].status()[0] == 200


def test_a_main_registry_refuses_a_container_where_a_development_one_keeps_images(
    client: docker.DockerClient, lab: Lab, dev_image: str
) -> None:
    settings = swift_settings(lab, "taken")
    with (
        well(client, lab, "first", dev_image, {"SETTINGS_FLAVOR": "devel", **settings}),
        started(client, lab, "late", image_of(client, lab), {"SETTINGS_FLAVOR": "qa", **settings}) as late,
    ):
        assert late.container.wait(timeout=180)["StatusCode"] == 78
        (line,) = late.logs().splitlines()
    assert line.startswith("docker-registry: the dev instance ")
    assert "that one has a cache of its own" in line


def test_a_registry_that_ended_leaves_room_for_a_development_one(
    client: docker.DockerClient, lab: Lab, dev_image: str
) -> None:
    settings = swift_settings(lab, "left")
    with well(client, lab, "first", image_of(client, lab), {"SETTINGS_FLAVOR": "qa", **settings}) as first:
        first.container.stop(timeout=10)
        with well(client, lab, "second", dev_image, {"SETTINGS_FLAVOR": "devel", **settings}) as second:
            assert second.status() == (200, {"index": "unconfigured"})


def share_by_hand(running: Running, swift_container: str) -> None:
    """Turn the engine's configuration to another Swift container than the one that the refusal looks at."""
    program = (
        "import json; path = '/run/docker-registry/registry.yml'; told = json.load(open(path));"
        f"told['storage']['swift']['container'] = {swift_container!r}; json.dump(told, open(path, 'w'))"
    )
    running.inside("python3", "-c", program)
    before = running.pid("registry")
    running.inside(*SUPERVISOR, "restart", "registry")
    until(lambda: running.pid("registry") not in (0, before) and running.well(), "the registry, turned by hand")


def test_why_development_registries_must_not_share_a_container(
    client: docker.DockerClient, lab: Lab, dev_image: str
) -> None:
    """Each has a cache that the other's deletions do not reach: a push succeeds, and its layer is nowhere."""

    def environment(name: str) -> dict[str, str]:
        return {"SETTINGS_FLAVOR": "devel", "HTTP_SECRET": "the same", **swift_settings(lab, name)}

    layer = os.urandom(200_000)
    with (
        well(client, lab, "left", dev_image, environment("left-alone")) as left,
        well(client, lab, "right", dev_image, environment("right-alone")) as right,
    ):
        for one in (left, right):
            share_by_hand(one, "shared-by-dev")
        here, there = left.door(8443), right.door(8443)
        digest = here.push("team/lost", "1", layer)
        assert there.pull("team/lost", "1") == [layer]
        assert here.delete("team/lost", digest) == 202
        collect_garbage(left)
        # The layer is gone, and the other one's cache says that it is there: so docker does not send it again.
        assert there.has_blob("team/lost", digest_of(layer))
        there.push("team/lost", "1", layer)
        assert (here.pull("team/lost", "1"), there.pull("team/lost", "1")) == (None, None)


def test_instances_are_told_in_swift_where_no_registry_looks(
    client: docker.DockerClient, lab: Lab, pair: tuple[Running, Running]
) -> None:
    one, _ = doors(pair)
    one.push("team/seen", "1", b"layer")
    assert all(name.startswith("team/") for name in json.loads(one.ask("GET", "/v2/_catalog")[2])["repositories"])
    program = (
        "import sys, json, time; sys.path.insert(0, '/usr/local/lib/docker-registry');"
        "from neighbours import instances_of;"
        "found = instances_of(json.load(open('/run/docker-registry/status.json'))).others(time.monotonic() + 9);"
        "print(*[one.variant + ' ' + one.name for one in found])"
    )
    seen = pair[0].inside("python3", "-c", program).split()
    other = pair[1].inside("cat", "/run/docker-registry/instance")
    assert seen == ["main", other]
