"""Errors of the operating system are explained; a fault of the program keeps its traceback."""

import errno
import logging
import os
import pickle
import ssl
from pathlib import Path

import pytest

from ods_pipeline.dataroot.builds import start_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.os_errors import as_ods_error, explained
from ods_pipeline.errors import BadRelease, NoRoom, OdsError, Unreachable

pytestmark = pytest.mark.promise("explained")


def because(error: Exception, cause: Exception) -> Exception:
    """The first error, raised from the second."""
    try:
        raise error from cause
    except type(error) as raised:
        return raised


def system(number: int, name: object = None) -> OSError:
    return OSError(number, os.strerror(number), str(name) if name else None)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EISDIR, errno.EIO, errno.EMFILE])
def test_an_error_of_the_operating_system_is_explained(tmp_path: Path, number: int) -> None:
    explained_as = as_ods_error(because(RuntimeError("a step failed"), system(number)), tmp_path)
    assert str(explained_as).startswith(f"{tmp_path}: it cannot be read or written ({os.strerror(number)}). ")


def test_an_error_that_explains_itself_is_kept() -> None:
    missing = BadRelease("its receipt is missing", where="x.zip", do="Take it in again")
    assert as_ods_error(because(missing, system(errno.EACCES, "x.zip.receipt.json"))) is None
    assert as_ods_error(BadRelease("its text is 'no space left on device'")) is None


def test_a_full_disk_is_explained_even_behind_another_error() -> None:
    explained_as = as_ods_error(because(BadRelease("it cannot be read"), system(errno.ENOSPC, "x")))
    assert isinstance(explained_as, NoRoom)
    assert isinstance(pickle.loads(pickle.dumps(explained_as)), NoRoom)


def test_an_untrusted_certificate_is_not_a_missing_permission(tmp_path: Path) -> None:
    untrusted = ssl.SSLCertVerificationError(1, "certificate has expired")
    assert as_ods_error(untrusted, tmp_path) is None
    assert as_ods_error(because(Unreachable("TRUD gave no answer"), untrusted), tmp_path) is None


def test_a_file_in_the_way_is_explained_and_a_wrong_name_in_the_program_is_not(tmp_path: Path) -> None:
    (tmp_path / "flat").write_text("in the way")
    (tmp_path / "raw").symlink_to("nowhere")
    (tmp_path / "tables").mkdir()
    for number, name in ((errno.EEXIST, "flat"), (errno.EEXIST, "raw"), (errno.ENOENT, "raw")):
        assert "Move away what is in its place" in str(
            as_ods_error(system(number, tmp_path / name), tmp_path)
        )
    for number, name in ((errno.EEXIST, "tables"), (errno.ENOENT, "marts/x.parquet"), (errno.ENOENT, None)):
        assert as_ods_error(system(number, tmp_path / name if name else None), tmp_path) is None
    assert as_ods_error(system(errno.EEXIST, tmp_path / "flat"), tmp_path / "data") is None


def test_a_fault_of_the_program_keeps_its_traceback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("ods_pipeline").propagate = True
    with pytest.raises(FileNotFoundError), explained(DataRoot(tmp_path)):
        (tmp_path / "marts" / "x.parquet").read_bytes()
    assert "read_bytes()\n" in caplog.text and "Traceback" in caplog.text


def test_on_a_full_disk_the_half_written_build_is_removed(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    start_build(root)
    with pytest.raises(NoRoom, match="Free some space and run the command again"), explained(root):
        raise system(errno.ENOSPC)
    assert not root.next.exists()
    start_build(root)
    with pytest.raises(OdsError, match="Permission denied"), explained(root):
        raise system(errno.EACCES)
    assert root.next.exists()
