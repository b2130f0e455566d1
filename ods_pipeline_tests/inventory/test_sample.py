"""The rule about the embedded sample: real sources are not asked for it, and it is never mixed."""

from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory import sample
from ods_pipeline.inventory.sample import begin_sample, holds_sample, reject_real_sources_for_sample
from ods_pipeline_tests.support.builders import Held, make_record
from ods_pipeline_tests.support.rooms import sample_root


def test_real_sources_are_rejected_where_the_sample_is_held_or_begun(tmp_path: Path) -> None:
    begun = DataRoot(tmp_path / "data")
    assert not holds_sample(begun)
    reject_real_sources_for_sample(begun)
    begin_sample(begun)
    for root in (begun, sample_root()):
        assert holds_sample(root)
        with pytest.raises(OdsError, match=r"the embedded sample is here.*--data-root"):
            reject_real_sources_for_sample(root)


def test_real_sources_are_allowed_with_a_real_register(held: Held) -> None:
    held.release([make_record("RX1")])
    assert not holds_sample(held.root)
    reject_real_sources_for_sample(held.root)


def test_a_missing_sample_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "SAMPLE", tmp_path)
    with pytest.raises(OdsError, match=r"the embedded sample is missing\. Give a TRUD zip"):
        sample.sample_files()
