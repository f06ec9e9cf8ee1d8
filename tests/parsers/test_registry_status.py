"""The classic registry's `/_status`: real reports, and whatever else comes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.registry_status import Failure, RegistryStatus, parse_registry_status
from parsing import keeps_promise, outcome

SAMPLES = Path(__file__).parent / "samples" / "registry_status"
BOTH = ("redis", "storage")
READ = {
    "main_without_redis": RegistryStatus("d1a4c9ceb538", BOTH, (Failure("redis", "unconfigured"),), ()),
    "dev_well": RegistryStatus("897da3d2b127", BOTH, (), ()),
    "dev_redis_stopped": RegistryStatus(
        "897da3d2b127",
        BOTH,
        (Failure("redis", "Error 99 connecting localhost:6379. Cannot assign requested address."),),
        (),
    ),
    "swift_down": RegistryStatus(
        "imgproto-a",
        BOTH,
        (
            Failure("redis", "unconfigured"),
            Failure("storage", "<urlopen error [Errno 111] Connection refused>"),
        ),
        (),
    ),
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("name", READ)
def test_a_real_report_is_read(name: str) -> None:
    assert parse_registry_status((SAMPLES / f"{name}.json").read_text(), source=name) == READ[name]


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_no_real_report_is_odd(path: Path) -> None:
    found = parse_registry_status(path.read_text(), source=path.name)
    assert (found.services, found.oddities) == (BOTH, ())


@pytest.mark.parametrize(
    ("body", "oddity"),
    [
        ({"failures": {}, "host": 7, "services": []}, "host is a number, not a text"),
        ({"failures": {}, "host": "h", "services": "redis"}, "services is a text, not a list"),
        ({"failures": [], "host": "h", "services": []}, "failures is a list, not an object"),
        ({"failures": {}, "services": ["redis", None]}, "services holds something that is not a text"),
        ({"failures": {"redis": {"why": 1}}, "services": []}, "what failed of redis is an object, not a text"),
        ({"services": ["redis"]}, "failures is null, not an object"),
        ({"failures": {}, "services": [str(n) for n in range(500)]}, "services has 500 entries; 100 are looked at"),
    ],
)
def test_wrong_types_are_oddities_and_the_rest_is_kept(body: dict[str, Any], oddity: str) -> None:
    found = parse_registry_status(json.dumps(body), source="page")
    assert found.oddities == (oddity,)
    assert len(found.services) <= 100


def test_a_name_that_comes_twice_is_an_oddity() -> None:
    text = '{"failures": {"redis": "a"}, "failures": {}, "services": ["redis"]}'
    assert parse_registry_status(text, source="page").oddities == ("the name failures comes more than once",)


def test_a_failure_without_a_text_is_none_as_the_registry_itself_counts() -> None:
    assert parse_registry_status('{"failures": {"redis": ""}, "services": ["redis"]}', source="page").failures == ()


@pytest.mark.parametrize("text", ["", "{}", "[]", "true", "<html></html>", '{"errors": []}', '"\\ud800"'])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_registry_status(text, source="page")
    assert (caught.value.source, caught.value.line) == ("page", 1)


@given(st.fixed_dictionaries({}, optional={"failures": anything, "host": anything, "services": anything}) | anything)
def test_any_json_is_a_report_or_an_error(body: object) -> None:
    text = json.dumps(body)
    found = outcome(lambda: parse_registry_status(text, source="page"))
    assert keeps_promise(found, text, source="page")
    if isinstance(found, RegistryStatus):
        assert all(isinstance(failure.text, str) for failure in found.failures)
