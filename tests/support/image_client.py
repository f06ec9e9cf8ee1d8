"""As much of a registry's client as tests need: images of plain bytes go in, come out, and are deleted."""

import hashlib
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from http.client import HTTPMessage
from typing import Any
from urllib.parse import urljoin

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
# Tests of what goes through TLS; those of the certificate bring their own.
_TRUSTING = ssl.create_default_context()
_TRUSTING.check_hostname, _TRUSTING.verify_mode = False, ssl.CERT_NONE


class Registry:
    """One registry at an address like http://127.0.0.1:5080."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self._headers = dict(headers or {})

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, HTTPMessage, bytes]:
        """Return status, headers and body of any answer; an iterable body goes out in chunks."""
        request = urllib.request.Request(
            urljoin(self.url, path), data=body, headers={**self._headers, **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60, context=_TRUSTING) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def begin_upload(self, repository: str) -> str:
        """Return where an upload goes on."""
        status, headers, body = self.ask("POST", f"/v2/{repository}/blobs/uploads/")
        assert status == 202, body
        return str(headers["Location"])

    def go_on(self, location: str, content: bytes | Iterable[bytes]) -> str:
        """Send more of an upload, and return where it goes on."""
        status, headers, body = self.ask("PATCH", location, content, {"Content-Type": "application/octet-stream"})
        assert status == 202, body
        return str(headers["Location"])

    def end_upload(self, location: str, digest: str) -> None:
        status, _, body = self.ask("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}")
        assert status == 201, body

    def has_blob(self, repository: str, digest: str) -> bool:
        return self.ask("HEAD", f"/v2/{repository}/blobs/{digest}")[0] == 200

    def push_blob(self, repository: str, content: bytes) -> str:
        """Upload a layer unless the registry says that it has it, as docker does; return its digest."""
        digest = digest_of(content)
        if not self.has_blob(repository, digest):
            self.end_upload(self.go_on(self.begin_upload(repository), content), digest)
        return digest

    def push(self, repository: str, tag: str, *layers: bytes) -> str:
        """Push an image of these layers, and return its manifest's digest."""
        described = [
            {"mediaType": kind, "size": len(content), "digest": self.push_blob(repository, content)}
            for kind, content in [
                ("application/vnd.docker.container.image.v1+json", CONFIG),
                *(("application/vnd.docker.image.rootfs.diff.tar.gzip", layer) for layer in layers),
            ]
        ]
        manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST}
        manifest |= {"config": described[0], "layers": described[1:]}
        status, headers, body = self.ask(
            "PUT", f"/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode(), {"Content-Type": MANIFEST}
        )
        assert status == 201, body
        return str(headers["Docker-Content-Digest"])

    def pull(self, repository: str, reference: str) -> list[bytes] | None:
        """Return an image's layers, None when the registry has not all of it."""
        status, _, body = self.ask("GET", f"/v2/{repository}/manifests/{reference}", headers={"Accept": MANIFEST})
        if status != 200:
            return None
        answers = [self.ask("GET", f"/v2/{repository}/blobs/{one['digest']}") for one in json.loads(body)["layers"]]
        return [content for _, _, content in answers] if {status for status, _, _ in answers} == {200} else None

    def delete(self, repository: str, digest: str) -> int:
        """Delete a manifest, and return the status."""
        return self.ask("DELETE", f"/v2/{repository}/manifests/{digest}")[0]


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
