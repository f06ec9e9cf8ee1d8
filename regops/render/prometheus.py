"""Answers in Prometheus' text exposition format, with the names existing dashboards know."""

from regops.model.answer import Answer


def exposition(answer: Answer) -> str:
    """Return the samples of an answer; an unavailable number has no sample, never a zero."""
    raise TypeError(f"{type(answer).__name__} has no metrics")
