"""Log records as JSON: one object a line, with typed fields."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from json_schema import check_line
from log_records import ACCESS, REGISTRY, access, program, record, registry
from parsers.log_record import Rejected
from parsers.nginx_access import compile_log_format
from regops.model.log_record import LogRecord
from regops.render.log_json import record_json
from regops.render.log_secrets import SecretMask
from regops.render.visible import without_surrogates


def document(made: LogRecord, *, show_secrets: bool = False) -> dict[str, Any]:
    text = record_json(made, SecretMask(show_secrets=show_secrets).of(made))
    assert "\n" not in text
    assert text.isascii()
    found = json.loads(text)
    assert isinstance(found, dict)
    check_line(found, "LogRecord")
    return found


def test_a_request_has_its_parts_by_nginxs_names_and_what_it_means() -> None:
    line = (
        '172.17.0.1 - - [23/Nov/2026:09:11:08 +0000] "GET /v2/team/app/manifests/1.0 HTTP/1.1" 200 2 "-" "curl" 0.250 -'
    )
    layout = (
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
        '"$http_user_agent" $request_time $upstream_addr'
    )
    assert document(record(ACCESS, compile_log_format(layout), line)) == {
        "time": "2026-11-23T09:11:08Z",
        "at": "2026-11-23T09:11:08Z",
        "source": "nginx/access.log",
        "level": "info",
        "text": line,
        "message": None,
        "request": {
            "remote_addr": "172.17.0.1",
            "remote_user": None,
            "method": "GET",
            "uri": "/v2/team/app/manifests/1.0",
            "protocol": "HTTP/1.1",
            "status": 200,
            "body_bytes_sent": 2,
            "request_time": 0.25,
            "host": None,
            "http_referer": None,
            "http_user_agent": "curl",
            "repository": "team/app",
            "kind": "pull-manifest",
        },
        "fields": {},
        "unread": None,
        "continued": False,
        "cut_bytes": 0,
    }


def test_what_else_a_log_says_is_in_the_fields() -> None:
    made = registry(
        'time="2026-11-23T09:42:10.265308039Z" level=error msg="x y" err.code=unknown pid=forged vars.name=team/a'
    )
    found = document(made)
    assert (found["message"], found["time"]) == ("x y", "2026-11-23T09:42:10.265308Z")
    assert found["fields"] == {
        "err.code": "unknown", "vars.name": "team/a", "writer": "logrus", "doubles": False,
    }, "a field never stands for what was found out, such as the pid"  # fmt: skip
    own = registry("2026-11-23 09:13:30 [154] [INFO] Starting")
    assert document(own)["fields"]["pid"] == 154


def test_a_line_that_could_not_be_read_has_its_text_and_the_reason() -> None:
    found = document(LogRecord(ACCESS, Rejected("GET /", "not in the format"), None, 7))
    assert (found["text"], found["unread"], found["cut_bytes"]) == ("GET /", "not in the format", 7)
    assert [name for name in ("time", "at", "level", "message", "request") if found[name] is not None] == []


def test_secrets_are_masked_in_every_string_unless_they_are_wanted() -> None:
    line = (
        'time="2026-11-23T09:42:10Z" level=error msg="password=hunter2" http.request.method=PUT '
        'http.request.uri="/v2/a/blobs/uploads/1?_state=hunter2" http.request.referer="http://a:hunter2@b/" '
        'http.request.useragent="x token=hunter2" db.password=hunter2'
    )
    made = registry(line)
    assert "hunter2" not in json.dumps(document(made))
    assert document(made)["request"]["uri"] == "/v2/a/blobs/uploads/1?_state=***"
    assert document(made)["fields"]["db.password"] == "***"
    assert document(made, show_secrets=True)["text"] == line
    assert document(made, show_secrets=True)["fields"]["db.password"] == "hunter2"


def test_a_secret_variable_of_the_access_log_is_masked_with_its_text() -> None:
    made = record(ACCESS, compile_log_format('$remote_addr "$http_cookie" $status'), '::1 "a=b" 200')
    found = document(made)
    assert (found["text"], found["fields"]) == ('::1 "***" 200', {"http_cookie": "***"})
    escaped = record(ACCESS, compile_log_format('$remote_addr "$http_cookie" $status'), r'::1 "a=\x22b\x22" 200')
    assert document(escaped)["text"] == "***"


def test_bytes_that_are_no_utf_8_are_written_out_for_readers_that_refuse_lone_surrogates() -> None:
    assert document(program("caf\udce9 \ud800 é"))["text"] == "caf\\xe9 \\ud800 é"


@given(st.text(st.characters(exclude_characters="\n", exclude_categories=()), max_size=60))
def test_any_text_makes_one_line_of_ascii_that_holds_it(text: str) -> None:
    assert document(program(text), show_secrets=True)["text"] == without_surrogates(text)
    for made in (program(text), access(f"GET /{text} HTTP/1.1"), LogRecord(REGISTRY, Rejected(text, "no"), None)):
        assert document(made)
