"""Azurite, Microsoft's own server of the Azure Blob protocol, on loopback. Unlike moto it checks signatures.

Lives here: installing it (npm, 360 MB, a minute), starting it, and making a container. ``ODS_AZURITE`` names
an ``azurite-blob`` that is installed already.
"""

import base64
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

PACKAGE = "azurite@3.37.0"
ACCOUNT = "odstests"


@dataclass(frozen=True)
class Azurite:
    """A running server: where it is, and the key of its account, which is new each time."""

    endpoint: str
    key: str

    @property
    def environment(self) -> dict[str, str]:
        """What obstore and delta-rs read."""
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": self.key,
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
            "AZURE_ALLOW_HTTP": "true",
        }

    def create_container(self, name: str) -> None:
        """Make a container: obstore cannot."""
        headers = {
            "x-ms-date": format_datetime(datetime.now(UTC), usegmt=True),
            "x-ms-version": "2021-08-06",
        }
        signed = (
            "PUT" + "\n" * 12 + "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
            + f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
        )  # fmt: skip
        digest = hmac.new(base64.b64decode(self.key), signed.encode(), hashlib.sha256).digest()
        headers |= {
            "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}",
            "Content-Length": "0",
        }
        request = urllib.request.Request(
            f"{self.endpoint}/{name}?restype=container", method="PUT", headers=headers
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 201


def executable(folder: Path) -> str:
    """The path of ``azurite-blob``; it is installed into ``folder`` if there is none. Skips without npm."""
    if given := os.environ.get("ODS_AZURITE") or shutil.which("azurite-blob"):
        return given
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("Azurite needs npm (or ODS_AZURITE, the path of azurite-blob), and there is none here")
    command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    if done.returncode != 0:
        pytest.skip(f"Azurite cannot be installed: {done.stderr.strip()[-200:]}")
    return str(folder / "node_modules" / ".bin" / "azurite-blob")


@contextmanager
def serving(folder: Path) -> Generator[Azurite]:
    """Run a server whose files are in ``folder``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key = base64.b64encode(os.urandom(64)).decode()
    command = [executable(folder), "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    command += ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder / "blobs")]
    server = subprocess.Popen(
        command,
        env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "Azurite ended"
            time.sleep(0.1)
        yield Azurite(f"http://127.0.0.1:{port}/{ACCOUNT}", key)
    finally:
        server.terminate()
        server.wait(30)
