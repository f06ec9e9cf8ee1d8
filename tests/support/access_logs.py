"""Access logs as a busy registry writes them, the same for the same seed, with a chosen share of hostile lines."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import accumulate

COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
TIMED = "LB - $http_x_forwarded_for - " + COMBINED + " $request_time $upstream_response_time"

_START = datetime(2026, 3, 2, 0, 0, 0, tzinfo=timezone(timedelta(hours=1)))
_BLOCK = 20_000
_DOCKER = "docker/{0} go/go1.2{1}.{2} git-commit/{3} kernel/5.15.0-{4}-generic os/linux arch/amd64 UpstreamClient({5})"


def access_log(
    lines: int, *, seed: int = 1, hostile: float = 0.001, clients: int = 20_000, timed: bool = False, days: float = 1.0
) -> Iterator[bytes]:
    """Yield a log in pieces of many whole lines, spread evenly over some days from 2 March 2026 on.

    hostile is the share of lines that are not a registry's well-behaved traffic; about one in twenty thousand of those
    is 1 MiB long. timed chooses the format TIMED, where the balancer's header comes first and the times last.
    """
    traffic = _Traffic(random.Random(seed), clients, timed=timed, different=min(max(lines, 2000), 200_000))
    for start in range(0, lines, _BLOCK):
        count = min(_BLOCK, lines - start)
        yield traffic.block(_START + timedelta(days=days * start / lines), days * 86400 * count / lines, count, hostile)


class _Traffic:
    def __init__(self, source: random.Random, clients: int, *, timed: bool, different: int) -> None:
        self._random = source
        self._timed = timed
        self._clients = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in source.sample(range(2**24), clients)]
        self._clients[0] = "172.17.0.1"
        self._clients[-clients // 50 :] = [
            f"2001:db8:{source.getrandbits(16):x}::{source.getrandbits(16):x}" for _ in range(clients // 50 or 1)
        ]
        self._client_weights = list(accumulate(1 / (n + 3) ** 0.8 for n in range(clients)))
        teams = ["library", "base", "payments", "search", "web", "data", "ml-platform", "infra/tools", "mobile/ci"]
        self._repositories = [f"{source.choice(teams)}/app-{n}" for n in range(800)]
        self._repository_weights = list(accumulate(1 / (n + 2) for n in range(800)))
        self._blobs = [[_digest(source) for _ in range(30)] for _ in self._repositories]
        self._agents = [*_agents(source, 120)]
        self._agent_weights = list(accumulate(1 / (n + 2) for n in range(len(self._agents))))
        self._requests = [self._request() for _ in range(different)]

    def block(self, start: datetime, seconds: float, count: int, hostile: float) -> bytes:
        source = self._random
        clients = source.choices(self._clients, cum_weights=self._client_weights, k=count)
        agents = source.choices(self._agents, cum_weights=self._agent_weights, k=count)
        requests = source.choices(self._requests, k=count)
        lines: list[bytes] = []
        when = ""
        for n, (client, agent, (request, status, size, duration)) in enumerate(
            zip(clients, agents, requests, strict=True)
        ):
            second = start + timedelta(seconds=seconds * n / count)
            if n % 16 == 0 or seconds > count:
                when = second.strftime("%d/%b/%Y:%H:%M:%S %z")
            if status == 206 or size > 1_000_000:
                size = source.randrange(size)
            if "%" in request:
                request = request.replace("%", f"{source.getrandbits(128):032x}")
            line = f'{client} - - [{when}] "{request}" {status} {size} "-" "{agent}"'
            if self._timed:
                took = f"{duration * source.random():.3f}"
                line = f"LB - {client} - {line} {took} {took if status < 499 else '-'}"
            lines.append(line.encode())
        for n in range(count):
            if source.random() < hostile:
                lines[n] = self._hostile(lines[n])
        return b"\n".join(lines) + b"\n"

    def _request(self) -> tuple[str, int, int, float]:
        source = self._random
        index = source.choices(range(800), cum_weights=self._repository_weights)[0]
        name, blob = self._repositories[index], source.choice(self._blobs[index])
        tag = source.choice(["latest", "1.4", "2.0.1", f"build-{source.randrange(5000)}"])
        api = f"/v2/{name}"
        kinds: list[tuple[int, str, int, int, float]] = [
            (14, "GET /v2/ HTTP/1.1", 401, 87, 0.01),
            (8, "GET /v2/ HTTP/1.1", 200, 2, 0.01),
            (14, f"HEAD {api}/manifests/{tag} HTTP/1.1", 200, 0, 0.05),
            (10, f"GET {api}/manifests/{tag} HTTP/1.1", 200, 1573, 0.05),
            (4, f"GET {api}/manifests/{tag} HTTP/1.1", 404, 152, 0.05),
            (16, f"GET {api}/blobs/{blob} HTTP/1.1", 200, source.randrange(1000, 90_000_000), 12.0),
            (2, f"GET {api}/blobs/{blob} HTTP/1.1", 206, 4_000_000, 2.0),
            (1, f"GET {api}/blobs/{blob} HTTP/1.1", 499, 700_000, 60.0),
            (6, f"HEAD {api}/blobs/{blob} HTTP/1.1", 200, 0, 0.02),
            (3, f"HEAD {api}/blobs/{blob} HTTP/1.1", 404, 0, 0.02),
            (3, f"POST {api}/blobs/uploads/ HTTP/1.1", 202, 0, 0.1),
            (3, f"PATCH {api}/blobs/uploads/%?_state=% HTTP/1.1", 202, 0, 20.0),
            (3, f"PUT {api}/blobs/uploads/%?digest=sha256%3A{blob[7:]} HTTP/1.1".replace("%3A", ":"), 201, 0, 1.0),
            (2, f"PUT {api}/manifests/{tag} HTTP/1.1", 201, 0, 0.2),
            (1, f"PUT {api}/manifests/{tag} HTTP/1.1", 500, 120, 5.0),
            (2, f"GET {api}/tags/list HTTP/1.1", 200, 900, 0.3),
            (1, f"GET /v1/repositories/{name}/images HTTP/1.1", 200, 4000, 0.2),
            (1, f"GET /v1/repositories/{name}/tags HTTP/1.1", 200, 400, 0.2),
            (1, f"GET /v1/images/{blob[7:]}/layer HTTP/1.1", 200, 20_000_000, 5.0),
            (1, f"PUT /v1/repositories/{name}/images HTTP/1.1", 204, 0, 0.2),
            (2, "GET /_ping HTTP/1.1", 200, 4, 0.01),
            (1, "GET /nginx_status HTTP/1.1", 200, 110, 0.01),
            (1, f"GET {api}/manifests/{tag} HTTP/1.1", 502, 166, 30.0),
        ]
        kind = source.choices(kinds, weights=[kind[0] for kind in kinds])[0]
        return kind[1:]

    def _hostile(self, line: bytes) -> bytes:
        source = self._random
        if source.random() < 1 / 20_000:
            return b"A" * 2**20
        return source.choice(_HOSTILE)(line)


def _hello(line: bytes) -> bytes:
    head, _, _ = line.partition(b'"')
    return head + rb'"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03 \x22x\x22 \x13\x01" 400 157 "-" "-"' + _tail(line)


def _empty_request(line: bytes) -> bytes:
    return line.partition(b'"')[0] + b'"" 400 0 "-" "-"' + _tail(line)


def _tail(line: bytes) -> bytes:
    return line.rpartition(b'"')[2]


def _resized(size: bytes, line: bytes) -> bytes:
    pieces = line.split(b'"')
    pieces[2] = b" " + pieces[2].split()[0] + b" " + size + b" "
    return b'"'.join(pieces)


_HOSTILE = (
    _hello,
    _empty_request,
    lambda line: line.replace(b'HTTP/1.1"', rb'HTTP/1.1\x22 200 1 \x22-\x22"'),
    lambda line: line.partition(b'"')[0] + b'"GET" 400 0 "-" "-"' + _tail(line),
    lambda line: line.partition(b'"')[0] + b'"GET /a b c HTTP/1.1" 404 0 "-" "-"' + _tail(line),
    lambda line: line.replace(b" - - [", b" - john doe [5] [", 1),
    lambda line: _resized(b"-", line),
    lambda line: _resized(b"99999999999999999999999", line),
    lambda line: _resized(b"12a", line),
    lambda line: line[: len(line) // 2],
    lambda line: line + b"\r",
    lambda line: line + b"\r\r",
    lambda line: b"\0" * 300 + line,
    lambda line: line.replace(b'"-"', b'"\xff\xfe\x80 \0"'),
    lambda line: line.replace(b'"-"', b'"a\nb"'),
    lambda line: line.replace(b'"-"', b'"' + line + b'"'),
    lambda line: line + b"\n" + line,
    lambda line: line.replace(b"/Mar/", b"/Xyz/"),
    lambda line: line.replace(b"/Mar/2026:", b"/Feb/2026:24:"),
    lambda line: line.replace(b"02/Mar/", b"30/Feb/"),
    lambda line: line.replace(b'" 200 ', b'" 2000 '),
    lambda line: line.replace(b'" 200 ', b'"  200 '),
    lambda line: b"",
    lambda line: b" " * 50,
    lambda line: b'"' * 6,
    lambda line: '\u202e"\u0661\u0662\u0663" '.encode() + line,
    lambda line: b"nginx: [warn] could not open error log file",
)


def _digest(source: random.Random) -> str:
    return f"sha256:{source.getrandbits(256):064x}"


def _agents(source: random.Random, count: int) -> Iterator[str]:
    yield from ("containerd/v1.7.12", "Go-http-client/1.1", "skopeo/1.13.3", "curl/7.88.1", "-", "buildkit/v0.12")
    for _ in range(count):
        version = f"2{source.randrange(6)}.0.{source.randrange(9)}"
        client = rf"Docker-Client/{version} \x5C(linux\x5C)"
        short = source.random() < 0.6
        yield f"docker/{version}" if short else _DOCKER.format(
            version, source.randrange(3), source.randrange(12), f"{source.getrandbits(28):07x}", source.randrange(120),
            client,
        )  # fmt: skip
