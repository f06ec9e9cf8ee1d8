"""Answers in Prometheus' text exposition format, with the names existing dashboards know."""

from regops.model.answer import Answer
from regops.model.nginx_status import NginxStatus

# name, type, help, field: the names and texts of nginx-prometheus-exporter, and dropped, which it lacks.
_NGINX = (
    ("nginx_connections_accepted", "counter", "Accepted client connections", "accepts"),
    ("nginx_connections_active", "gauge", "Active client connections", "active"),
    ("nginx_connections_dropped_total", "counter", "Accepted but not handled client connections", "dropped"),
    ("nginx_connections_handled", "counter", "Handled client connections", "handled"),
    (
        "nginx_connections_reading",
        "gauge",
        "Connections where NGINX is reading the request header",
        "reading",
    ),
    ("nginx_connections_waiting", "gauge", "Idle client connections", "waiting"),
    (
        "nginx_connections_writing",
        "gauge",
        "Connections where NGINX is writing the response back to the client",
        "writing",
    ),
    ("nginx_http_requests_total", "counter", "Total http requests", "requests"),
)


def exposition(answer: Answer) -> str:
    """Return the samples of an answer; an unavailable number has no sample, never a zero."""
    match answer:
        case NginxStatus():
            return nginx_exposition(answer)
        case _:
            raise TypeError(f"{type(answer).__name__} has no metrics")


def nginx_exposition(status: NginxStatus | None) -> str:
    """Return nginx's counters; None means that they could not be had: then nginx_up is 0, and nothing else is known."""
    samples = [_sample(name, kind, text, getattr(status, field)) for name, kind, text, field in _NGINX if status]
    samples.append(_sample("nginx_up", "gauge", "Status of the last metric scrape", int(status is not None)))
    return "".join(samples)


def _sample(name: str, kind: str, text: str, value: int) -> str:
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n{name} {value}\n"
