"""One image put together: its layers in their order, and the configuration that names them."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parsers.dpkg_status import InstalledPackage, parse_dpkg_status
from regops.errors import Corrupted, NotFound
from regops.image.layers import file_layer
from regops.image.recipes import SUITE, Recipe
from regops.image.store import Installed, Store
from regops.model.built_image import LayerFacts

# On every image: what its layers and its configuration were made of.
FINGERPRINT_LABEL = "regops.recipe"
_CHUNK_BYTES = 1 << 20
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Debian's names of processors as Go, and with it every engine, calls them: architecture and variant.
_ARCHITECTURES = {
    "i386": ("386", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v5"),
    "arm64": ("arm64", "v8"),
    "ppc64el": ("ppc64le", ""),
    "mips64el": ("mips64le", ""),
}
_NANOSECONDS = 10**9


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: where its bytes are, in memory or in a file."""

    facts: LayerFacts
    content: bytes | Path
    made_by: str

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes. Raises Corrupted after the last one when they are not what they were."""
        digest = hashlib.sha256()
        for chunk in _chunks(self.content):
            digest.update(chunk)
            yield chunk
        if f"sha256:{digest.hexdigest()}" != self.facts.digest:
            raise Corrupted(
                f"a layer ({self.made_by}) is not the one that was put there", hint="build it again: --rebuild"
            )


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its recipe, its layers, its configuration as JSON, and the record of its newest packages."""

    recipe: Recipe
    layers: tuple[Layer, ...]
    config: bytes
    installed: Installed

    @property
    def id(self) -> str:
        """The digest of its configuration."""
        return f"sha256:{hashlib.sha256(self.config).hexdigest()}"

    @property
    def fingerprint(self) -> str:
        """What the label says that tells this image from another one of the same name."""
        return str(json.loads(self.config)["config"]["Labels"][FINGERPRINT_LABEL])

    @property
    def size_bytes(self) -> int:
        """The size of its layers, unpacked."""
        return sum(layer.facts.size_bytes for layer in self.layers)

    @property
    def created(self) -> datetime:
        """When its newest packages were made."""
        return datetime.fromtimestamp(self.installed.epoch, UTC)

    @property
    def packages(self) -> tuple[InstalledPackage, ...]:
        """What is installed in it, by name."""
        found = parse_dpkg_status(self.installed.dpkg_status, f"dpkg's list in {self.recipe.name}")
        return tuple(sorted(found, key=lambda package: (package.name, package.architecture)))

    @property
    def architecture(self) -> str:
        """The processor it runs on, as Debian calls it."""
        return architecture(self.installed)


def architecture(installed: Installed) -> str:
    """Return the processor that packages are for, as Debian calls it."""
    found = parse_dpkg_status(installed.dpkg_status)
    return next((one.architecture for one in found if one.architecture not in {"all", ""}), "all")


def put_together(recipe: Recipe, store: Store) -> Image:
    """Return an image of what is in the store. Raises NotFound when packages of its recipe are not."""
    layers: list[Layer] = []
    top: Installed | None = None
    for one in recipe.lineage:
        if one.packages:
            found = store.find(one)
            if found is None or found.below != (top.digest if top else ""):
                raise NotFound(f"the image {recipe.name} is not built", hint=f"regops image build {recipe.name}")
            top = found
            layers.append(Layer(top.layer, store.layer_path(one), f"regops: packages of {one.name} ({top.origin})"))
        if top and (one.files or one.owned):
            content = file_layer(one.files, one.owned, top.texts, epoch=top.epoch)
            facts = LayerFacts(f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))
            layers.append(Layer(facts, content, f"regops: files of {one.name}"))
    if top is None:
        raise NotFound(f"the recipe {recipe.name} has no packages to stand on")
    return Image(recipe, tuple(layers), _config(recipe, layers, top), top)


def _config(recipe: Recipe, layers: Iterable[Layer], installed: Installed) -> bytes:
    """Return the image's configuration. Source: OCI image specification 1.1, config.md; Docker's Healthcheck."""
    created = datetime.fromtimestamp(installed.epoch, UTC).isoformat().replace("+00:00", "Z")
    name, variant = _ARCHITECTURES.get(architecture(installed), (architecture(installed), ""))
    diff_ids = [layer.facts.digest for layer in layers]
    run = _run(recipe)
    fingerprint = hashlib.sha256(json.dumps([diff_ids, run], sort_keys=True).encode()).hexdigest()
    run["Labels"] = {**run["Labels"], FINGERPRINT_LABEL: fingerprint}
    document = {
        "architecture": name,
        **({"variant": variant} if variant else {}),
        "os": "linux",
        "created": created,
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created": created, "created_by": layer.made_by} for layer in layers],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _run(recipe: Recipe) -> dict[str, Any]:
    """Return what a container of the image runs: each recipe adds to those it stands on."""
    settings: dict[str, Any] = {"environment": {"PATH": _PATH}, "ports": [], "volumes": [], "labels": {}}
    for one in recipe.lineage:
        for key, value in one.settings.items():
            if isinstance(settings.get(key), dict) and key != "healthcheck":
                settings[key] = {**settings[key], **value}
            elif key in {"ports", "volumes"}:
                settings[key] = [*settings[key], *value]
            else:
                settings[key] = value
    found: dict[str, Any] = {
        "Env": [f"{name}={text}" for name, text in settings["environment"].items()],
        "Entrypoint": settings.get("entrypoint"),
        "Cmd": settings.get("command"),
        "User": settings.get("user"),
        "WorkingDir": settings.get("working_directory"),
        "StopSignal": settings.get("stop_signal"),
        "ExposedPorts": {f"{port}/tcp": {} for port in settings["ports"]},
        "Volumes": {volume: {} for volume in settings["volumes"]},
        "Healthcheck": _healthcheck(settings.get("healthcheck")),
    }
    labels = {
        "org.opencontainers.image.title": recipe.repository.rpartition("/")[2],
        "org.opencontainers.image.base.name": f"debian:{SUITE}",
        **settings["labels"],
    }
    return {**{key: value for key, value in found.items() if value}, "Labels": labels}


def _healthcheck(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not found:
        return None
    times = {"Interval": "interval_seconds", "Timeout": "timeout_seconds", "StartPeriod": "start_seconds"}
    return {
        "Test": ["CMD", *found["command"]],
        **{name: int(found[key] * _NANOSECONDS) for name, key in times.items() if key in found},
        **({"Retries": found["retries"]} if "retries" in found else {}),
    }


def _chunks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    try:
        with content.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise NotFound(f"cannot read the layer in {content}: {error.strerror}", hint="regops image build") from error
