"""What values of nginx's variables look like in an access log: those of which nginx itself says what they can be.

Every other variable can hold whatever a client sent. Source: ngx_http_variables.c, ngx_http_upstream.c and
ngx_http_log_module.c of nginx 1.22 and 1.31.
"""

import re
from dataclasses import dataclass

# As many as nginx tries upstreams for one request and more; it bounds what a forged line can cost.
_LIST = 64

_NUMBER = "[0-9]{1,20}"
_SECONDS = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_ADDRESS = "[0-9A-Fa-f.:]{2,45}|unix:"
_WORD = '[^ "]{0,256}'
_TIME_LOCAL = r"[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}"
_ISO8601 = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}"
# One value for each upstream that was tried, several times over where the request was redirected inside nginx.
_NUMBERS = rf"(?:[0-9.]{{1,20}}|-)(?:(?:, | : )(?:[0-9.]{{1,20}}|-)?){{0,{_LIST}}}"
_WORDS = rf'[^ ,"]{{1,256}}(?:(?:, | : )(?:[^ ,"]{{1,256}})?){{0,{_LIST}}}'

_NAMES = {
    _NUMBER: (
        "status bytes_sent body_bytes_sent request_length connection connection_requests remote_port server_port "
        "realip_remote_port proxy_protocol_port pid tcpinfo_rtt tcpinfo_rttvar tcpinfo_snd_cwnd tcpinfo_rcv_space"
    ),
    _SECONDS: "request_time msec connection_time gzip_ratio",
    _ADDRESS: "remote_addr server_addr realip_remote_addr proxy_protocol_addr",
    _TIME_LOCAL: "time_local",
    _ISO8601: "time_iso8601",
    "[p.]": "pipe",
    _WORD: (
        "request_method server_protocol scheme host server_name hostname request_id request_completion ssl_protocol "
        "ssl_cipher http2 http3 https is_args nginx_version upstream_cache_status ssl_session_reused limit_req_status"
    ),
    _NUMBERS: (
        "upstream_status upstream_response_time upstream_connect_time upstream_header_time upstream_response_length "
        "upstream_bytes_received upstream_bytes_sent"
    ),
    _WORDS: "upstream_addr",
}
# A text with one of these characters, which no value of a shape holds, tells where the value ends.
_STOPS = {_WORD: " ", _NUMBERS: "", _WORDS: "", _TIME_LOCAL: '[]|"'}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value can be, characters that it never holds, and how many blanks it has, None for any number."""

    pattern: re.Pattern[str]
    stops: str
    blanks: int | None


def _shape(expression: str) -> Shape:
    stops = _STOPS.get(expression, ' []|"')
    if expression in {_TIME_LOCAL, _ISO8601}:
        return Shape(re.compile(expression), stops, int(expression is _TIME_LOCAL))
    # A dash or nothing stands for a variable that has no value.
    return Shape(re.compile(f"{expression}|-|"), stops, 0 if " " in stops else None)


SHAPES = {name: _shape(expression) for expression, names in _NAMES.items() for name in names.split()}
