"""Damaged and hostile zips give the same register as the sound one, or an error in one line."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.xml.archive import ZIP_DAMAGE, open_release
from ods_pipeline_tests.hostile import zip_mutants
from ods_pipeline_tests.hostile.running import IN_MEMORY, outcome, try_many
from ods_pipeline_tests.hostile.xml_mutants import ARCHIVE, FULL
from ods_pipeline_tests.support.times import TIMES

pytestmark = pytest.mark.promise("hostile")
SOUND = {sha256(FULL).hexdigest(), sha256(ARCHIVE).hexdigest()}


class Opened:
    """Opens zips from one path that is alone in its folder."""

    def __init__(self, folder: Path) -> None:
        self.zip = folder / "hscorgrefdataxml_data_9.0.0_20260925000001.zip"

    def __call__(self, content: bytes) -> str:
        self.zip.write_bytes(content)
        files = open_release(self.zip)
        assert files.full is not None
        for file in (files.full, files.archive):
            if file is not None:
                try:
                    with file.open() as stream:
                        text = stream.read()
                except ZIP_DAMAGE as error:  # as flatten_release does
                    raise BadRelease("damaged", do="Fetch it again") from error
                # zipfile checks the CRC of what it returns; a member may be shorter if its header gives a
                # smaller size.
                assert sha256(text).hexdigest() in SOUND or FULL.startswith(text) or ARCHIVE.startswith(text)
        return "opened"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    yield Opened(tmp_path)
    assert len([*tmp_path.rglob("*")]) <= 1, "something was written next to the zip"


@settings(max_examples=60 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_a_zip_gives_sound_files_or_is_rejected(opened: Opened, random: Random) -> None:
    outcome(zip_mutants.mutant(random), opened)


@pytest.mark.slow
def test_a_great_many(opened: Opened) -> None:
    if IN_MEMORY:
        opened.zip = IN_MEMORY / f"{os.getpid()}_{opened.zip.name}"
    try:
        outcomes = try_many("zips", 12_000, zip_mutants.mutant, opened)
    finally:
        opened.zip.unlink(missing_ok=True)
    assert outcomes["opened"] > 1000 and outcomes["rejected"] > 1000
