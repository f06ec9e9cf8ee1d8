"""Lists of packages as CycloneDX documents."""

import json
from datetime import UTC, datetime

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from parsers.dpkg_status import InstalledPackage
from regops.adapters.sbom import bill_of_materials
from regops.model.built_image import Subject

IMAGE = Subject("regops/docker-registry:latest", f"sha256:{'a' * 64}", "amd64", datetime(2026, 11, 19, tzinfo=UTC))
NGINX = InstalledPackage("nginx", "1.22.1-9", "amd64", "nginx", "1.22.1-9", "N <n@example>", "https://nginx.org", "web")
LIBC = InstalledPackage("libc6", "2.36-9+b1", "amd64", "glibc", "2.36-9", "", "", "")
GO = InstalledPackage("go-program", "1", "amd64", "go-program", "1", "", "", "", (("golang-1.19", "1.19.8-2"),))


def document(*packages: InstalledPackage) -> dict[str, object]:
    text = bill_of_materials(IMAGE, packages)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found: dict[str, object] = json.loads(text)
    return found


def test_it_is_valid_and_names_the_image_and_every_package() -> None:
    found = document(NGINX, LIBC)
    assert found["metadata"]["component"]["version"] == IMAGE.id  # type: ignore[index]
    assert found["metadata"]["timestamp"] == "2026-11-19T00:00:00+00:00"  # type: ignore[index]
    assert [one["purl"] for one in found["components"]] == [  # type: ignore[attr-defined]
        "pkg:deb/debian/libc6@2.36-9%2Bb1?arch=amd64&distro=debian-12&upstream=glibc%402.36-9",
        "pkg:deb/debian/nginx@1.22.1-9?arch=amd64&distro=debian-12",
    ]


def test_what_a_program_links_statically_is_inside_it() -> None:
    (program,) = document(GO)["components"]  # type: ignore[misc]
    assert [one["name"] for one in program["components"]] == ["golang-1.19"]  # type: ignore[has-type]


def test_the_same_image_gives_the_same_document() -> None:
    assert bill_of_materials(IMAGE, (NGINX, LIBC)) == bill_of_materials(IMAGE, (LIBC, NGINX))


def test_an_image_without_packages_has_a_document_too() -> None:
    assert document()["dependencies"] == [{"ref": IMAGE.id}]


def test_hostile_texts_of_a_package_stay_texts() -> None:
    hostile = InstalledPackage('a"?\x1b[31m', "1&arch=x", "amd64", "b", "2", "\x00", "javascript:alert(1)", "]]>")
    (found,) = document(hostile)["components"]  # type: ignore[misc]
    assert found["version"] == "1&arch=x"  # type: ignore[has-type]
    assert "1%26arch%3Dx" in found["purl"]  # type: ignore[has-type]
