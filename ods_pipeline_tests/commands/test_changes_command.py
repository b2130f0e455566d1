"""`ods-pipeline changes`: its lines and its CSV file, on the sample."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.lists.writing import safe_csv
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.running import run_on_sample


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert run_on_sample("changes", *arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.splitlines()


def test_without_arguments_it_lists_all_since_the_newest_release(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys)
    assert len(lines) == 14
    assert lines == sorted(lines, key=lambda line: line[:10])
    # The release announced that T3B9K opens on this day and joins Y99902: only its opening is an event.
    assert lines[0].startswith("            from 2026-09-04  relationship added    T3B9K ")
    assert lines[0].endswith(" Y99902  [from the record]")
    assert lines[1].startswith("2026-08-24  from 2026-08-24  created ") and lines[1].endswith(
        "ORCHARD ROW PHARMACY"
    )
    assert "pcn: U90001 -> U90002" in lines[11] and "from 2026-10-01" in lines[11]
    assert any(line.endswith("operational_end: 2026-06-30 -> none") for line in lines)
    assert any(line.endswith("unconfirmed, gone_from_api") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--since", "2026-09-03"], ["T3B9K", "Y99903", "FX104", "T3B9K"]),
        (["--kind", "renamed", "--kind", "closed"], ["V99002", "Y99901"]),
        (["--under", "u90001"], ["T3B9K", "Y99901", "Y99901", "Y99902", "Y99903", "T3B9K"]),
        (["--under", "U90002"], ["Y99903"]),
        (["--under", "Z9B2Z", "--since", "2026-09-01"], ["T3B9K", "FX105", "Y99903", "FX104", "T3B9K"]),
        (["--under", "NZ9"], ["NZ902"]),
        (["--under", "FX104"], ["FX104"]),
        (["--under", "(FX104)."], ["FX104"]),
    ],
)
def test_options_narrow_the_list(
    capsys: pytest.CaptureFixture[str], arguments: list[str], expected: list[str]
) -> None:
    lines = printed(capsys, *arguments)
    assert [next(word for word in line.split() if word in expected) for line in lines] == expected


def test_no_change_is_reported_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = printed(capsys, "--since", "2027-01-01")
    assert line == "nothing changed since 2027-01-01; the register is held as of 2026-09-04 only"
    assert printed(capsys, "--since", "2026-09-04", "--kind", "closed") == [
        "nothing changed since 2026-09-04"
    ]


def test_a_code_that_is_not_held_has_not_just_seen_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "--under", "rke") == ["nothing changed since 2026-08-21"]
    assert run_on_sample("changes", "--under", "ZZZ99") == 1
    assert capsys.readouterr().err.startswith("error: ZZZ99: not in the register as of 2026-09-04")


def test_two_links_to_one_organisation_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "--under", "B1G9X", "--since", "2026-03-31")
    joined = [line for line in lines if "relationship added" in line and " B1G9X " in line]
    said = sorted(line.split("  ")[-2] for line in joined)
    assert said == ["IS A SUB-DIVISION OF Z9B2Z", "IS LOCATED IN THE GEOGRAPHY OF Z9B2Z"]


def test_the_file_may_be_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_on_sample("changes", "--csv", "-") == 0
    out, err = capsys.readouterr()
    assert len(list(csv.DictReader(out.splitlines()))) == 14
    assert err == "14 changes since 2026-08-21: -\n"


def test_a_limit_counts_what_it_leaves_out_and_0_is_all(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "--limit", "2")
    assert lines[2:] == ["… and 12 more; --limit 0 shows all, --csv FILE writes all"]
    assert lines[:2] == printed(capsys, "--limit", "0")[:2]
    assert len(printed(capsys, "--limit", "0")) == 14
    assert run_on_sample("changes", "--limit", "-1") == 2


def test_json_has_an_object_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_on_sample("changes", "--json", "--under", "FX104") == 0
    (change,) = json.loads(capsys.readouterr().out)
    assert (change["ods_code"], change["detected_on"]) == ("FX104", "2026-09-04")


def test_an_unknown_kind_is_a_wrong_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_on_sample("changes", "--kind", "closd") == 2
    err = capsys.readouterr().err
    assert "Perhaps closed is meant. There is no kind 'closd'." in err
    assert "gp_practice, " in err and "; of changes: created, opened, " in err


def test_kinds_of_organisations_and_openness_choose_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_on_sample("changes", "--json", "--kind", "Pharmacies", "--kind", "gp practice") == 0
    codes = {change["ods_code"] for change in json.loads(capsys.readouterr().out)}
    assert codes == {"H8Q2Z", "Y99901", "Y99902", "Y99903", "FX103", "FX104", "FX105"}
    wanted = ("--kind", "gp_practice", "--kind", "successor recorded", "--kind", "closed")
    assert run_on_sample("changes", "--json", *wanted) == 0
    kinds = [change["change_kind"] for change in json.loads(capsys.readouterr().out)]
    assert kinds == ["successor_recorded", "closed"]
    assert run_on_sample("changes", "--json", *wanted, "--open") == 0
    assert json.loads(capsys.readouterr().out) == [], "Y99901 has closed"
    assert run_on_sample("changes", "--json", "--open", "--kind", "closing_announced") == 0
    (closing,) = json.loads(capsys.readouterr().out)
    assert closing["ods_code"] == "FX104", "open until its last day"


def test_the_file_has_every_column_and_row(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "changes.csv"
    assert printed(capsys, "--csv", str(file)) == [f"14 changes since 2026-08-21: {file}"]
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    table = pl.read_parquet(sample_root().path / "marts" / "code_changes.parquet")
    announced, *observed = rows
    assert [row["change_id"] for row in observed] == table["change_id"].to_list()
    assert set(rows[0]) == {*table.columns, "name", "rel_name", "basis"}
    assert {row["basis"] for row in observed} == {"observed"}
    assert (announced["ods_code"], announced["basis"]) == ("T3B9K", "from the record")


@pytest.mark.promise("no_guess")
def test_before_the_first_release_the_dates_of_the_records_count(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = printed(capsys, "--under", "A9C1X", "--since", "2025-06-30")
    dated = [line for line in lines if line.endswith("[from the record]")]
    new = next(line for line in dated if " D8M2P " in line and "opened" in line)
    assert new.startswith("            from 2025-07-01  opened ") and "MAPLE HOUSE RESIDENTIAL HOME" in new
    assert any(" D8M2P " in line and "relationship added" in line and " A9C1X" in line for line in dated)
    days = [line.split()[1] for line in dated]
    assert lines[: len(dated)] == dated and days == sorted(days)  # before what was observed
    # After the first release held, only links that begin or end on an announced day: all else is observed.
    file = tmp_path / "all.csv"
    printed(capsys, "--since", "2026-03-31", "--csv", str(file))
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    from_records = [row for row in rows if row["basis"] == "from the record"]
    *earlier, announced = from_records
    assert (announced["ods_code"], announced["change_kind"]) == ("T3B9K", "relationship_added")
    assert {"2026-03-31" <= row["effective_on"] <= "2026-08-21" for row in earlier} == {True}
    assert {(row["detected_on"], row["change_id"], row["capture_id"]) for row in earlier} == {("", "", "")}
    assert len(rows) - len(from_records) == 13
    kinds = {row["change_kind"] for row in earlier}
    assert kinds == {"opened", "closed", "legally_closed", "relationship_added", "relationship_ended"}
    assert ("D4U1Y", "closed", "2026-04-01") in {
        (row["ods_code"], row["change_kind"], row["effective_on"]) for row in earlier
    }
    # A site that is closed does not leave its head office as well.
    assert not [r for r in earlier if r["ods_code"] == "D4U1Y" and r["change_kind"] == "relationship_ended"]


@pytest.mark.promise("no_injection")
def test_no_cell_of_the_file_is_a_formula() -> None:
    frame = pl.DataFrame({"name": ["=1+1", "+44", "-1", "@A", "\tX", "1-1", None]})
    cells = safe_csv(frame).split("\n")[1:7]
    assert [cell.strip('"') for cell in cells] == ["'=1+1", "'+44", "'-1", "'@A", "'\tX", "1-1"]
