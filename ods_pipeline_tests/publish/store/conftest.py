"""Stores to publish to: a folder, S3 as moto plays it over loopback, and Azure as Azurite does."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ods_pipeline.publish.store.opening import Store
from ods_pipeline_tests.publish.store.azurite import Azurite, serving

# Found by the tests that look for them where they must not be.
SECRETS = {"AWS_ACCESS_KEY_ID": "AKIANEVERPRINTED1", "AWS_SECRET_ACCESS_KEY": "never/printed/either-2"}


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


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """An Azure server, for the slow group."""
    with serving(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
def container(azurite: Azurite, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The address of an empty container of its own."""
    for name, value in azurite.environment.items():
        monkeypatch.setenv(name, value)
    name = f"c{abs(hash(request.node.name)) % 10**9}-{os.getpid()}"
    azurite.create_container(name)
    return f"az://{name}/ods"


@pytest.fixture(params=["folder", "s3", pytest.param("azurite", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store of each kind; Azurite in the slow group only."""
    return new_store(request)


@pytest.fixture(params=["folder", *(pytest.param(n, marks=pytest.mark.slow) for n in ("s3", "azurite"))])
def any_store(request: pytest.FixtureRequest) -> Store:
    """An empty store of each kind; the servers in the slow group only."""
    return new_store(request)


def new_store(request: pytest.FixtureRequest) -> Store:
    """An empty store of the kind that is the parameter of a fixture."""
    if request.param == "folder":
        return Store(f"file://{request.getfixturevalue('tmp_path') / 'store'}", create=True)
    return Store(request.getfixturevalue({"s3": "bucket", "azurite": "container"}[request.param]))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Store]:
    """An empty folder store."""
    yield Store(f"file://{tmp_path / 'store'}", create=True)
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
