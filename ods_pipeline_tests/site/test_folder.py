"""A site is replaced whole, and a folder that holds other things is left alone."""

from pathlib import Path

import pytest

from ods_pipeline.errors import Busy, OdsError
from ods_pipeline.site.folder import site_folder


def write(out: Path, word: str) -> None:
    with site_folder(out) as folder:
        (folder / "index.html").write_text(word)
        (folder / "icb").mkdir()
        (folder / "icb" / "Q1.html").write_text(word)


def everything(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_an_old_site_is_replaced_by_the_new_one(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "site"
    write(out, "old")
    write(out, "new")
    assert (out / "icb" / "Q1.html").read_text() == "new"
    assert [p.name for p in out.parent.iterdir()] == ["site"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    out = tmp_path / "site"
    out.mkdir()
    write(out, "new")
    assert (out / "index.html").read_text() == "new"


@pytest.mark.parametrize("name", ["notes.txt", "icb/notes.txt", ".git/HEAD", "contents.json"])
def test_a_folder_that_holds_other_things_is_not_emptied(tmp_path: Path, name: str) -> None:
    for out in (tmp_path / "never ours", tmp_path / "once ours"):
        if out.name == "once ours" and name != "contents.json":
            write(out, "old")
        file = out / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine")
        before = everything(out)
        with pytest.raises(OdsError, match="no report has written") as raised:
            write(out, "new")
        assert "--out" in str(raised.value)
        assert everything(out) == before


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine")
    with pytest.raises(OdsError, match="in the way"):
        write(tmp_path / "site", "new")
    assert (tmp_path / "site").read_text() == "mine"


def test_a_failure_leaves_the_old_site(tmp_path: Path) -> None:
    out = tmp_path / "site"
    write(out, "old")
    before = everything(out)
    with pytest.raises(RuntimeError), site_folder(out) as folder:
        (folder / "index.html").write_text("half")
        assert everything(out) == before
        raise RuntimeError
    assert everything(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "site"
    write(out, "old")
    with pytest.raises(OdsError, match=r"mine\.txt"), site_folder(out) as folder:
        (folder / "index.html").write_text("new")
        (out / "mine.txt").write_text("mine")
    assert (out / "mine.txt").read_text() == "mine"
    assert (out / "index.html").read_text() == "old"


def test_two_reports_never_write_the_same_site(tmp_path: Path) -> None:
    with site_folder(tmp_path / "site") as folder:
        (folder / "index.html").write_text("first")
        with pytest.raises(Busy):
            write(tmp_path / "site", "second")
    assert (tmp_path / "site" / "index.html").read_text() == "first"


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "site").symlink_to(tmp_path / "disk")
    write(tmp_path / "site", "new")
    assert (tmp_path / "site").is_symlink()
    assert (tmp_path / "disk" / "index.html").read_text() == "new"
