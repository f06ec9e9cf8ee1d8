"""A real Elasticsearch for tests: the distribution that .ci/index fetched, on one node, with nothing kept."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

from fault_server import refused_port

_SECONDS = 300


def fetched() -> Path | None:
    """Return the newest distribution there is."""
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "regops-tests"
    return max(kept.glob("elasticsearch-*.zip"), default=None)


# Found before a test has a home of its own.
FETCHED = fetched()


def missing() -> str | None:
    """Return why there can be no index server here, None for nothing."""
    if FETCHED is None:
        return "needs an Elasticsearch: run .ci/index"
    return None if java_home() else "needs a Java: run .ci/index"


def java_home() -> Path | None:
    """Return a Java that it runs on: 17 where there is one."""
    known = next(Path("/usr/lib/jvm").glob("java-17-openjdk-*"), None)
    found = shutil.which("java")
    return known or (Path(found).resolve().parents[1] if found else None)


class IndexServer:
    """One that can be stopped, halted in the middle of its work, and begun again with what it had."""

    def __init__(self, folder: Path, address: str, port: int) -> None:
        self._folder = folder
        self.url = f"http://{address}:{port}"
        self._process: subprocess.Popen[bytes] | None = None
        options = {
            "discovery.type": "single-node",
            "http.host": address,
            "http.port": port,
            "transport.host": "127.0.0.1",
            "transport.port": "0",
            "path.data": folder / "data",
            "path.logs": folder / "logs",
            # However full this machine's disk is.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
        }
        text = "".join(f"{key}: {value}\n" for key, value in options.items())
        (self._home / "config" / "elasticsearch.yml").write_text(text)

    @property
    def _home(self) -> Path:
        return next(self._folder.glob("elasticsearch-*"))

    def start(self) -> None:
        """Start it, and wait until it answers. It refuses to run as root."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "ES_JAVA_HOME": str(java_home()),
            "ES_JAVA_OPTS": "-Xms256m -Xmx256m",
            "ES_TMPDIR": str(self._folder),
        }
        as_nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        with (self._folder / "said").open("ab") as said:
            self._process = subprocess.Popen(
                ["bash", str(self._home / "bin" / "elasticsearch")],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=environment,
                start_new_session=True,
                cwd=self._folder,
                **as_nobody,  # type: ignore[call-overload]
            )
        ends = time.monotonic() + _SECONDS
        while not self._answers():
            ended = self._process.poll() is not None or time.monotonic() > ends
            assert not ended, (self._folder / "said").read_text()[-3000:]
            time.sleep(0.2)

    def stop(self) -> None:
        """End it: connections are refused."""
        if self._process:
            self._signal(signal.SIGKILL)
            self._process.wait(timeout=30)
            self._process = None

    @contextlib.contextmanager
    def halted(self) -> Iterator[None]:
        """Let it take connections and answer nothing for a while."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def ask(self, method: str, path: str, body: str | None = None) -> bytes:
        """Return an answer of success."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            data=body and body.encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            content: bytes = answer.read()
            return content

    def _answers(self) -> bool:
        try:
            self.ask("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
        except OSError:
            return False
        return True

    def _signal(self, number: int) -> None:
        assert self._process
        # Its own session: the scripts that start it leave nobody behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@contextlib.contextmanager
def running_index(address: str) -> Iterator[IndexServer]:
    """Run one at an address of this machine."""
    assert FETCHED
    folder = Path(tempfile.mkdtemp(prefix="regops-index-"))
    try:
        folder.chmod(0o755)
        with zipfile.ZipFile(FETCHED) as archive:
            archive.extractall(folder)
        with refused_port(address) as port:
            server = IndexServer(folder, address, port)
            if os.geteuid() == 0:
                subprocess.run(["chown", "-R", "nobody:nogroup", str(folder)], check=True)
            try:
                server.start()
                yield server
            finally:
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
