"""Verdicts on cells as people fill them: codes next to names, several in a cell, totals, no code at all."""

from datetime import date
from pathlib import Path

import duckdb

from ods_pipeline.lists.code_list import read_code_list
from ods_pipeline.lists.judging import judge

TODAY = date(2026, 9, 4)


def judged_cells(
    sample: duckdb.DuckDBPyConnection, folder: Path, cells: list[str]
) -> list[dict[str, object]]:
    """The verdicts on cells of a column of codes, next to another column."""
    file = folder / "list.csv"
    quoted = [cell.replace('"', '""') for cell in cells]
    file.write_text("ODS code,n\n" + "".join(f'"{cell}",1\n' for cell in quoted), encoding="utf-8")
    return judge(sample, read_code_list(file), TODAY, None).to_dicts()


def test_a_code_within_other_text_is_offered(sample: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    cells = [
        ("RKE - the wing", ["RKE"]),  # nothing in its name is like this
        ("The RKE of old", []),  # in the middle three letters are not a code
        ("Oakleigh Road, e83003, Whetstone", ["E83003"]),
        ("E83003 RKE TAF01X", ["E83003"]),
        ("WHITTINGTON HEALTH NHS TRUST", []),
    ]
    rows = judged_cells(sample, tmp_path, [cell for cell, _ in cells])
    assert [(row["given"], row["likely_codes"]) for row in rows] == cells
    assert {row["verdict"] for row in rows} == {"no_code"}
    for row in rows:
        assert str(row["note"]).startswith("More than a code; perhaps ") == bool(row["likely_codes"])
        assert "read as" not in str(row["note"])


# A cell, the code that it is read as, and the verdict.
NAMED = [
    ("RKE - Whittington Health", "RKE", "good"),
    ("Whittington Health NHS Trust (RKE)", "RKE", "good"),
    ("RRP Barnet", "RRP", "legally_closed"),
    ("93C: NHS North Central London", "93C", "good"),
    ("E83003 - The Oakleigh Surgery", "E83003", "good"),
    ("E83007 - Foo", "E83007", "not_held"),
    ("TAF-01", "TAF01", "good"),
    ("E83018.001", "E83018001", "good"),
    ("TAF-99", "TAF-99", "no_code"),
    ("89997.0", "89997", "default_code"),  # a number with a gap above or below it in its column
    ("01-APR", "01-APR", "not_held"),
    ("rke (Whittington)", "RKE(WHITTINGTON)", "no_code"),  # a word of three small letters is not a code
]


def test_a_code_next_to_its_name_is_judged(sample: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = judged_cells(sample, tmp_path, [cell for cell, *_ in NAMED])
    assert [(row["given"], row["code"], row["verdict"]) for row in rows] == NAMED
    for row, (cell, code, verdict) in zip(rows, NAMED, strict=True):
        assert (f"read as {code}" in str(row["note"])) == (verdict != "no_code" and code != cell), cell
        assert str(row["note"]).startswith("A date") == (cell == "01-APR"), cell


def test_what_stands_for_no_code_is_blank(sample: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    cells = ["N/A", "n/a", "#N/A", "-", "none", "NULL", "TBC", "unknown", "Not known", "?"]
    rows = judged_cells(sample, tmp_path, cells)
    assert {(row["verdict"], row["code"], row["note"]) for row in rows} == {
        ("blank", None, "No code: the text here means that there is none")
    }


def test_totals_notes_and_rulers_are_no_entries(sample: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    cells = [
        *(
            "--------",
            "Total",
            "Total 123",
            "GRAND TOTAL:",
            "Source: NHS Digital",
            "Notes",
            "(2 rows affected)",
        ),
        *("* closed practices excluded", "1. Data as at 31 March 2026", "Data extracted on 1 May"),
        *("Page 2 of 3", "Report run 1st May 2024", "Printed: 01/05/2024", "Run date 1 May"),
        *("Count: 2", "n = 2"),
    ]
    rows = judged_cells(sample, tmp_path, ["RKE", *cells, "Totnes Surgery", "* RKE", "1. RKE"])
    assert [row["verdict"] for row in rows[1:-3]] == ["not_an_entry"] * len(cells)
    assert {(row["code"], row["note"], tuple(row["likely_codes"])) for row in rows[1:-3]} == {
        (None, "A header, a total, a note or a ruler, not an entry of the list", ())
    }
    assert [row["verdict"] for row in (rows[0], *rows[-3:])] == ["good", "no_code", "good", "good"]


def test_codes_with_a_blank_between_them_are_several_if_each_is_held(
    sample: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    cells = [
        ("E83003 E83005", ["E83003", "E83005"]),
        ("\uff2583003 \uff25\uff183005", ["E83003", "E83005"]),
        ("E83003\u00a0E83005", ["E83003", "E83005"]),
        ("RRP TAF", ["RRP", "TAF"]),
        ("E83003 RKE TAF01", ["E83003", "RKE", "TAF01"]),
        ("RRP TAF, RKE", ["RRP", "TAF", "RKE"]),
        ("(RRP) TAF or RKE", ["RRP", "TAF", "RKE"]),
        ("V81999 E83003", ["V81999", "E83003"]),  # a default code is known, too
        ("E83 003", ["E83003"]),
        ("E83\u200b003", ["E83003"]),
        ("TAF 01", ["TAF01"]),  # TAF is held, but so is the whole
        ("G6V 2S", ["G6V2S"]),
        ("E83003 E8300X", ["E83003", "E8300X"]),  # each is hardly anything but a code
        ("TAF 0X", ["TAF0X"]),
        ("RRP/TAF 2026", ["RRP/TAF2026"]),
        ("Apr 2026", ["APR2026"]),
        ("RKE", ["RKE"]),
    ]
    file = tmp_path / "list.csv"
    file.write_text("ods code,n\n" + "".join(f'"{cell}",1\n' for cell, _ in cells), encoding="utf-8")
    rows = judge(sample, read_code_list(file), TODAY, None)
    expected = [(line, cell, code) for line, (cell, codes) in enumerate(cells, 2) for code in codes]
    assert rows.select("line", "given", "code").rows() == expected


def test_what_is_not_a_code_is_not_read_as_one(sample: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "ods code\n1-Apr-26\nApr/2026\n9.08e+06\nE83003 E8300X\nn/a\nrrp\nq77 37z9\n1st May 2024\n",
        encoding="utf-8",
    )
    rows = judge(sample, read_code_list(file), TODAY, None).to_dicts()
    read_as = {row["given"]: row["note"].partition("read as ")[2] for row in rows}
    read_as = {given: code for given, code in read_as.items() if code}
    assert read_as == {"E83003 E8300X": "E8300X", "rrp": "RRP", "q77 37z9": "Q7737Z9"}
    assert all(rows[n]["note"].startswith("A date") for n in (1, -1))
    assert rows[2]["note"].startswith("A number in scientific form")
