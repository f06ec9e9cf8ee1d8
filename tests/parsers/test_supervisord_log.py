"""supervisord's log: the lives of the programs it runs."""

from datetime import UTC

from hypothesis import given, settings

from log_samples import any_lines, joined, sample_lines, utc
from parsers.log_record import Level, Rejected
from parsers.supervisord_log import Event, SupervisordEntry, iter_supervisord_log


def read(lines: list[str]) -> list[SupervisordEntry]:
    found = list(iter_supervisord_log(lines, zone=UTC))
    assert joined(found) == "\n".join(lines)
    assert not [record for record in found if isinstance(record, Rejected)]
    return [record for record in found if isinstance(record, SupervisordEntry)]


def test_the_life_of_a_program_is_read() -> None:
    entries = read(sample_lines("supervisord_log/states.log"))
    life = [(entry.event, entry.pid, entry.signal, entry.expected) for entry in entries if entry.program == "registry"]
    assert life[:4] == [
        (Event.SPAWNED, 9, None, None),
        (Event.RUNNING, None, None, None),
        (Event.STOPPED, None, None, None),
        (Event.SPAWNED, 154, None, None),
    ]
    assert (Event.EXITED, None, "SIGKILL", False) in life
    assert {entry.event for entry in entries} == {
        None, Event.STARTED, Event.SPAWNED, Event.RUNNING, Event.STOPPED, Event.EXITED, Event.REAPED, Event.SPAWN_ERROR
    }  # fmt: skip


def test_the_words_of_supervisor_4_are_read() -> None:
    entries = read(sample_lines("supervisord_log/debug.log"))
    found = {(entry.event, entry.program): entry for entry in entries}
    assert found[Event.EXITED, "core"].signal == "SIGSEGV"
    assert (found[Event.EXITED, "exit0"].exit_status, found[Event.EXITED, "exit0"].expected) == (0, True)
    assert found[Event.GAVE_UP, "nofile"].level is Level.INFO
    assert found[Event.KILLED, "stubborn"].signal == "SIGKILL"
    assert found[Event.STOPPING, "stubborn"].event is Event.STOPPING
    assert [entry.signal for entry in entries if entry.event is Event.SIGNAL and entry.level is Level.WARNING] == [
        "SIGTERM"
    ]


def test_the_output_of_a_program_folds_to_the_line_that_tells_of_it() -> None:
    entries = read(sample_lines("supervisord_log/debug.log"))
    assert "'ok' stdout output:\nhello\ntwo\n" in [entry.message for entry in entries]


def test_a_time_has_milliseconds() -> None:
    (entry,) = read(["2026-11-23 09:11:01,023 INFO spawned: 'registry' with pid 9"])
    assert entry == SupervisordEntry(
        "2026-11-23 09:11:01,023 INFO spawned: 'registry' with pid 9",
        utc("2026-11-23 09:11:01.023"),
        Level.INFO,
        None,
        continued=False,
        message="spawned: 'registry' with pid 9",
        event=Event.SPAWNED,
        program="registry",
        pid=9,
        exit_status=None,
        signal=None,
        expected=None,
    )


@given(any_lines("supervisord_log/states.log", "supervisord_log/debug.log"))
@settings(deadline=None)
def test_any_line_is_in_an_entry_or_rejected(lines: list[str]) -> None:
    assert joined(iter_supervisord_log(lines, zone=UTC)) == "\n".join(lines)
