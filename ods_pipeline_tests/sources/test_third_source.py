"""A source that the package does not know is fetched, kept and flattened as the ORD API is."""

import json
from datetime import date
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.sources.fetch import close_stale_fetches, fetch_changes
from ods_pipeline.sources.fields import FAX, FIELDS
from ods_pipeline.sources.protocol import DeltaSource
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline_tests.sources.catalogue import Catalogue, CatalogueSource
from ods_pipeline_tests.sources.replay import Replay
from ods_pipeline_tests.support.builders import (
    assert_conserved,
    facts,
    make_record,
    notice,
    receipt_of,
    rel,
    same,
    write_delta,
)
from ods_pipeline_tests.support.simulated import QUICK, SimulatedClock

MORNING = "2026-09-04T04:30:00+00:00"
WINDOW = (date(2026, 9, 2), date(2026, 9, 4))


@pytest.fixture
def catalogue() -> Catalogue:
    days = ("2026-09-01", "2026-09-02", "2026-09-03", "2026-09-04", "2026-09-04")
    entries = {f"RX{n}": {"label": f"NUMBER {n}", "stamp": day} for n, day in enumerate(days)}
    entries["RX1"]["fax"] = "0113 1"
    return Catalogue(entries)


def fetch(root: DataRoot, source: DeltaSource, at: str = MORNING) -> Path:
    (folder,) = fetch_changes(root, lambda: source, WINDOW, clock=SimulatedClock(at), manners=QUICK)
    return folder


def test_its_rows_come_out_and_its_own_answers_are_kept(root: DataRoot, catalogue: Catalogue) -> None:
    catalogue.deleted = {"RZ9": "2026-09-03T00:00:00+00:00"}
    folder = fetch(root, CatalogueSource(catalogue))
    assert folder.parent == root.raw_fetches
    receipt = read_fetch_receipt(folder)
    assert (receipt.source, receipt.codes, receipt.silent) == ("catalogue", ("RX1", "RX2", "RX3", "RX4"), ())
    kept = {f.path for f in receipt.files}
    assert {"load-first.json", "load-last.json", "bundle-0003.json", "deleted-succession.json"} < kept
    entries = {f["path"]: f["url_path"] for f in receipt_of(folder)["files"]}
    assert entries["organisations/RX2.json"] == "/entry/RX2"
    flat = flatten_fetch(folder)
    assert_conserved(flat)
    rows = flat.frames["organisations"].select("ods_code", "name", "published_in", "capture_id").rows()
    assert rows == [(f"RX{n}", f"NUMBER {n}", "delta", folder.name) for n in range(1, 5)]
    assert flat.captures.select("source", "payload_format").rows() == [("catalogue", "json")]
    assert flat.frames["notices"].select("ods_code", "deleted_on").rows() == [("RZ9", date(2026, 9, 3))]
    assert flat.frames["code_systems"].height == 8


def test_its_fields_decide_whether_a_missing_fax_number_counts(tmp_path: Path, catalogue: Catalogue) -> None:
    """The flat column ``is_xml`` holds whether a missing fax number means that there is none."""
    columns = {}
    for name, fields in {"all": FIELDS, "no fax": FIELDS - {FAX}}.items():
        folder = fetch(DataRoot(tmp_path / name), CatalogueSource(catalogue, fields))
        columns[name] = set(flatten_fetch(folder).frames["organisations"]["is_xml"])
        assert ("silent" in receipt_of(folder)) == (name == "all"), "JSON implies silence about fax numbers"
    assert columns == {"all": {True}, "no fax": {False}}


def test_a_source_that_is_silent_about_more_than_history_keeps_is_not_asked(
    root: DataRoot, catalogue: Catalogue
) -> None:
    source = CatalogueSource(catalogue, FIELDS - {"contacts.tel", FAX})
    with pytest.raises(OdsError, match=r"the catalogue: its records cannot hold contacts\.tel"):
        fetch(root, source)
    assert catalogue.log == []


def test_a_load_in_between_starts_the_fetch_again(root: DataRoot, catalogue: Catalogue) -> None:
    def load(question: str) -> None:
        if question == "/changes/count" and catalogue.load_day == "2026-09-04":
            catalogue.load_day = "2026-09-05"
            catalogue.entries["RX2"]["label"] = "RENAMED"

    catalogue.before_answer = load
    folder = fetch(root, CatalogueSource(catalogue))
    assert [p.name for p in root.raw_fetches.iterdir()] == [folder.name]
    assert json.loads((folder / "load-last.json").read_bytes()) == "2026-09-05"
    assert "RENAMED" in flatten_fetch(folder).frames["organisations"]["name"].to_list()


def test_a_load_in_between_every_time_ends_the_fetch(root: DataRoot, catalogue: Catalogue) -> None:
    def load(question: str) -> None:
        if question == "/changes/count":
            catalogue.load_day += "+"

    catalogue.before_answer = load
    with pytest.raises(Unreachable, match="the catalogue changed each of the 3 times it was read"):
        fetch(root, CatalogueSource(catalogue))
    assert [*root.raw_fetches.iterdir()] == []


def test_an_interrupted_fetch_asks_only_for_the_pages_not_held(root: DataRoot, catalogue: Catalogue) -> None:
    def cut(question: str) -> None:
        if question.endswith("from=4"):
            raise Unreachable("the line is cut")

    catalogue.before_answer = cut
    with pytest.raises(Unreachable, match="the line is cut"):
        fetch(root, CatalogueSource(catalogue))
    catalogue.before_answer = lambda _: None
    before = len(catalogue.log)
    fetch(root, CatalogueSource(catalogue))
    assert catalogue.log[before:] == ["/changes?since=2026-09-02&from=4", "/changes/count", "/load"]


def test_each_source_closes_its_own_unfinished_fetches(
    root: DataRoot, catalogue: Catalogue, tmp_path: Path
) -> None:
    def cut(question: str) -> None:
        if question.endswith("from=4"):
            raise Unreachable("the line is cut")

    catalogue.before_answer = cut
    with pytest.raises(Unreachable):
        fetch(root, CatalogueSource(catalogue))
    (folder,) = root.raw_fetches.iterdir()
    other = Replay(write_delta(tmp_path, []))
    close_stale_fetches(root, lambda: other, SimulatedClock("2026-09-05T04:30:00+00:00"))
    assert folder.exists()
    mine = CatalogueSource(catalogue)
    close_stale_fetches(root, lambda: mine, SimulatedClock("2026-09-05T04:30:00+00:00"))
    assert not folder.exists(), "without the closing pages nothing proves it"


def test_a_code_that_is_left_out_of_an_answer_is_asked_for_next_time(
    root: DataRoot, catalogue: Catalogue
) -> None:
    catalogue.entries["RX3"]["lost"] = True
    receipt = read_fetch_receipt(fetch(root, CatalogueSource(catalogue)))
    assert receipt.codes == ("RX1", "RX2", "RX4")
    assert receipt.unanswered["RX3"].stamp == "2026-09-04"
    assert receipt.unanswered["RX3"].why == "the catalogue left it out of its answer"


def test_a_recorded_folder_played_back_gives_the_same_rows(root: DataRoot, tmp_path: Path) -> None:
    records = [make_record(f"RX{n}", LastChangeDate="2026-09-03") for n in range(4)]
    records.append(make_record("RX4", LastChangeDate="2026-09-03", Rels={"Rel": [rel("RX4", "RX1")]}))
    recorded = write_delta(
        tmp_path,
        records,
        stamps_from=WINDOW[0],
        stamps_to=WINDOW[1],
        gone=[make_record("RG1", LastChangeDate="2026-09-03")],
        notifications=[notice("RZ9", "2026-09-02")],
    )
    folder = fetch(root, Replay(recorded))
    again, first = flatten_fetch(folder), flatten_fetch(recorded)
    assert same(facts(again.frames), facts(first.frames))
    for name in ("roles.json", "sync.json", "search-0001.json", "organisations/RX4.json"):
        assert (folder / name).read_bytes() == (recorded / name).read_bytes()
    assert read_fetch_receipt(folder).gone == {"RG1": 404}
