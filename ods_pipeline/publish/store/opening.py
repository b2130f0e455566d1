"""An object store as the few operations that publishing needs, with errors in words.

Lives here: opening a store by its address, conditional writes, and what a failure means. Does not live
here: which objects there are (``manifest.py``). Credentials come from the environment under the names that
obstore, delta-rs and Polars share (AWS_ACCESS_KEY_ID, AZURE_STORAGE_ACCOUNT_KEY, GOOGLE_SERVICE_ACCOUNT, …)
and are never printed.
"""

import json
import os
import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from ods_pipeline.errors import OdsError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_SCHEMES = ("s3", "s3a", "az", "abfs", "abfss", "gs", "file")
_INSTALL = "Install the extra: pip install 'ods_pipeline[store]'"
_SECRET = re.compile(r"(?i)(secret|token|signature|sig|password|key)=[^&\s\"]+")
# Attempts and the time for all of them; obstore itself waits longer between attempts each time.
_RETRIES: dict[str, Any] = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}


class LostRace(OdsError):
    """Another writer changed the object first."""


@dataclass(frozen=True)
class StoredObject:
    """An object that was read: its bytes, and the tag that a conditional write names."""

    content: bytes
    e_tag: str | None
    modified: datetime


class Store:
    """A store by its address: ``s3://bucket/prefix``, ``az://``, ``abfss://``, ``gs://``, ``file:///folder``.

    Raises:
        OdsError: The extra is not installed, or it is not the address of a store.
    """

    def __init__(self, address: str, *, create: bool = False) -> None:
        parts = urlsplit(address)
        if parts.scheme not in _SCHEMES or parts.query or parts.fragment or parts.password:
            raise OdsError(
                "this is not the address of a store",
                where=hide(address),
                do="Give s3://BUCKET/PREFIX, az://CONTAINER/PREFIX, gs://BUCKET/PREFIX or file:///FOLDER; "
                "credentials belong in the environment",
            )
        try:
            from obstore.store import from_url  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise OdsError("publishing to a store needs obstore and deltalake", do=_INSTALL) from error
        self.address = address.rstrip("/")
        self.folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        with words(self.address, "the store cannot be opened"):
            if self.folder is not None:
                if not create and not self.folder.is_dir():
                    raise OdsError(
                        "there is no such folder", where=self.folder, do="Create it, or publish to it"
                    )
                self._store: ObjectStore = from_url(self.address, mkdir=create)
            else:
                self._store = from_url(self.address, retry_config=_RETRIES)  # ty: ignore[no-matching-overload]

    def get(self, path: str) -> StoredObject | None:
        """Return an object, or None if there is none."""
        import obstore  # noqa: PLC0415 - an extra

        try:
            with words(self.address, f"{path} cannot be read"):
                answer = obstore.get(self._store, path)
                meta = answer.meta
                return StoredObject(bytes(answer.bytes()), meta["e_tag"], meta["last_modified"])
        except FileNotFoundError:
            return None

    def has(self, path: str) -> bool:
        """Return whether there is such an object."""
        import obstore  # noqa: PLC0415 - an extra

        try:
            with words(self.address, f"{path} cannot be read"):
                obstore.head(self._store, path)
        except FileNotFoundError:
            return False
        return True

    def put_new(self, path: str, content: bytes | Path) -> bool:
        """Write an object unless it is there. Return whether it was written."""
        import obstore  # noqa: PLC0415 - an extra
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415

        with words(self.address, f"{path} cannot be written"):
            try:
                obstore.put(self._store, path, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            except FileNotFoundError as error:
                raise OdsError(
                    f"{path} cannot be written ({reason_of(error)})", where=self.address, do=_advice(error)
                ) from hidden(error)
        return True

    def replace(self, path: str, content: bytes, before: StoredObject | None) -> None:
        """Write an object if it is still the one that was read (``before``; None: there was none).

        Raises:
            LostRace: Another writer was faster.
        """
        import obstore  # noqa: PLC0415 - an extra
        from obstore.exceptions import PreconditionError  # noqa: PLC0415

        if before is None:
            if not self.put_new(path, content) and not self._is_ours(path, content):
                raise LostRace("another writer was faster", where=f"{self.address}/{path}")
            return
        if self.folder is not None:
            self._replace_file(self.folder / path, content, before)
            return
        with words(self.address, f"{path} cannot be written"):
            try:
                obstore.put(self._store, path, content, mode={"e_tag": before.e_tag}, use_multipart=False)
            except (PreconditionError, FileNotFoundError) as error:
                if not self._is_ours(path, content):
                    raise LostRace("another writer was faster", where=f"{self.address}/{path}") from error

    def _is_ours(self, path: str, content: bytes) -> bool:
        """Return whether a refused write was done: its answer was lost, and its repetition was refused."""
        stored = self.get(path)
        return stored is not None and stored.content == content

    def _replace_file(self, file: Path, content: bytes, before: StoredObject) -> None:
        """Replace a file in a folder. A lock next to it stands in for a conditional write."""
        with FileLock(file.with_name(f".{file.name}.lock")):
            if not file.is_file() or file.read_bytes() != before.content:
                raise LostRace("another writer was faster", where=file)
            fresh = file.with_name(f".{file.name}.new")
            fresh.write_bytes(content)
            fresh.replace(file)

    def list(self, prefix: str) -> list[tuple[str, int, datetime]]:
        """Return ``path, bytes, last modified`` of every object below a prefix, in order of path."""
        import obstore  # noqa: PLC0415 - an extra

        with words(self.address, f"{prefix} cannot be listed"):
            chunks = obstore.list(self._store, prefix)
            return sorted((m["path"], m["size"], m["last_modified"]) for chunk in chunks for m in chunk)

    def delete(self, paths: Iterable[str]) -> None:
        """Remove objects; one that is gone already is fine."""
        import obstore  # noqa: PLC0415 - an extra

        for path in paths:
            with words(self.address, f"{path} cannot be removed"):
                try:
                    obstore.delete(self._store, path)
                except FileNotFoundError:
                    continue

    def get_json(self, path: str) -> tuple[dict[str, Any], StoredObject] | None:
        """Return a JSON object and what it was read from; None if there is none.

        Raises:
            OdsError: It is not a JSON object.
        """
        stored = self.get(path)
        if stored is None:
            return None
        try:
            value = json.loads(stored.content)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise OdsError(
                "the object is damaged: it is not JSON",
                where=f"{self.address}/{path}",
                do="Is this a store of ods-pipeline? Give another prefix, or publish again after removing it",
            )
        return value, stored


@contextmanager
def words(address: str, what: str) -> Generator[None]:
    """Turn an error of the store into an OdsError without a credential in it.

    FileNotFoundError and errors of conditional writes pass through: they are answers.
    """
    from obstore import exceptions as e  # noqa: PLC0415 - an extra

    try:
        yield
    except (OdsError, FileNotFoundError, e.AlreadyExistsError, e.PreconditionError):
        raise
    except (e.PermissionDeniedError, e.UnauthenticatedError) as error:
        skewed = _is_skewed(error)
        raise OdsError(
            f"{what}: the store refuses {'the time of this request' if skewed else 'these credentials'}",
            where=address,
            do=_advice(error)
            if skewed
            else "Check the credentials in the environment, and what they may read and write",
        ) from hidden(error)
    except (e.BaseError, ValueError, OSError) as error:
        raise OdsError(f"{what} ({reason_of(error)})", where=address, do=_advice(error)) from hidden(error)


def reason_of(error: BaseException) -> str:
    """Return the first line of an error of the store, short and without a credential."""
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return hide(text)[:300]


def hide(text: str) -> str:
    """Return a text without credentials: those in the environment, and what looks like one."""
    secrets = [
        value
        for name, value in os.environ.items()
        if len(value) > 7 and re.search(r"(?i)key|secret|token|sas|password|credential", name)
    ]
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "(key)")
    return _SECRET.sub(r"\1=(key)", re.sub(r"//[^/@\s]+@", "//(key)@", text))


def hidden(error: BaseException) -> BaseException:
    """Return a copy of an error that holds no credential, as the cause of another."""
    return RuntimeError(reason_of(error))


def _advice(error: BaseException) -> str:
    text = str(error)
    if "NoSuchBucket" in text or "ContainerNotFound" in text or "404" in text:
        return "Is there such a bucket or container? It is not created here"
    if _is_skewed(error):
        return "This machine's clock is wrong: set it, and try again"
    return "What is published there is unchanged. Try again"


def _is_skewed(error: BaseException) -> bool:
    """Return whether S3 or Azure finds the moment of a request too far from its own."""
    return "RequestTimeTooSkewed" in str(error) or "Request date header too old" in str(error)
