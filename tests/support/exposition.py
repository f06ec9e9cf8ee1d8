"""A strict reader of Prometheus' text exposition format, for what regops writes: no labels, no timestamps."""

import re
from typing import NamedTuple

_HELP = re.compile(r"# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*)")
_TYPE = re.compile(r"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)")
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*) (\d+(?:\.\d+)?)")


class Metric(NamedTuple):
    kind: str
    text: str
    value: float


def read_exposition(text: str) -> dict[str, Metric]:
    """Return the metrics by name; each must be one HELP, one TYPE and one sample, in this order."""
    assert text.endswith("\n"), "the last line must end too"
    lines = text.splitlines()
    assert len(lines) % 3 == 0
    found: dict[str, Metric] = {}
    for at in range(0, len(lines), 3):
        parts = [
            pattern.fullmatch(line) for pattern, line in zip((_HELP, _TYPE, _SAMPLE), lines[at : at + 3], strict=True)
        ]
        assert all(parts), lines[at : at + 3]
        (name, text_), (typed, kind), (sampled, value) = (part.groups() for part in parts if part)
        assert name == typed == sampled, lines[at : at + 3]
        assert name not in found, f"{name} twice"
        found[name] = Metric(kind, text_, float(value))
    return found
