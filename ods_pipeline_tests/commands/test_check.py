"""`ods-pipeline check` as people run it: what it prints, what it writes, how it ends."""

import csv
from pathlib import Path

import pytest

from ods_pipeline_tests.support.rooms import run_cli, sample_root
from ods_pipeline_tests.support.running import Main

LIST = "Code,Name\nG6V2S,North London\nrrp,Barnet\nG6VS2,a slip\n=cmd|'/C calc'!A0,an attack\nTAF01,a site\n"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def codes(tmp_path: Path) -> Path:
    file = tmp_path / "codes.csv"
    file.write_text(LIST)
    return file


def test_a_list_is_judged_line_by_line(codes: Path, run_main: Main, capsys: Captured) -> None:
    out = codes.with_name("judged.csv")
    assert run_main("check", codes, "--kind", "trust", "--out", out, "--data-root", sample_root().path) == 5
    told = capsys.readouterr().out
    assert told.startswith(f"{codes}: 5 codes in column 1 ('Code'), judged on 2026-09-04\n")
    assert "line 1 is taken as the header" in told
    assert "1 good " in told and "1 wrong_kind" in told and "1 not_held" in told
    assert told.endswith(f"Written: {out}\n")
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["line"] for row in rows] == ["2", "3", "4", "5", "6"]
    assert [row["verdict"] for row in rows] == ["good", "legally_closed", "not_held", "no_code", "wrong_kind"]
    assert rows[1]["replaced_by"] == "G6V2S"
    assert rows[2]["likely_codes"] == "G6V2S"
    assert rows[3]["given"] == "'=cmd|'/C calc'!A0"
    assert rows[4]["meant_code"] == "G6V2S"


def test_a_good_list_ends_with_nought(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    file = tmp_path / "good.txt"
    file.write_text("G6V2S\nRA9\n")
    assert run_main("check", file, "--data-root", sample_root().path) == 0
    assert "2 good" in capsys.readouterr().out


def test_the_day_can_be_given(codes: Path, run_main: Main, capsys: Captured) -> None:
    run_main("check", codes, "--on", "2020-01-01", "--data-root", sample_root().path)
    told = capsys.readouterr().out
    assert "judged on 2020-01-01" in told
    assert "G6V2S      not_yet_open" in told


def test_the_outcome_goes_down_a_pipe(codes: Path) -> None:
    ran = run_cli("check", codes, "--out", "-", "--data-root", sample_root().path)
    assert ran.returncode == 5
    assert ran.stdout.startswith("line,given,code,verdict,")
    assert len(list(csv.reader(ran.stdout.splitlines()))) == 6
    assert "judged on 2026-09-04" in ran.stderr


def test_the_list_itself_is_never_written_over(codes: Path, run_main: Main, capsys: Captured) -> None:
    assert run_main("check", codes, "--out", codes, "--data-root", sample_root().path) == 1
    assert "would replace the list itself" in capsys.readouterr().err
    assert codes.read_text() == LIST


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nowhere.csv"], 1, "nowhere.csv: there is no such file."),
        (["codes.csv", "--column", "Postcode"], 1, "there is no column 'Postcode'"),
        (
            ["codes.csv", "--data-root", "empty"],
            1,
            "empty: nothing is published here. Run: ods-pipeline build.",
        ),
        (["codes.csv", "--kind", "hospital"], 2, "there is no kind 'hospital'. Kinds: trust,"),
        (["codes.csv", "--on", "yesterday"], 2, "yesterday"),
    ],
)
def test_what_cannot_be_done_is_told(codes: Path, arguments: list[str], code: int, told: str) -> None:
    root = [] if "--data-root" in arguments else ["--data-root", sample_root().path]
    ran = run_cli("check", *arguments, *root, cwd=codes.parent)
    assert (ran.returncode, ran.stdout, "Traceback" in ran.stderr) == (code, "", False)
    assert told in " ".join(ran.stderr.replace("│", " ").split())


def test_nothing_of_the_data_root_is_changed(codes: Path, run_main: Main) -> None:
    before = sorted(p.name for p in sample_root().path.iterdir())
    run_main("check", codes, "--data-root", sample_root().path)
    assert sorted(p.name for p in sample_root().path.iterdir()) == before
