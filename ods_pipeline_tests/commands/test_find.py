"""`ods-pipeline find`: what it prints, and its exit codes."""

import csv
import json

import pytest

from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.running import Main

Captured = pytest.CaptureFixture[str]


def test_a_closed_code_shows_when_and_what_replaced_it(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "rrp", "--data-root", sample_root().path) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("RRP ") and "Closed in law on 2024-10-31" in printed and "now G6V2S" in printed


def test_a_successor_that_has_closed_is_not_said_to_be_there_now(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "RGZ", "--data-root", sample_root().path) == 0
    printed = capsys.readouterr().out
    assert "then RYQ, closed on 2013-09-30" in printed and "now RYQ" not in printed


def test_words_need_no_quotes(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "maple", "house", "--data-root", sample_root().path) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines() if line[0] != " "] == ["D8M2P", "VM903"]
    assert "perhaps now D8M2P" in printed and "run by C9902" in printed


def test_the_limit_is_kept(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "surgery", "--limit", "2", "--data-root", sample_root().path) == 0
    printed = capsys.readouterr().out
    assert "more; --limit shows more, --limit 0 all" in printed
    assert len([line for line in printed.splitlines() if line[0] not in " …"]) == 2


def test_a_code_that_is_not_held_gets_a_reason(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "G6VS2", "--data-root", sample_root().path) == 5
    printed = capsys.readouterr().out
    assert printed.startswith("G6VS2: Not in the register as of 2026-09-04")
    assert "perhaps G6V2S" in printed


def test_an_empty_text_is_answered(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "--data-root", sample_root().path) == 5
    assert capsys.readouterr().out == "(nothing): There is no code\n"


def test_kind_and_open_choose(run_main: Main, capsys: Captured) -> None:
    root = sample_root().path
    assert run_main("find", "maple", "house", "--open", "--data-root", root) == 0
    printed = capsys.readouterr().out
    assert "D8M2P" in printed and "\nVM903" not in printed
    assert run_main("find", "maple", "house", "--kind", "trust", "--data-root", root) == 5
    assert "2 match, and none of them is what --kind asks for\n" in capsys.readouterr().out
    assert run_main("find", "VM903", "--open", "--data-root", root) == 5
    assert "1 matches, and it is not what --open asks for\n" in capsys.readouterr().out
    assert run_main("find", "maple", "house", "--kind", "trust", "--open", "--data-root", root) == 5
    assert "none of them is what --kind and --open ask for\n" in capsys.readouterr().out
    assert run_main("find", "maple", "--kind", "nonsense", "--data-root", root) == 2
    assert "there is no kind" in capsys.readouterr().err


def test_a_limit_of_0_is_all_and_a_negative_one_is_wrong(run_main: Main, capsys: Captured) -> None:
    root = sample_root().path
    assert run_main("find", "surgery", "--limit", "0", "--data-root", root) == 0
    everything = capsys.readouterr().out
    assert "more; --limit" not in everything
    assert len([line for line in everything.splitlines() if line[0] != " "]) > 20
    assert run_main("find", "surgery", "--limit", "-1", "--data-root", root) == 2
    assert "limit" in capsys.readouterr().err


def test_rows_as_json_and_csv_are_the_same(run_main: Main, capsys: Captured) -> None:
    root = sample_root().path
    assert run_main("find", "maple", "house", "--json", "--data-root", root) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["ods_code"] for row in rows] == ["D8M2P", "VM903"]
    assert rows[0]["country"] == "ENGLAND" and rows[1]["candidate_codes"] == ["D8M2P"]
    assert run_main("find", "maple", "house", "--csv", "-", "--data-root", root) == 0
    lines = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [line["ods_code"] for line in lines] == ["D8M2P", "VM903"]
    assert (lines[0]["matched_by"], lines[1]["candidate_codes"]) == (rows[0]["matched_by"], "D8M2P")


def test_what_was_typed_is_echoed_as_typed(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "no such", "place Anywhere", "--data-root", sample_root().path) == 5
    assert capsys.readouterr().out.startswith("no such place Anywhere: No name or town has words like these")


def test_a_code_known_from_a_notice_alone_has_no_name(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "Z8R4W", "--data-root", sample_root().path) == 0
    assert capsys.readouterr().out.startswith("Z8R4W      (no name held) (branch_surgery)")


@pytest.mark.parametrize("typed", ["(E54000066)", "E54000066.", "\uff2554000066"])
def test_what_a_text_is_does_not_depend_on_the_punctuation_around_it(
    run_main: Main, capsys: Captured, typed: str
) -> None:
    assert run_main("find", typed, "--data-root", sample_root().path) == 5
    assert "It stands for the " in capsys.readouterr().out
    assert run_main("find", "(ZZZ99).", "--data-root", sample_root().path) == 5
    assert "registered with CQC" in capsys.readouterr().out


@pytest.mark.parametrize("code", ["VM903", "YD999", "A9C1X", "08H", "RQF", "Q71", "93C", "RRP", "EE999901"])
def test_find_gives_the_area_that_show_gives(run_main: Main, capsys: Captured, code: str) -> None:
    """The last ones of a closed organisation, and why there is no ICB, in the same words."""
    root = sample_root().path
    assert run_main("show", code, "--data-root", root) == 0
    areas = [line[13:] for line in capsys.readouterr().out.splitlines() if line.startswith("area ")]
    assert run_main("find", code, "--data-root", root) == 0
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in printed if line.startswith(("ICB ", "no ICB", "last: "))] == areas
    assert areas or code == "EE999901"


def test_rows_have_the_last_area_of_a_closed_organisation_marked(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "n10 9xd", "--json", "--data-root", sample_root().path) == 0
    rows = {row["ods_code"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["VM903"]["icb_code"], rows["VM903"]["parents_are_past"]) == ("QMJ", True)
    assert (rows["D8M2P"]["icb_code"], rows["D8M2P"]["parents_are_past"]) == ("Z9B2Z", False)


def test_a_deletion_that_nothing_has_confirmed_is_mentioned(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "V99003", "--data-root", sample_root().path) == 0
    assert (
        "It may be deleted since 2026-08-28 (the API no longer gives its record); nothing has confirmed it\n"
        in capsys.readouterr().out
    )


def test_one_place_is_one_and_a_closed_one_was_run(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "NZ9", "--data-root", sample_root().path) == 0
    assert "runs 1 open organisation\n" in capsys.readouterr().out
    assert run_main("find", "n10 9xd", "--data-root", sample_root().path) == 0
    printed = capsys.readouterr().out
    assert " was run by C9902 " in printed and " run by A9C1X " in printed
