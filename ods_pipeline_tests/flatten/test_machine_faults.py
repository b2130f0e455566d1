"""A fault of the machine while a release or a fetch is read does not make a good one a bad one."""

import errno
import os
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline.flatten.xml.members import is_damage
from ods_pipeline.sources.receipt import (
    ReleaseReceipt,
    read_fetch_receipt,
    read_release_receipt,
    write_release_receipt,
)
from ods_pipeline_tests.support.builders import make_record, write_delta
from ods_pipeline_tests.support.rooms import RELEASE

pytestmark = pytest.mark.promise("whole")
# It looks like a regular file, but reading its first byte fails with EIO.
UNREADABLE = Path("/proc/self/mem")


@contextmanager
def no_more_files() -> Generator[None]:
    """This process can open no file until the block ends."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_good_release_is_not_called_damaged_when_files_run_out() -> None:
    with pytest.raises(OSError, match="Too many open files") as raised, no_more_files():
        open_release(RELEASE)
    assert raised.value.errno == errno.EMFILE
    assert open_release(RELEASE).archive is not None


def test_receipts_are_not_called_damaged_when_files_run_out(tmp_path: Path) -> None:
    fetch, release = write_delta(tmp_path, [make_record("R1A")]), tmp_path / RELEASE.name
    write_release_receipt(release, ReleaseReceipt(release.name, "2026-08-28", "file", 1, "0" * 64, False))
    with pytest.raises(OSError, match="Too many open files"), no_more_files():
        read_release_receipt(release)
    with pytest.raises(OSError, match="Too many open files"), no_more_files():
        read_fetch_receipt(fetch)
    assert (read_release_receipt(release).bytes, read_fetch_receipt(fetch).codes) == (1, ("R1A",))


@pytest.mark.skipif(not UNREADABLE.exists(), reason="a file that gives EIO is needed, and this is not Linux")
def test_a_fetch_on_a_failing_disk_is_not_rejected(tmp_path: Path) -> None:
    fetch = write_delta(tmp_path, [make_record("R1A")])
    answer = fetch / "organisations" / "R1A.json"
    answer.unlink()
    answer.symlink_to(UNREADABLE)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        flatten_fetch(fetch)


def test_a_zip_file_that_hides_an_error_of_the_machine_is_not_called_damaged() -> None:
    assert is_damage(OSError("Invalid data stream"))  # bz2
    assert is_damage(OSError(errno.EINVAL, "Invalid argument"))  # a seek to before the start
    assert is_damage(zipfile.BadZipFile("Bad CRC-32"))
    hidden = zipfile.BadZipFile("File is not a zip file")
    hidden.__context__ = OSError(errno.EIO, "Input/output error")
    assert not is_damage(hidden)
    assert not is_damage(OSError(errno.ENOSPC, "No space left on device"))
