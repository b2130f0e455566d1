"""`ods-pipeline find`: what it prints, and its exit codes."""

import pytest

from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.running import Main

Captured = pytest.CaptureFixture[str]


def test_a_closed_code_shows_when_and_what_replaced_it(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "rrp", "--data-root", sample_root().path) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("RRP ") and "Closed in law on 2024-10-31" in printed and "now G6V2S" in printed


def test_words_need_no_quotes(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "maple", "house", "--data-root", sample_root().path) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines() if line[0] != " "] == ["D8M2P", "VM903"]
    assert "perhaps now D8M2P" in printed and "run by C9902" in printed


def test_the_limit_is_kept(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "surgery", "--limit", "2", "--data-root", sample_root().path) == 0
    printed = capsys.readouterr().out
    assert "more; --limit shows more" in printed
    assert len([line for line in printed.splitlines() if line[0] not in " …"]) == 2


def test_a_code_that_is_not_held_gets_a_reason(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "G6VS2", "--data-root", sample_root().path) == 5
    printed = capsys.readouterr().out
    assert printed.startswith("G6VS2: Not in the register as of 2026-09-04")
    assert "perhaps G6V2S" in printed


def test_an_empty_text_is_answered(run_main: Main, capsys: Captured) -> None:
    assert run_main("find", "--data-root", sample_root().path) == 5
    assert capsys.readouterr().out == "(nothing): There is no code\n"
