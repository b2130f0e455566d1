"""`ods-pipeline check`: what it prints, what it writes, and its exit codes."""

import contextlib
import csv
import json
from pathlib import Path

import pytest

from ods_pipeline_tests.support.rooms import run_cli, sample_root
from ods_pipeline_tests.support.running import Main
from ods_pipeline_tests.support.workbooks import workbook

LIST = "Code,Name\nG6V2S,North London\nrrp,Barnet\nG6VS2,a typo\n=cmd|'/C calc'!A0,an attack\nTAF01,a site\n"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def codes(tmp_path: Path) -> Path:
    file = tmp_path / "codes.csv"
    file.write_text(LIST)
    return file


def test_a_list_is_judged_line_by_line(codes: Path, run_main: Main, capsys: Captured) -> None:
    out = codes.with_name("judged.csv")
    assert run_main("check", codes, "--kind", "trust", "--out", out, "--data-root", sample_root().path) == 5
    printed = capsys.readouterr().out
    assert printed.startswith(f"{codes}: 5 entries in column 1 ('Code'), judged on 2026-09-04\n")
    assert "line 1 is taken as the header" in printed
    assert "1 good " in printed and "1 wrong_kind" in printed and "1 not_held" in printed
    assert printed.endswith(f"Written: {out}\n")
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["line"] for row in rows] == ["2", "3", "4", "5", "6"]
    assert [row["verdict"] for row in rows] == ["good", "legally_closed", "not_held", "no_code", "wrong_kind"]
    assert rows[1]["replaced_by"] == "G6V2S"
    assert rows[2]["likely_codes"] == "G6V2S"
    assert rows[3]["given"] == "'=cmd|'/C calc'!A0"
    assert rows[4]["meant_code"] == "G6V2S"


def test_a_good_list_ends_with_0(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    file = tmp_path / "good.txt"
    file.write_text("G6V2S\nRA9\n")
    assert run_main("check", file, "--data-root", sample_root().path) == 0
    assert "2 good" in capsys.readouterr().out


def test_the_day_is_an_option(codes: Path, run_main: Main, capsys: Captured) -> None:
    run_main("check", codes, "--on", "2020-01-01", "--data-root", sample_root().path)
    printed = capsys.readouterr().out
    assert "judged on 2020-01-01" in printed
    assert "G6V2S      not_yet_open" in printed


def test_the_result_goes_to_a_pipe(codes: Path) -> None:
    ran = run_cli("check", codes, "--out", "-", "--data-root", sample_root().path)
    assert ran.returncode == 5
    assert ran.stdout.startswith("line,given,code,verdict,")
    assert len(list(csv.reader(ran.stdout.splitlines()))) == 6
    assert "judged on 2026-09-04" in ran.stderr


def test_the_list_itself_is_never_overwritten(codes: Path, run_main: Main, capsys: Captured) -> None:
    assert run_main("check", codes, "--out", codes, "--data-root", sample_root().path) == 1
    assert "would replace the list itself" in capsys.readouterr().err
    assert codes.read_text() == LIST


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere.csv"], 1, "nowhere.csv: there is no such file."),
        (["."], 1, ".: this is a folder."),
        (["codes.csv", "--column", "Postcode"], 1, "there is no column 'Postcode'"),
        (
            ["codes.csv", "--data-root", "empty"],
            1,
            "empty: nothing is published here. Run: ods-pipeline build --data-root empty.",
        ),
        (["codes.csv", "--kind", "hospital"], 2, "there is no kind 'hospital'. Kinds: trust,"),
        (["codes.csv", "--on", "yesterday"], 2, "yesterday"),
    ],
)
def test_an_error_is_explained(
    codes: Path, run_main: Main, capsys: Captured, *, arguments: list[str], code: int, message: str
) -> None:
    root = [] if "--data-root" in arguments else ["--data-root", sample_root().path]
    with contextlib.chdir(codes.parent):
        assert run_main("check", *arguments, *root) == code
    out, err = capsys.readouterr()
    assert (out, "Traceback" in err) == ("", False)
    assert message in " ".join(err.replace("│", " ").split())


def test_the_data_root_does_not_change(codes: Path, run_main: Main) -> None:
    before = sorted(p.name for p in sample_root().path.iterdir())
    run_main("check", codes, "--data-root", sample_root().path)
    assert sorted(p.name for p in sample_root().path.iterdir()) == before


def test_all_sheets_of_a_workbook_are_judged(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    file, out = tmp_path / "codes.xlsx", tmp_path / "judged.csv"
    sheets: dict[str, list[list[str | None]]] = {
        "Notes": [["These lists came by mail."], ["Please look at both, thank you."]],
        "Trusts": [["Trust", "ODS code"], ["North London", "G6V2S"], ["Barnet", "RRP"]],
        "Empty": [],
        "Sites": [["ods code"], ["TAF01"], ["E54000066"]],
    }
    file.write_bytes(workbook(sheets))
    root = sample_root().path
    assert run_main("check", file, "--all-sheets", "--out", out, "--data-root", root) == 5
    printed = capsys.readouterr().out
    assert "sheet 'Trusts': 2 entries in column 2 ('ODS code')" in printed
    assert "sheet 'Sites': 2 entries in column 1" in printed
    assert "No codes in: Empty, Notes\n" in printed
    with out.open(newline="") as stream:
        rows = [(r["sheet"], r["line"], r["code"], r["verdict"]) for r in csv.DictReader(stream)]
    assert rows == [
        ("Trusts", "2", "G6V2S", "good"),
        ("Trusts", "3", "RRP", "legally_closed"),
        ("Sites", "2", "TAF01", "good"),
        ("Sites", "3", "E54000066", "other_system"),
    ]
    # One sheet as before, without the column; a file without sheets says so.
    assert run_main("check", file, "--sheet", "Sites", "--out", "-", "--data-root", root) == 5
    assert capsys.readouterr().out.startswith("line,given,code,")
    assert run_main("check", file, "--sheet", "Sites", "--all-sheets", "--data-root", root) == 1
    plain = tmp_path / "codes.csv"
    plain.write_text("G6V2S\n")
    assert run_main("check", plain, "--all-sheets", "--data-root", root) == 1
    assert "only a workbook has sheets" in capsys.readouterr().err


def test_a_gss_code_is_said_to_be_its_area(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    file = tmp_path / "codes.txt"
    file.write_text("ods code\nE54000050\nE06999999\n")
    assert run_main("check", file, "--out", "-", "--data-root", sample_root().path) == 5
    known, unknown = csv.DictReader(capsys.readouterr().out.splitlines())
    assert "it stands for the ICB NHS North East and North Cumbria" in known["note"]
    assert "ODS code QHM" in known["note"] and known["verdict"] == "other_system"
    assert "stands for" not in unknown["note"] and unknown["verdict"] == "other_system"
    for command in ("find", "show"):
        assert run_main(command, "E54000050", "--data-root", sample_root().path) in (1, 5)
        captured = capsys.readouterr()
        assert "ODS code QHM" in captured.out + captured.err


def test_a_good_code_that_needs_a_word_is_printed(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    file = tmp_path / "codes.txt"
    file.write_text("code\nG6V2S\n93C\n g6v2s\n")
    assert run_main("check", file, "--on", "2024-09-01", "--data-root", sample_root().path) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  line")]
    assert [line.split()[1] for line in lines] == ["2", "4"]
    assert all("proposed: in law from 2024-11-01" in line for line in lines)


def test_what_was_typed_is_printed_as_typed(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    file = tmp_path / "codes.csv"
    typed = ["1-Apr-26", "E83003 (formerly E83005)", "n/a", "rrp", "x " * 60]
    file.write_text("ods code,n\n" + "".join(f"{cell},1\n" for cell in typed))
    assert run_main("check", file, "--data-root", sample_root().path) == 5
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  line")]
    shown = [line[len("  line 2      ") :] for line in lines]
    assert all(line.startswith(f"{cell} ") for line, cell in zip(shown[:4], typed[:4], strict=True))
    assert shown[4].startswith("x x x") and "x…" in shown[4] and len(shown[4].split("…")[0]) < 60
    assert "read as" not in shown[0] and "read as RRP" in shown[3]


def test_the_list_is_limited_and_in_every_form(codes: Path, run_main: Main, capsys: Captured) -> None:
    root = sample_root().path
    for limit, count in (("1", 1), ("0", 4), ("20", 4)):
        assert run_main("check", codes, "--kind", "trust", "--limit", limit, "--data-root", root) == 5
        printed = capsys.readouterr().out
        assert printed.count("\n  line ") == count
        assert ("… and 3 more; --limit shows more, --limit 0 all" in printed) == (limit == "1")
    assert run_main("check", codes, "--json", "--limit", "1", "--data-root", root) == 5
    captured = capsys.readouterr()
    rows = json.loads(captured.out)
    assert [row["code"] for row in rows] == ["G6V2S", "RRP", "G6VS2", "CMD|'/CCALC'!A0", "TAF01"]
    assert rows[1]["replaced_by"] == ["G6V2S"] and "judged on" in captured.err
    assert run_main("check", codes, "--csv", "-", "--data-root", root) == 5
    header, *written = csv.reader(capsys.readouterr().out.splitlines())
    assert header == list(rows[0]) and len(written) == 5
    assert run_main("check", codes, "--limit", "-1", "--data-root", root) == 2
