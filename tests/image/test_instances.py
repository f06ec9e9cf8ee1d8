"""Who keeps images in one Swift container, as its instances see each other through a real Swift."""

import json
import time
from collections.abc import Callable

import pytest

import instances as module
from instances import PREFIX, Instance, Instances, find_unfit
from neighbours import Neighbours
from status_checks import CheckFailed
from swift_client import SwiftClient
from swift_server import KEY, USER, SwiftServer, wait_until
from swift_settings import Swift

pytestmark = pytest.mark.swift

Make = Callable[..., Instances]


def soon() -> float:
    return time.monotonic() + 30


@pytest.fixture
def container(request: pytest.FixtureRequest) -> str:
    return f"instances-{abs(hash(request.node.name))}"


@pytest.fixture
def make(swift: SwiftServer, container: str) -> Make:
    def made(name: str, variant: str = "main") -> Instances:
        client = SwiftClient(Swift(swift.auth_url, 1, USER, KEY, container))
        return Instances(client, variant=variant, name=name, flavor="qa")

    return made


@pytest.fixture
def listed(swift: SwiftServer, container: str) -> Callable[[], list[str]]:
    def names() -> list[str]:
        return swift.request("GET", f"{container}?prefix={PREFIX}")[1].decode().split()

    return names


def test_the_container_is_made_with_the_first_announcement_and_the_others_see_it(
    make: Make, listed: Callable[[], list[str]]
) -> None:
    one, two = make("one"), make("two")
    assert one.others(soon()) == []
    one.announce(soon())
    assert [(seen.variant, seen.name) for seen in two.others(soon())] == [("main", "one")]
    assert one.others(soon()) == []
    assert listed() == [f"{PREFIX}main/one"]
    one.leave(soon())
    one.leave(soon())
    assert (two.others(soon()), listed()) == ([], [])


def test_main_instances_fit_together_and_a_development_one_fits_with_nobody(make: Make) -> None:
    main, other, dev = make("main-1"), make("main-2"), make("dev-1", "dev")
    main.announce(soon())
    assert other.unfit(soon()) == []
    assert [seen.name for seen in dev.unfit(soon())] == ["main-1"]
    dev.announce(soon())
    assert [str(seen) for seen in other.unfit(soon())] == ["the dev instance dev-1"]


def test_a_name_that_could_write_to_a_terminal_is_shown_without_that() -> None:
    assert str(Instance("dev", "a\x1b[2J\nb", "", 0)) == "the dev instance a?_2J?b".replace("_", "?")


def test_what_nobody_renews_is_fresh_for_a_while_and_removed_in_the_end(
    make: Make, listed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    make("gone").announce(soon())
    looking = make("looking")
    monkeypatch.setattr(module, "FRESH_SECONDS", -60.0)
    assert looking.others(soon()) == []
    assert listed() == [f"{PREFIX}main/gone"]
    monkeypatch.setattr(module, "GONE_SECONDS", -60.0)
    assert (looking.others(soon()), listed()) == ([], [])


def test_one_that_is_alive_keeps_a_development_instance_from_starting(
    make: Make, listed: Callable[[], list[str]]
) -> None:
    main, dev = make("main-1"), make("dev-1", "dev")
    main.announce(soon())
    found = find_unfit(dev, seconds=30, sleep=lambda _: main.announce(soon()))
    assert found is not None
    assert found.name == "main-1"
    assert listed() == [f"{PREFIX}main/main-1"]


def test_one_that_was_killed_does_not(make: Make, listed: Callable[[], list[str]]) -> None:
    make("main-1").announce(soon())
    waited: list[float] = []
    assert find_unfit(make("dev-1", "dev"), seconds=30, sleep=waited.append) is None
    assert sum(waited) == 2 * 13
    assert listed() == [f"{PREFIX}dev/dev-1", f"{PREFIX}main/main-1"]


def test_of_two_that_start_in_the_same_moment_none_overlooks_the_other(
    make: Make, monkeypatch: pytest.MonkeyPatch, listed: Callable[[], list[str]]
) -> None:
    one, two = make("one", "dev"), make("two", "dev")
    announce = Instances.announce

    def both(instances: Instances, ends: float) -> None:
        announce(instances, ends)
        announce(two if instances is one else one, ends)

    monkeypatch.setattr(Instances, "announce", both)
    found = find_unfit(one, seconds=30, sleep=lambda _: None)
    assert found is not None
    assert found.name == "two"
    assert listed() == [f"{PREFIX}dev/two"]


def test_a_main_instance_starts_at_once_beside_others(make: Make) -> None:
    make("main-1").announce(soon())
    assert find_unfit(make("main-2"), seconds=30, sleep=lambda _: pytest.fail("it waited")) is None


def test_a_listing_that_is_none_is_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    make("one").announce(soon())
    monkeypatch.setattr(json, "loads", lambda _: [{"name": 3}])
    with pytest.raises(module.RequestFailed, match="not one of Swift's"):
        make("two").others(soon())


def test_a_development_instance_that_finds_another_says_so_as_long_as_it_is_there(
    make: Make, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], listed: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr("neighbours.HEARTBEAT_SECONDS", 0.02)
    for name in ("_SECONDS", "_LEAVE_SECONDS"):
        monkeypatch.setattr(f"neighbours.{name}", 60.0)
    main = make("main-1")
    watching = Neighbours(make("dev-1", "dev"), has_cache=True)

    def failing() -> str:
        try:
            watching.check(soon())
        except CheckFailed as error:
            return str(error)
        return ""

    watching.start()
    wait_until(lambda: listed() == [f"{PREFIX}dev/dev-1"])
    main.announce(soon())
    wait_until(failing)
    assert failing().startswith("the main instance main-1 keeps its images in the same Swift container")
    main.leave(soon())
    wait_until(lambda: not failing())
    watching.stop()
    assert listed() == []
    told = capfd.readouterr().out.splitlines()
    assert told == [
        "instances: the main instance main-1 keeps its images in the same Swift container",
        "instances: well again",
    ]
