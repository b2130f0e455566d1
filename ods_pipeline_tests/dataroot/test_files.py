"""Folders are written whole or not at all."""

from pathlib import Path

import pytest

from ods_pipeline.dataroot.files import whole_folder


def test_a_folder_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "flat"
    with whole_folder(target) as partial:
        (partial / "word").write_text("old")
    with pytest.raises(RuntimeError, match="half way"), whole_folder(target) as partial:
        (partial / "word").write_text("new")
        raise RuntimeError("half way")
    assert (target / "word").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["flat"]
    with whole_folder(target) as partial:
        (partial / "other").write_text("new")
    assert [p.name for p in target.iterdir()] == ["other"]
    assert [p.name for p in tmp_path.iterdir()] == ["flat"]
