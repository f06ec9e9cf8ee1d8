"""nginx's configuration: words, blocks and lines, and the logs it names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log_samples import sample_text
from parsers.errors import ParseError
from parsers.log_format import Escape
from parsers.nginx_conf import Directive, parse_nginx_conf, walk
from parsers.nginx_logs import AccessLog, ErrorLog, Include, LogFormat, find_logs
from parsing import keeps_promise, outcome


def parse(text: str) -> tuple[Directive, ...]:
    return parse_nginx_conf(text, source="nginx.conf")


def test_a_real_configuration_names_its_logs_and_formats() -> None:
    logs = find_logs(parse_nginx_conf(sample_text("nginx_conf/formats.conf"), source="nginx.conf"))
    assert [each.name for each in logs.formats] == ["main", "lb", "js", "none", "up", "loose", "free"]
    assert logs.formats[0] == LogFormat(
        "main",
        'PP - $http_pp_remote_addr - $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
        '"$http_referer" "$http_user_agent" "$http_x_forwarded_for"',
        Escape.DEFAULT,
        7,
    )
    assert [each.escape for each in logs.formats[2:4]] == [Escape.JSON, Escape.NONE]
    assert "$scheme\t${server_protocol}" in logs.formats[4].text
    assert logs.access_logs[0] == AccessLog("logs/combined.log", "combined", 16)
    assert logs.access_logs[6] == AccessLog("logs/loose.log", "loose", 16)
    assert logs.error_logs == (ErrorLog("logs/error.log", "info", 2),)


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("x a b;", ("a", "b")),
        ("x 'a b' \"c d\";", ("a b", "c d")),
        ("x a\\ b;", ("a\\ b",)),
        (r"x 'it\'s' \"q\";", ("it's", '"q"')),
        (r"x 'a\tb\n\\n\d';", ("a\tb\n\\n\\d",)),
        ("x ${a}b {;", None),
        ("x ${a}b$c;", ("${a}b$c",)),
        ("x a#b # c\n d;", ("a#b", "d")),
        ("x 'a' 'b';", ("a", "b")),
        ("x ('a');", ("('a')",)),
        ("x a}b;", ("a}b",)),
        ("x 'multi\nline';", ("multi\nline",)),
        ("x\n\n;", ()),
    ],
)
def test_words_are_read_as_nginx_reads_them(text: str, args: tuple[str, ...] | None) -> None:
    found = outcome(lambda: parse(text))
    assert found == (Directive("x", args, 1),) if args is not None else isinstance(found, ParseError)


def test_blocks_nest_and_lines_count() -> None:
    assert parse("a {\n b {\n  c d;\n }\n}\ne;") == (
        Directive("a", (), 1, (Directive("b", (), 2, (Directive("c", ("d",), 3),)),)),
        Directive("e", (), 6),
    )


def test_lua_is_skipped_by_its_braces() -> None:
    lua = "local t = { a = \"}\" } -- }\n --[[ } ]] local s = [==[ } ]==] ngx.say('}')"
    assert parse(f"content_by_lua_block {{ {lua} }} x;") == (
        Directive("content_by_lua_block", (), 1, ()),
        Directive("x", (), 2),
    )


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a b", 1, "unexpected end of file"),
        ("a;\nb {\nc;", 2, 'expecting "}"'),
        ("a;\n}", 2, 'unexpected "}"'),
        ("a {\n b }", 2, 'unexpected "}"'),
        ("a;\n;", 2, 'unexpected ";"'),
        ('a "b"c;', 1, 'unexpected "c"'),
        ("a\n'b", 2, "unexpected end of file"),
        ("a {" * 40 + "}" * 40, 1, "nested too deeply"),
        ("x_by_lua_block {\n [[ }", 1, "Lua"),
        ("x_by_lua_block { '", 1, "Lua"),
    ],
)
def test_what_nginx_could_not_read_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(ParseError) as refused:
        parse(text)
    assert (refused.value.source, refused.value.line) == ("nginx.conf", line)
    assert reason in refused.value.reason


def test_includes_come_with_what_is_around_them() -> None:
    logs = find_logs(parse("http { server { include conf.d/*.conf; } }"))
    assert logs.includes == (Include("conf.d/*.conf", ("http", "server"), 1),)
    inside = find_logs(parse("access_log /a.log;"), context=("http",))
    assert inside.access_logs == (AccessLog("/a.log", "combined", 1),)


def test_logs_that_are_off_and_those_of_other_modules_are_left_out() -> None:
    text = "http { access_log off; } stream { log_format f '$remote_addr'; access_log /s.log f; error_log /e.log; }"
    logs = find_logs(parse(text))
    assert (logs.formats, logs.access_logs, logs.error_logs) == ((), (), ())
    assert find_logs(parse("access_log /s.log f;"), context=("stream", "server")).access_logs == ()


@pytest.mark.parametrize(
    ("options", "name"),
    [("", "combined"), ("main", "main"), ("main buffer=32k", "main"), ("gzip", "combined"), ("if=$x", "combined")],
)
def test_an_access_log_without_a_format_has_the_combined_one(options: str, name: str) -> None:
    assert find_logs(parse(f"access_log /a.log {options};")).access_logs == (AccessLog("/a.log", name, 1),)


@given(st.text() | st.text(alphabet="ab{};'\"\\$# \n_by_lua_block[]-"))
@settings(deadline=None)
def test_any_text_is_a_configuration_or_an_error_with_source_and_line(text: str) -> None:
    found = outcome(lambda: parse(text))
    assert keeps_promise(found, text, source="nginx.conf")
    if not isinstance(found, ParseError):
        assert all(directive.name for _, directive in walk(found))
        find_logs(found)


@given(st.lists(st.text(alphabet="ab {};'\"\\$#\n\té", max_size=8), max_size=5))
@settings(deadline=None)
def test_a_quoted_word_is_read_back_whatever_it_holds(words: list[str]) -> None:
    quoted = ['"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words]
    assert parse(" ".join(["x", *quoted]) + ";") == (Directive("x", tuple(words), 1),)
