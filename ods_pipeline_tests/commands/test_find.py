"""`ods-pipeline find` as people run it."""

import pytest

from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.running import Main

Captured = pytest.CaptureFixture[str]


def test_a_closed_code_shows_when_and_what_replaced_it(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "rrp", "--data-root", sample_root().path) == 0
    told = capsys.readouterr().out
    assert told.startswith("RRP ") and "legally closed on 2024-10-31" in told and "now G6V2S" in told


def test_words_need_no_quotes(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "maple", "house", "--data-root", sample_root().path) == 0
    told = capsys.readouterr().out
    assert [line.split()[0] for line in told.splitlines() if line[0] != " "] == ["D8M2P", "VM903"]
    assert "perhaps now D8M2P" in told and "run by C9902" in told


def test_no_more_than_asked_for_is_shown(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "surgery", "--limit", "2", "--data-root", sample_root().path) == 0
    told = capsys.readouterr().out
    assert "more; --limit shows more" in told
    assert len([line for line in told.splitlines() if line[0] not in " …"]) == 2


def test_what_is_not_there_is_told_with_its_reason(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "G6VS2", "--data-root", sample_root().path) == 5
    told = capsys.readouterr().out
    assert told.startswith("G6VS2: Not in the register as of 2026-09-04")
    assert "perhaps G6V2S" in told


def test_an_empty_question_has_an_answer(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "--data-root", sample_root().path) == 5
    assert capsys.readouterr().out == "(nothing): There is no code\n"
