"""Files of postcodes: three layouts give the same table, and what cannot be used is rejected or counted."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.places.held import held_files, newest_of, take_places
from ods_pipeline.places.tables import area_table, postcode_table, uprn_table
from ods_pipeline_tests.support.postcodes import (
    HEADERS,
    NOWHERE,
    nspl_text,
    nspl_zip,
    place,
    uprn_zip,
    write_zip,
)

PLACES = [
    place("TS18 1HU"),
    place("TS18 1AX", 54.57, -1.31, doterm="202306"),
    place("BT1 5GS", 54.5973, -5.9301, icb="", ctry="N92000002"),
    place("CF10 4BZ", 51.48, -3.18, icb="W99999999", sicbl="W11000029", nhser="W99999999", ctry="W92000004"),
    place("JE2 3QA", **NOWHERE, icb="", sicbl="", nhser="", lad="", ctry=""),
    place("AB1 0AA", 57.1, -2.24, doterm="199606", east=0, north=0, icb="S99999999"),
]
REGISTER = pl.DataFrame(
    {
        "ods_code": ["A", "B", "C", "D", "E", "F", "G"],
        "postcode": ["TS18 1HU", "ts181ax", "BT1 5GS", "CF10 4BZ", None, "", "ZZ1 1ZZ"],
        "uprn": [100, 200, None, None, None, None, 300],
    }
)


def taken(root: DataRoot, path: Path, register: pl.DataFrame = REGISTER) -> pl.DataFrame:
    file = take_places(root, path)
    folder = root.flat / file.folder
    return postcode_table(register, area_table(folder, file), folder, file)


def rejection(root: DataRoot, path: Path) -> str:
    with pytest.raises(OdsError) as rejected:
        take_places(root, path)
    return str(rejected.value)


def test_three_layouts_and_the_directory_give_the_same_table(tmp_path: Path) -> None:
    tables = {
        layout: taken(DataRoot(tmp_path / layout), nspl_zip(tmp_path, PLACES, layout)) for layout in HEADERS
    }
    of_the_file = ["icb_year", "edition", "edition_day"]
    shown = {layout: table.select(of_the_file).row(0) for layout, table in tables.items()}
    assert shown == {
        "2023": (None, "NSPL 2023-02", date(2023, 2, 1)),
        "2025": (2023, "NSPL 2025-11", date(2025, 11, 1)),
        "2026": (2026, "NSPL 2026-08", date(2026, 8, 1)),
        "ONSPD": (2023, "ONSPD 2025-11", date(2025, 11, 1)),
    }
    for table in tables.values():
        assert table.drop(of_the_file).equals(tables["2026"].drop(of_the_file))
    rows = {row["postcode"]: row for row in tables["2026"].to_dicts()}
    assert list(rows) == ["CF10 4BZ", "TS18 1AX", "TS18 1HU"]
    stockton = rows["TS18 1HU"]
    assert (stockton["icb_gss_code"], stockton["icb_code"]) == ("E54000050", "QHM")
    assert (stockton["region_gss_code"], stockton["region_code"]) == ("E40000012", "Y63")
    assert (stockton["latitude"], stockton["easting"], stockton["lsoa_code"]) == (
        54.5649,
        444500,
        "E01012259",
    )
    assert rows["TS18 1AX"]["terminated_on"] == date(2023, 6, 1)
    assert stockton["sub_icb_code"] == "16C"
    of_england = ("icb_gss_code", "sub_icb_gss_code", "region_gss_code")
    assert {rows["CF10 4BZ"][name] for name in of_england} == {None}


def test_rows_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    file = take_places(root, nspl_zip(tmp_path, [*PLACES, place("NONSENSE")]))
    assert file.counts == {
        "read": 7,
        "kept": 5,
        "northern_ireland": 1,
        "terminated": 2,
        "without_position": 2,
        "unreadable": 1,
    }
    assert [f.counts for f in held_files(root)] == [file.counts]
    assert (file.edition, file.product, len(file.sha256)) == ("2026-08", "NSPL", 64)
    assert any("Royal Mail" in line for line in file.licence)


def test_a_plain_csv_is_taken_too_and_an_edition_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "postcodes.csv"
    path.write_text("\ufeff" + nspl_text(PLACES), encoding="utf-8")
    root = DataRoot(tmp_path / "data")
    assert "its edition cannot be read from the name (postcodes.csv). Give it with --edition" in rejection(
        root, path
    )
    assert take_places(root, path, "2026-05").label == "NSPL 2026-05"


def test_lists_in_the_zip_name_sub_icbs_and_authorities(tmp_path: Path) -> None:
    documents = {
        "Sub ICB Locations": "SICBL27CD,SICBL27CDH,SICBL27NM\r\nE38000247,16C,A\r\nE38000999,X9,NHS New\r\n",
        "LA_UA": "\ufeffLAD26CD,LAD26NM,LAD26NMW\r\nE06000004,Stockton-on-Tees,\r\nE99999999,none,\r\n",
        "Odd": "A,B\r\n1,2\r\n",
    }
    root = DataRoot(tmp_path / "data")
    file = take_places(root, nspl_zip(tmp_path, PLACES, documents=documents))
    areas = area_table(root.flat / file.folder, file)
    named = areas.filter(pl.col("source") == "NSPL 2026-08, folder Documents").drop("source").rows()
    assert named == [
        ("E06000004", "local_authority", None, "Stockton-on-Tees"),
        ("E38000999", "sub_icb", "X9", "NHS New"),
    ]
    table = postcode_table(REGISTER, areas, root.flat / file.folder, file)
    assert table.filter(postcode="TS18 1HU")["sub_icb_code"].to_list() == ["16C"]


def test_the_committed_areas_are_those_in_use() -> None:
    areas = area_table(None, None)
    current = areas.filter((pl.col("kind") == "icb") & pl.col("source").str.contains("April 2026"))
    assert (current.height, current["ods_code"].n_unique()) == (36, 36)
    sub_icbs = areas.filter((pl.col("kind") == "sub_icb") & pl.col("source").str.contains("April 2026"))
    assert (sub_icbs.height, sub_icbs["ods_code"].n_unique()) == (106, 106)
    # The name of a sub-ICB location is that of its ICB, and its own ODS code.
    owners = sub_icbs.select(
        pl.format("NHS {} Integrated Care Board", pl.col("name").str.extract("NHS (.*) ICB"))
    )
    assert set(owners.to_series()) == set(current["name"])
    assert (sub_icbs["name"].str.split(" - ").list.last() == sub_icbs["ods_code"]).all()
    # One ODS code, several boundaries.
    several = {
        "QRL": {"E54000042", "E54000067"},
        "92A": {"E38000246", "E38000264", "E38000267"},
        "Y61": {"E40000007", "E40000013"},
        "Y62": {"E40000010", "E40000014"},
    }
    for ods_code, codes in several.items():
        assert set(areas.filter(ods_code=ods_code)["gss_code"]) == codes
    regions = areas.filter((pl.col("kind") == "region") & pl.col("source").str.contains("April 2024"))
    assert sorted(regions["ods_code"]) == ["Y56", "Y58", "Y59", "Y60", "Y61", "Y62", "Y63"]


BROKEN_HEADERS = {
    "no ICB": (HEADERS["2026"].replace(",icb26cd", ""), "no column of the ICB (such as icb26cd)"),
    "two ICBs": (HEADERS["2026"] + ",icb23cd", "2 columns of the ICB (icb26cd, icb23cd), and one is needed"),
    "two authorities": (HEADERS["2026"].replace("cty26cd", "lad25cd"), "2 columns of the local authority"),
    "no sub-ICB": (HEADERS["2026"].replace("sicbl26cd", "ccg19cd"), "no column of the sub-ICB location"),
    "another product": (
        "UPRN,NAME,ICB26CD",
        "this is not an NSPL or ONSPD: no column is pcds (it begins with UPRN",
    ),
}


@pytest.mark.parametrize("case", BROKEN_HEADERS)
def test_a_header_that_cannot_be_understood_is_rejected_by_name(tmp_path: Path, case: str) -> None:
    header, problem = BROKEN_HEADERS[case]
    root = DataRoot(tmp_path / "data")
    text = rejection(root, nspl_zip(tmp_path, PLACES, header=header))
    assert problem in text and "Give the zip of NSPL or ONSPD" in text
    assert held_files(root) == [] and not root.flat.exists()


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def test_damaged_and_wrong_files_are_rejected_and_nothing_is_replaced(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    before = taken(root, nspl_zip(tmp_path / "good", PLACES, "2025"))
    many = [
        place(f"TS{n // 100:02d} {n % 10}{chr(65 + n % 26)}{chr(65 + n // 10 % 26)}")
        for n in range(1000, 4000)
    ]
    whole = nspl_zip(tmp_path / "whole", many)
    damaged = bytearray(whole.read_bytes())
    damaged[2000:2010] = bytes(10)
    garbled = tmp_path / "garbled" / whole.name
    garbled.parent.mkdir()
    garbled.write_bytes(damaged)
    ragged = tmp_path / "NSPL_AUG_2026_UK.csv"
    ragged.write_text(nspl_text(PLACES) + '"TS18 1HU","TS18"\r\n')
    not_a_number = tmp_path / "NSPL_AUG_2027_UK.csv"
    not_a_number.write_text(nspl_text([place("TS18 1HU", east="WEST")]))
    empty = tmp_path / "NSPL_AUG_2028_UK.csv"
    empty.touch()
    cases = {
        cut(nspl_zip(tmp_path / "cut", many), 0.5): "the zip is damaged or cut short",
        garbled: "the zip is damaged or cut short",
        ragged: "cannot be read as CSV",
        not_a_number: "cannot be read as CSV",
        empty: "the file is empty",
        tmp_path / "missing.zip": "there is no such file",
        write_zip(tmp_path / "other.zip", {"readme.txt": "hello"}): "must hold one CSV of all postcodes",
        nspl_zip(tmp_path / "none", []): "none of its 0 rows has a postcode of Great Britain",
        nspl_zip(tmp_path / "bt", PLACES[2:3]): "none of its 1 rows has a postcode of Great Britain",
        nspl_zip(tmp_path / "lost", PLACES[4:]): "none of its 2 postcodes has a position",
        nspl_zip(tmp_path / "twice", PLACES[:1] * 2): "1 of its rows repeat a postcode",
    }
    for path, problem in cases.items():
        assert problem in rejection(root, path), path
    held = newest_of(root, "postcodes")
    assert held is not None and held.label == "NSPL 2025-11"
    assert sorted(p.name for p in root.flat.iterdir()) == ["postcodes=2025-11"]
    folder = root.flat / held.folder
    assert postcode_table(REGISTER, area_table(folder, held), folder, held).equals(before)


def test_an_older_edition_is_rejected_and_the_same_file_changes_nothing(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    newer = nspl_zip(tmp_path / "newer", PLACES, "2026")
    first = take_places(root, newer)
    text = rejection(root, nspl_zip(tmp_path / "older", PLACES, "2025"))
    assert "it is of 2025-11, and a newer edition, of 2026-08, is held" in text and "remove" in text
    other = nspl_zip(tmp_path / "other", PLACES[:2], "2026")
    assert "another file of the edition 2026-08 is held (NSPL_AUG_2026_UK.zip)" in rejection(root, other)
    assert take_places(root, newer) == first
    assert [f.sha256 for f in held_files(root)] == [first.sha256]


def test_two_editions_under_one_name_are_both_kept_and_the_newer_counts(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    for folder, month in (("a", "2026-05"), ("b", "2026-08")):
        path = tmp_path / folder / "nspl.csv"
        path.parent.mkdir()
        path.write_text(nspl_text([place("TS18 1HU", dointr=month.replace("-", ""))]))
        take_places(root, path, month)
    assert [f.file_name for f in held_files(root)] == ["nspl.csv", "2026-08_nspl.csv"]
    newest = newest_of(root, "postcodes")
    assert newest is not None and newest.edition == "2026-08"


def test_uprns_are_read_in_one_pass_and_those_of_the_register_are_kept(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    file = take_places(root, uprn_zip(tmp_path, [(100, 54.5, -1.3), (150, 51.5, -0.1), (300, 0.0, 0.0)]))
    assert (file.label, file.counts) == (
        "OS Open UPRN 2026-08",
        {"read": 3, "kept": 2, "without_position": 1},
    )
    rows = uprn_table(REGISTER, root.flat / file.folder, file).rows()
    assert rows == [(100, 444500.25, 519100.5, 54.5, -1.3, "OS Open UPRN 2026-08")]


@pytest.mark.promise("same_bytes")
def test_of_a_uprn_with_two_positions_the_same_one_counts_in_any_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A UPRN that is there twice with one position has that one, and is not worth a word."""
    lines = [(100, 54.5, -1.3), (100, 51.5, -0.1), (100, 51.5, -0.2), (200, 54.6, -1.4), (200, 54.6, -1.4)]
    for name, rows in (("one", lines), ("other", lines[::-1])):
        root = DataRoot(tmp_path / name / "data")
        file = take_places(root, uprn_zip(tmp_path / name, rows))
        table = uprn_table(REGISTER, root.flat / file.folder, file)
        assert table.select("uprn", "latitude", "longitude").rows() == [(100, 51.5, -0.2), (200, 54.6, -1.4)]
        problem = (
            "OS Open UPRN 2026-08 has 2 more positions of UPRNs that have one already: they do not count"
        )
        assert [record.getMessage() for record in caplog.records] == [problem]
        caplog.clear()
