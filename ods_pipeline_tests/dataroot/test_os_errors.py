"""trouble.py: what the machine refuses is told in words, and a fault of the program keeps its traceback."""

import errno
import logging
import os
import pickle
import ssl
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot, start_build
from ods_pipeline.dataroot.os_errors import explained, told_of
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
def test_what_the_machine_refuses_is_told(tmp_path: Path, number: int) -> None:
    told = told_of(because(RuntimeError("a step failed"), system(number)), tmp_path)
    assert str(told).startswith(f"{tmp_path}: it cannot be read or written ({os.strerror(number)}). ")


def test_an_error_that_says_what_is_wrong_stands() -> None:
    missing = BadRelease("its receipt is missing", where="x.zip", do="Take it in again")
    assert told_of(because(missing, system(errno.EACCES, "x.zip.receipt.json"))) is None
    assert told_of(BadRelease("it says 'no space left on device'")) is None


def test_a_full_disk_is_told_whatever_was_said_of_it() -> None:
    told = told_of(because(BadRelease("it cannot be read"), system(errno.ENOSPC, "x")))
    assert isinstance(told, NoRoom)
    assert isinstance(pickle.loads(pickle.dumps(told)), NoRoom)


def test_a_certificate_that_is_not_trusted_is_no_missing_right(tmp_path: Path) -> None:
    untrusted = ssl.SSLCertVerificationError(1, "certificate has expired")
    assert told_of(untrusted, tmp_path) is None
    assert told_of(because(Unreachable("TRUD gave no answer"), untrusted), tmp_path) is None


def test_what_is_in_the_way_is_told_and_names_that_the_program_got_wrong_are_not(tmp_path: Path) -> None:
    (tmp_path / "flat").write_text("in the way")
    (tmp_path / "raw").symlink_to("nowhere")
    (tmp_path / "tables").mkdir()
    for number, name in ((errno.EEXIST, "flat"), (errno.EEXIST, "raw"), (errno.ENOENT, "raw")):
        assert "Move away what is in its place" in str(told_of(system(number, tmp_path / name), tmp_path))
    for number, name in ((errno.EEXIST, "tables"), (errno.ENOENT, "marts/x.parquet"), (errno.ENOENT, None)):
        assert told_of(system(number, tmp_path / name if name else None), tmp_path) is None
    assert told_of(system(errno.EEXIST, tmp_path / "flat"), tmp_path / "data") is None


def test_a_fault_of_the_program_keeps_its_traceback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("ods_pipeline").propagate = True
    with pytest.raises(FileNotFoundError), explained(DataRoot(tmp_path)):
        (tmp_path / "marts" / "x.parquet").read_bytes()
    assert "read_bytes()\n" in caplog.text and "Traceback" in caplog.text


def test_on_a_full_disk_the_half_written_build_goes(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    start_build(root)
    with pytest.raises(NoRoom, match="Make room and run it again"), explained(root):
        raise system(errno.ENOSPC)
    assert not root.next.exists()
    start_build(root)
    with pytest.raises(OdsError, match="Permission denied"), explained(root):
        raise system(errno.EACCES)
    assert root.next.exists()
