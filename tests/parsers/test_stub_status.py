"""nginx's status page, from real ones and from any text at all."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.stub_status import StubStatus, parse_stub_status

SAMPLES = Path(__file__).parent / "samples" / "stub_status"
READ = {
    "keep_alive.txt": StubStatus(
        active=21, accepts=3032, handled=3032, requests=4502, reading=0, writing=21, waiting=0
    ),
    "waiting.txt": StubStatus(active=5, accepts=3580, handled=3580, requests=6511, reading=1, writing=1, waiting=3),
    "dropped.txt": StubStatus(active=1, accepts=13, handled=8, requests=8, reading=0, writing=1, waiting=0),
    "tengine.txt": StubStatus(1, 1140, 1140, 1140, 0, 1, 0, request_time=75806),
}
counters = st.integers(min_value=0, max_value=2**64 - 1)
pages = st.builds(StubStatus, *[counters] * 7, request_time=st.none() | counters)
blanks = st.sampled_from([" ", "\t", "  ", " \r\n", "\n"])


def page_of(status: StubStatus, blank: str) -> str:
    extra, time = (["request_time"], [str(status.request_time)]) if status.request_time is not None else ([], [])
    words = ["Active", "connections:", str(status.active), "server", "accepts", "handled", "requests", *extra]
    words += [str(status.accepts), str(status.handled), str(status.requests), *time]
    words += ["Reading:", str(status.reading), "Writing:", str(status.writing), "Waiting:", str(status.waiting)]
    return blank.join(words) + blank


def outcome(text: str) -> StubStatus | ParseError:
    try:
        return parse_stub_status(text, "page")
    except ParseError as error:
        return error


@pytest.mark.parametrize("name", READ)
def test_a_real_page_is_read(name: str) -> None:
    assert parse_stub_status((SAMPLES / name).read_text(), name) == READ[name]


@given(pages, blanks)
def test_any_counters_are_read_whatever_blanks_stand_between_them(status: StubStatus, blank: str) -> None:
    assert parse_stub_status(page_of(status, blank), "page") == status


@given(
    st.text()
    | st.text(alphabet="Active connections:serv accepts handled requests 0123456789\r\n ReadingWritingWaiting")
)
def test_any_text_is_a_status_or_an_error_with_source_and_line(text: str) -> None:
    found = outcome(text)
    if isinstance(found, ParseError):
        assert (found.source, 1 <= found.line <= text.count("\n") + 1) == ("page", True)
    else:
        assert found.active >= 0


@given(pages, st.data())
def test_a_page_cut_anywhere_is_refused_or_ends_in_a_shorter_number(status: StubStatus, data: st.DataObject) -> None:
    page = page_of(status, " ").strip()
    cut = page[: data.draw(st.integers(0, len(page) - 1))]
    found = outcome(cut)
    assert isinstance(found, ParseError) or str(found.waiting) == cut.rpartition(" ")[2]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "expected 'Active'"),
        ((SAMPLES / "forbidden.html").read_text(), 1, "an HTML page"),
        ("Active connections: many", 1, "expected a counter"),
        ("Active connections: 1\nserver accepts handled\n1 1", 3, "accepts, handled and requests"),
        ("Active connections: 1\nserver accepts handled requests\n 1 1\nReading: 0", 4, "expected a counter"),
        (f"Active connections: {2**64}", 1, "expected a counter"),
        (f"Active connections: {'1' * 100_000}", 1, "expected a counter"),
        ("Active connections: ٣", 1, "expected a counter"),
        ((SAMPLES / "dropped.txt").read_text() + "more", 5, "nothing more"),
    ],
)
def test_what_is_no_status_page_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(ParseError) as refused:
        parse_stub_status(text, "page")
    assert (refused.value.source, refused.value.line) == ("page", line)
    assert reason in refused.value.reason
