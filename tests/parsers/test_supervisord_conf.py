"""Where supervisord and its programs log to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.supervisord_conf import SupervisordLogs, find_supervisord_logs

CONF = """; a comment
[supervisord]
logfile = /srv/log/supervisord.log ; the main one
childlogdir=/srv/log/child
[program:nginx]
command=nginx -g "daemon off;"
stdout_logfile=/srv/log/%(program_name)s-out.log
stderr_logfile: NONE
[program:registry]
stdout_logfile=/dev/stdout
stderr_logfile=/srv/%(ENV_NAME)s/100%%.log
#[program:off]
#stdout_logfile=/srv/log/off.log
[eventlistener:mail]
stdout_logfile=none
STDERR_LOGFILE=auto
[group:all]
stdout_logfile=/srv/log/of-no-program.log
[include]
files = conf.d/*.conf
    /more/*.ini
"""


def test_the_logs_of_a_configuration() -> None:
    assert find_supervisord_logs(CONF) == SupervisordLogs(
        paths=(
            "/srv/log/supervisord.log",
            "/srv/log/nginx-out.log",
            "/dev/stdout",
            "/srv/%(ENV_NAME)s/100%.log",
        ),
        is_auto=True,
        child_directory="/srv/log/child",
        includes=("conf.d/*.conf", "/more/*.ini"),
    )


def test_a_program_that_names_no_log_has_one_of_supervisords_own_names() -> None:
    assert find_supervisord_logs("[program:x]\ncommand=x\n").is_auto
    assert not find_supervisord_logs("[supervisord]\n").is_auto


@given(st.text("[]program:x=\n ;#%()s/autonestdlgfi_", max_size=200))
def test_any_text_gives_paths_of_one_line(text: str) -> None:
    found = find_supervisord_logs(text)
    assert all(path for path in found.paths)


@pytest.mark.parametrize(
    "text",
    [
        "[supervisord]\na" + " " * 1_000_000 + "b",
        "[supervisord]\nchildlogdir=/x\n" + " a\n" * 500_000,
        f"[program:{'x' * 500_000}]\nstdout_logfile={'%(program_name)s' * 30_000}",
        f"[program:{'x' * 200}]\nstdout_logfile=/{'%(program_name)s' * 100}",
        f"[supervisord]\nlogfile=/{'x' * 1_000_000}",
    ],
    ids=["blanks", "lines", "names", "many names", "path"],
)
def test_what_is_made_to_be_long_to_read_is_read_at_once_and_names_no_log(text: str) -> None:
    assert find_supervisord_logs(text).paths == ()
