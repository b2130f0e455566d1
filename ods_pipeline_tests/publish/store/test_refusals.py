"""A store that refuses is named in words, no credential is, and what is published stays."""

import base64
import os
from datetime import timedelta
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.publish.store import opening
from ods_pipeline.publish.store.manifest import read_current
from ods_pipeline.publish.store.opening import Store
from ods_pipeline.publish.store.publishing import publish_to
from ods_pipeline_tests.publish.store.conftest import SECRETS
from ods_pipeline_tests.support.s3_faults import Fault, refusing
from ods_pipeline_tests.support.small_stores import delta_state, read_whole, small_build

CREDENTIALS, CLOCK = "refuses these credentials", "This machine's clock is wrong"
REFUSALS: dict[str, tuple[Fault, str]] = {
    "a wrong key": (lambda *_: "SignatureDoesNotMatch", CREDENTIALS),
    "an unknown key": (lambda *_: "InvalidAccessKeyId", CREDENTIALS),
    "an expired token": (lambda *_: "ExpiredToken", CREDENTIALS),
    "read-only": (lambda method, *_: 403 if method == "PUT" else 404, "writer.json cannot be written"),
    "a clock that is wrong": (lambda *_: "RequestTimeTooSkewed", CLOCK),
    "no answer but 503": (lambda *_: 503, "What is published there is unchanged"),
}  # fmt: skip


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setitem(opening._RETRIES, "max_retries", 1)
    monkeypatch.setitem(opening._RETRIES, "retry_timeout", timedelta(seconds=5))


def root_with_a_build(tmp_path: Path, number: int = 1) -> DataRoot:
    root = DataRoot(tmp_path / "data")
    small_build(root, number, f"build{number}")
    return root


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    fault, words = REFUSALS[kind]
    with refusing(fault) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(OdsError, match=words) as raised:
            publish_to(root_with_a_build(tmp_path), Store("s3://bucket/ods"), who="a test")
    text = repr(raised.value) + str(raised.value) + repr(raised.value.__cause__)
    assert not any(secret in text for secret in SECRETS.values())


def test_a_folder_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(OdsError, match="store"):
        publish_to(root_with_a_build(tmp_path), Store((tmp_path / "store").as_uri()), who="a test")


LOST: dict[str, Fault] = {
    "of every first write": lambda method, _, before: "lost" if method == "PUT" and before == 0 else None,
    "of the pointer": lambda method, path, before: "lost" if (method, before) == ("PUT", 0) and
    path.endswith("/current.json") else None,
    "of the lease": lambda method, path, before: "lost" if (method, before) == ("PUT", 0) and
    path.endswith("/writer.json") else None,
    "503 at first": lambda _method, _path, before: 503 if before == 0 else None,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("what", LOST)
def test_a_write_whose_answer_is_lost_is_not_a_lost_race(
    tmp_path: Path, bucket: str, s3: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The server has done it, the connection ends, and the repetition meets what it wrote itself."""
    for number in (1, 2):
        with refusing(LOST[what], behind=s3) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            done = publish_to(root_with_a_build(tmp_path, number), Store(bucket), who="a test")
        assert done.is_new and done.build == number
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
        assert read_whole(Store(bucket)) == (number, f"build{number}")
        states = delta_state(Store(bucket))
        assert states.pop("ord.code_systems")[2] == 1
        assert {transaction for _, _, transaction in states.values()} == {number}


@pytest.mark.slow
def test_azure_checks_the_key(container: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = root_with_a_build(tmp_path)
    publish_to(root, Store(container), who="a test")
    key = os.environ["AZURE_STORAGE_ACCOUNT_KEY"]
    wrong = base64.b64encode(os.urandom(64)).decode()
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", wrong)
    with pytest.raises(OdsError, match=CREDENTIALS) as raised:
        publish_to(root_with_a_build(tmp_path, 2), Store(container), who="a test")
    assert wrong not in repr(raised.value) + repr(raised.value.__cause__)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", key)
    assert read_whole(Store(container)) == (1, "build1")
    with pytest.raises(OdsError, match="Is there such a bucket or container"):
        publish_to(root, Store("az://nothing-here/ods"), who="a test")
    assert read_current(Store(container)) is not None
