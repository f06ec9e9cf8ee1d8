"""Two registries on one store: which may be, and which would lose images."""

from collections.abc import Mapping

import pytest

from fake_engine import FakeEngine, container_document
from regops.collectors.bootstrap.start_conflict import check_conflicts, store_use
from regops.collectors.instances import each_container
from regops.errors import Refused
from regops.wiring import SystemClock

MAIN, DEV = "regops/docker-registry:lab", "regops/docker-registry-dev:lab"
QA = {"SETTINGS_FLAVOR": "qa", "OS_AUTH_URL": "http://swift.example:8080/auth/v1.0", "OS_CONTAINER": "images"}
DEVEL = {**QA, "SETTINGS_FLAVOR": "devel"}


def check(new: Mapping[str, str], *running: tuple[str, Mapping[str, str]], image: str = MAIN) -> None:
    documents = [
        container_document(f"reg{place}", image=of, env=tuple(f"{name}={value}" for name, value in variables.items()))
        for place, (of, variables) in enumerate(running)
    ]
    engine = FakeEngine(*documents)
    found = each_container(engine, SystemClock(), everything=False, timeout_seconds=5)
    check_conflicts(store_use(new, new, image), found, engine.address)


def test_registries_without_a_cache_may_share_a_store() -> None:
    check(QA, (MAIN, QA), (MAIN, QA))


@pytest.mark.parametrize(
    ("new", "other", "whose"),
    [
        (DEVEL, (MAIN, QA), "the new one has a redis cache"),
        (QA, (DEV, DEVEL), "reg0 has a redis cache"),
        (DEVEL, (DEV, DEVEL), "the new one has a redis cache"),
        (QA, (MAIN, {**QA, "REGISTRY_REDIS_ADDR": "redis:6379"}), "REGISTRY_REDIS_ADDR is set"),
        (QA, (MAIN, {**QA, "REGISTRY_REDIS_ADDRS": "[redis:6379]"}), "REGISTRY_REDIS_ADDRS is set"),
        (QA, (MAIN, {**QA, "REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR": "redis"}), "BLOBDESCRIPTOR is redis"),
        (QA, (DEV, {name: value for name, value in QA.items() if name != "SETTINGS_FLAVOR"}), "its image is"),
        (DEVEL, (MAIN, {**QA, "OS_AUTH_URL": "http://SWIFT.example:8080/auth/v1.0/"}), "as well"),
        (DEVEL, (MAIN, {**QA, "OS_AUTH_URL": "http://swift.example:8080/v3"}), "as well"),
    ],
)
def test_one_with_a_cache_may_not(new: Mapping[str, str], other: tuple[str, Mapping[str, str]], whose: str) -> None:
    with pytest.raises(Refused, match=whose) as caught:
        check(new, other)
    assert "loses layers without an error" in caught.value.message


@pytest.mark.parametrize(
    ("new", "other", "hint"),
    [
        (DEVEL, QA, "start it without a cache (SETTINGS_FLAVOR=qa), on another OS_CONTAINER, or stop reg0 first"),
        (QA, DEVEL, "start it on another OS_CONTAINER, or stop reg0 first"),
        (DEVEL, DEVEL, "start it on another OS_CONTAINER, or stop reg0 first"),
    ],
)
def test_the_hint_names_what_would_help(new: Mapping[str, str], other: Mapping[str, str], hint: str) -> None:
    with pytest.raises(Refused) as caught:
        check(new, (DEV, other))
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    "different",
    [
        {"OS_CONTAINER": "others"},
        {"OS_AUTH_URL": "http://other.example:8080/auth/v1.0"},
        {"OS_AUTH_URL": "https://swift.example:8080/auth/v1.0"},
        {"OS_USERNAME": "theirs:operator"},
        {"OS_TENANT_NAME": "theirs"},
    ],
)
def test_another_store_is_no_conflict(different: Mapping[str, str]) -> None:
    ours = {**DEVEL, "OS_USERNAME": "ours:operator"}
    check(ours, (DEV, {**ours, **different}))


def test_a_registry_that_keeps_files_shares_nothing() -> None:
    check({**QA, "SETTINGS_FLAVOR": "local"}, (DEV, DEVEL))
    check({"SETTINGS_FLAVOR": "devel"}, (DEV, {"SETTINGS_FLAVOR": "devel"}), image=DEV)


def test_a_container_that_is_no_registry_does_not_count() -> None:
    backup = {name: value for name, value in QA.items() if name != "SETTINGS_FLAVOR"}
    engine = FakeEngine(
        container_document("backup", image="backup:1", ports={}, env=tuple(f"{k}={v}" for k, v in backup.items()))
    )
    found = each_container(engine, SystemClock(), everything=False, timeout_seconds=5)
    check_conflicts(store_use(DEVEL, DEVEL, DEV), found, engine.address)


def test_an_address_that_is_none_is_compared_as_it_is() -> None:
    strange = {**DEVEL, "OS_AUTH_URL": "http://[::1:99999/"}
    with pytest.raises(Refused):
        check(strange, (DEV, strange))
