"""How a step fails: with one sentence and metadata, as the UI shows it first.

Lives here: turning our errors into Dagster's ``Failure``. Does not live here: the errors (``errors.py``), and
which errors of the system have a remedy (``dataroot/os_errors.py``).
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from ods_pipeline.dataroot.files import file_sha256
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.os_errors import as_ods_error
from ods_pipeline.errors import OdsError, Unreachable


class StepFailed(dg.Failure):
    """A failure whose description is our error line. ``original`` is the exception as it was raised.

    Only a source that does not answer is worth another attempt.
    """

    def __init__(self, explained: OdsError, original: BaseException) -> None:
        super().__init__(
            str(explained),
            metadata=_metadata_of(explained),
            allow_retries=isinstance(explained, Unreachable),
        )
        self.original = original


@contextmanager
def failing_in_words(root: DataRoot) -> Generator[None]:
    """Turn an error that people can mend into a ``StepFailed``. A programming error keeps its traceback."""
    try:
        yield
    except Exception as error:
        explained = error if isinstance(error, OdsError) else as_ods_error(error, root.path)
        if explained is None:
            raise
        raise StepFailed(explained, error) from None


def _metadata_of(error: OdsError) -> dict[str, dg.MetadataValue]:
    """Return what the UI shows next to the sentence: its parts, and the file that was set aside."""
    metadata: dict[str, dg.MetadataValue] = {"what is wrong": dg.MetadataValue.text(error.what)}
    if error.where is not None:
        metadata["where"] = dg.MetadataValue.text(str(error.where))
    if error.do:
        metadata["what to do"] = dg.MetadataValue.text(error.do)
    for number, path in enumerate(error.set_aside, 1):
        suffix = f" {number}" if number > 1 else ""
        metadata[f"set aside{suffix}"] = dg.MetadataValue.path(path.absolute())
        if sha256 := _sha256_of(path):
            metadata[f"SHA-256{suffix}"] = dg.MetadataValue.text(sha256)
    return metadata


def _sha256_of(path: Path) -> str:
    return file_sha256(path) if path.is_file() else ""
