"""Lists of an image's packages as CycloneDX documents (the only importer of cyclonedx).

Source: CycloneDX 1.6, ECMA-424; package URLs of the type deb.
"""

import uuid
from typing import Any

from cyclonedx.model import ExternalReference, ExternalReferenceType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from parsers.dpkg_status import InstalledPackage
from regops import __version__
from regops.model.built_image import Subject

_DISTRIBUTION = "debian-12"

# Pyright cannot see through the decorators of py-serializable, which cyclonedx's classes are made with.
_Component: Any = Component
_Bom: Any = Bom
_Supplier: Any = OrganizationalEntity
_Reference: Any = ExternalReference
_Property: Any = Property
_Uri: Any = XsUri
_Output: Any = JsonV1Dot6


def bill_of_materials(subject: Subject, packages: tuple[InstalledPackage, ...]) -> str:
    """Return the document as indented JSON and a newline, the same for the same image.

    Its serial number is made of the image's id. Scanners find a package's faults by its source, which is in the
    package URL (upstream) wherever it is named otherwise.
    """
    image = _Component(
        name=subject.name,
        version=subject.id,
        type=ComponentType.CONTAINER,
        bom_ref=subject.id,
        properties=[_Property(name="regops:architecture", value=subject.architecture)],
    )
    components = [_component(package) for package in packages]
    bom = _Bom(components=components, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"regops:{subject.id}"))
    bom.metadata.component = image
    bom.metadata.timestamp = subject.created
    bom.metadata.tools.components.add(_Component(name="regops", version=__version__, type=ComponentType.APPLICATION))
    bom.register_dependency(image, components)
    document: str = _Output(bom).output_as_string(indent=2)
    return document + "\n"


def _component(package: InstalledPackage) -> Any:
    qualifiers = {"arch": package.architecture, "distro": _DISTRIBUTION}
    if (package.source, package.source_version) != (package.name, package.version):
        qualifiers["upstream"] = f"{package.source}@{package.source_version}"
    purl = PackageURL("deb", "debian", package.name, package.version, qualifiers)
    home = [_Reference(type=ExternalReferenceType.WEBSITE, url=_Uri(package.homepage))] if package.homepage else []
    return _Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        description=package.summary or None,
        supplier=_Supplier(name=package.maintainer) if package.maintainer else None,
        external_references=home,
        components=[_inside(name, version, purl.to_string()) for name, version in package.built_using],
    )


def _inside(name: str, version: str, within: str) -> Any:
    """Return a source whose code is part of a package: Go programs hold all of their libraries."""
    purl = PackageURL("deb", "debian", name, version, {"arch": "source", "distro": _DISTRIBUTION})
    return _Component(
        name=name, version=version, type=ComponentType.LIBRARY, bom_ref=f"{within}#{purl.to_string()}", purl=purl
    )
