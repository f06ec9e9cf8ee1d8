"""The names of images, as engines spell them."""

import pytest

from regops.collectors.bootstrap.image_name import familiar, with_tag


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("busy:1", "busy:1"),
        ("library/busy:1", "busy:1"),
        ("docker.io/busy:1", "busy:1"),
        ("docker.io/library/busy:1", "busy:1"),
        ("index.docker.io/u/busy:1", "u/busy:1"),
        ("docker.io/u/busy:1", "u/busy:1"),
        ("docker.io/library/busy/box:1", "library/busy/box:1"),
        ("localhost:5000/library/busy:1", "localhost:5000/library/busy:1"),
        ("registry.example/docker.io/busy", "registry.example/docker.io/busy"),
        ("docker.io:443/busy", "docker.io:443/busy"),
        ("library", "library"),
        ("", ""),
    ],
)
def test_what_goes_without_saying_is_left_out(reference: str, said: str) -> None:
    assert familiar(reference) == said


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("busy", "busy:latest"),
        ("busy:1", "busy:1"),
        ("localhost:5000/busy", "localhost:5000/busy:latest"),
        ("busy@sha256:0", "busy@sha256:0"),
    ],
)
def test_without_a_tag_it_means_latest(reference: str, said: str) -> None:
    assert with_tag(reference) == said
