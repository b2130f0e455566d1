"""Stores to publish to: a folder, and S3 as moto plays it over loopback."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ods_pipeline.publish.store.opening import Store

# Found by the tests that look for them where they must not be.
SECRETS = {"AWS_ACCESS_KEY_ID": "AKIANEVERPRINTED1", "AWS_SECRET_ACCESS_KEY": "never/printed/either-2"}
NewStore = Callable[[], Store]


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 server: moto in a process of its own, for its thread would wait for ours."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "moto ended"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The address of an empty bucket of its own."""
    import boto3  # noqa: PLC0415 - moto brings it, and it takes a second

    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    name = f"b{abs(hash(request.node.name)) % 10**9}-{os.getpid()}"
    client = boto3.client("s3", endpoint_url=s3, region_name="eu-west-2")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    return f"s3://{name}/ods"


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store of each kind."""
    if request.param == "s3":
        return Store(request.getfixturevalue("bucket"))
    return Store(f"file://{tmp_path / 'store'}", create=True)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Store]:
    """An empty folder store."""
    yield Store(f"file://{tmp_path / 'store'}", create=True)
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
