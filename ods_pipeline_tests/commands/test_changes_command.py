"""`ods-pipeline changes`: its lines and its CSV file, on the sample."""

import csv
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.lists.writing import safe_csv
from ods_pipeline_tests.commands.test_show import run
from ods_pipeline_tests.support.rooms import sample_root


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert run("changes", *arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.splitlines()


def test_without_arguments_it_lists_all_since_the_newest_release(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys)
    assert len(lines) == 13
    assert lines == sorted(lines, key=lambda line: line[:10])
    assert lines[0].startswith("2026-08-24  from 2026-08-24  created ") and lines[0].endswith(
        "ORCHARD ROW PHARMACY"
    )
    assert "pcn: U90001 -> U90002" in lines[10] and "from 2026-10-01" in lines[10]
    assert any(line.endswith("operational_end: 2026-06-30 -> none") for line in lines)
    assert any(line.endswith("unconfirmed, gone_from_api") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--since", "2026-09-03"], ["Y99903", "FX104", "T3B9K"]),
        (["--kind", "renamed", "--kind", "closed"], ["V99002", "Y99901"]),
        (["--under", "u90001"], ["Y99901", "Y99901", "Y99902", "Y99903", "T3B9K"]),
        (["--under", "U90002"], ["Y99903"]),
        (["--under", "Z9B2Z", "--since", "2026-09-01"], ["FX105", "Y99903", "FX104", "T3B9K"]),
        (["--under", "NZ9"], ["NZ902"]),
        (["--under", "FX104"], ["FX104"]),
    ],
)
def test_options_narrow_the_list(
    capsys: pytest.CaptureFixture[str], arguments: list[str], expected: list[str]
) -> None:
    lines = printed(capsys, *arguments)
    assert [next(word for word in line.split() if word in expected) for line in lines] == expected


def test_no_change_is_reported_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "--since", "2027-01-01") == ["nothing changed since 2027-01-01"]


def test_an_unknown_kind_is_a_wrong_argument() -> None:
    assert run("changes", "--kind", "vanished") == 2


def test_the_file_has_every_column_and_row(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "changes.csv"
    assert printed(capsys, "--csv", str(file)) == [f"13 changes seen since 2026-08-21: {file}"]
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    table = pl.read_parquet(sample_root().path / "marts" / "code_changes.parquet")
    assert [row["change_id"] for row in rows] == table["change_id"].to_list()
    assert set(rows[0]) == {*table.columns, "name"}


@pytest.mark.promise("no_injection")
def test_no_cell_of_the_file_is_a_formula() -> None:
    frame = pl.DataFrame({"name": ["=1+1", "+44", "-1", "@A", "\tX", "1-1", None]})
    cells = safe_csv(frame).split("\n")[1:7]
    assert [cell.strip('"') for cell in cells] == ["'=1+1", "'+44", "'-1", "'@A", "'\tX", "1-1"]
