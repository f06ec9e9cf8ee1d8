"""logrus's lines, as text and as JSON."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log_samples import utc
from parsers.log_record import Level
from parsers.logrus import LogrusLine, parse_go_duration, parse_logrus_json, parse_logrus_text, request_of, unquote_go

BARE = "abcxyzABCXYZ0189-._/@^+"
keys = st.from_regex(r"[a-z][a-z.]{0,10}", fullmatch=True).filter(lambda key: key not in {"time", "level", "msg"})
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def go_quoted(value: str) -> str:
    """Quote as logrus does: bare where it can be, or as Go's %q."""
    if all(character in BARE for character in value):
        return value
    letters = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", "\\": "\\", '"': '"'}
    parts = []
    for character in value:
        code = ord(character)
        if character in letters:
            parts.append("\\" + letters[character])
        elif character.isprintable():
            parts.append(character)
        else:
            parts.append(f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return f'"{"".join(parts)}"'


@given(values, st.dictionaries(keys, values, max_size=5))
@settings(deadline=None)
def test_what_logrus_writes_is_read_back(message: str, fields: dict[str, str]) -> None:
    expected = LogrusLine(utc("2026-11-23 09:42:10.265308"), Level.ERROR, message, fields)
    pairs = [f"msg={go_quoted(message)}", *(f"{key}={go_quoted(value)}" for key, value in sorted(fields.items()))]
    line = 'time="2026-11-23T09:42:10.265308039Z" level=error ' + " ".join(pairs)
    assert parse_logrus_text(line) == expected
    document = {"time": "2026-11-23T09:42:10.265308039Z", "level": "error", "msg": message, **fields}
    assert parse_logrus_json(json.dumps(document)) == expected


@given(st.text() | st.text(alphabet='time="level=error msg=\\ x{}:,1'))
@settings(deadline=None)
def test_any_text_is_a_line_or_none(text: str) -> None:
    for found in (parse_logrus_text(text), parse_logrus_json(text)):
        assert found is None or isinstance(found.message, str)
    assert isinstance(unquote_go(text), str)
    assert parse_go_duration(text) is None or text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3.907524ms", 0.003907524),
        ("1h2m3.5s", 3723.5),
        ("123.012µs", 0.000123012),
        ("0s", 0.0),
        ("-2ns", -2e-9),
        ("", None),
        ("5", None),
        ("1d", None),
        ("s", None),
    ],
)
def test_a_duration_of_go_is_seconds(text: str, seconds: float | None) -> None:
    found = parse_go_duration(text)
    assert found == (pytest.approx(seconds) if seconds is not None else None)


@pytest.mark.parametrize(
    ("peer", "address"),
    [("127.0.0.1:41828", "127.0.0.1"), ("[::1]:41828", "::1"), ("::1", "::1"), ("10.0.0.1", "10.0.0.1")],
)
def test_an_address_is_without_its_port(peer: str, address: str) -> None:
    request = request_of({"http.request.method": "GET", "http.request.remoteaddr": peer})
    assert request is not None
    assert request.remote_addr == address


def test_json_nested_too_deeply_is_no_line() -> None:
    assert parse_logrus_json('{"level":"info","time":"x","a":' + "[" * 100_000) is None
    nested = "[" * 900 + "]" * 900
    found = parse_logrus_json(f'{{"level":"info","time":"x","a":{nested}}}')
    assert found is None or found.fields["a"] == nested
