"""Codes and names that mean something to SQL, spreadsheets or terminals are treated as plain values."""

import csv
import io
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.lookup.card import read_card
from ods_pipeline_tests.hostile.nasty import FORMULAS, LONG_NAME, ODD_CODES, ask, nasty_set
from ods_pipeline_tests.support.running import Main

pytestmark = [pytest.mark.promise("hostile"), pytest.mark.promise("no_injection")]
ONE = ("ods_find", "ods_current_codes", "ods_equivalent_codes", "ods_history")
DATED = ("ods_ancestors", "ods_descendants")
# Looked up although nothing of the kind is held.
STRANGERS = (
    "' OR 1=1 --",
    "x'; DROP SCHEMA ord CASCADE; --",
    "\\",
    "\0",
    "\ud800",
    "a" * 100_000,
    "%%",
    "()",
    "[^",
)


def test_every_code_is_in_every_table_unchanged(published: duckdb.DuckDBPyConnection) -> None:
    for table in (
        "ord.organisations",
        "history.organisations",
        "marts.organisation_status",
        "marts.code_finder",
    ):
        held = {code for (code,) in ask(published, f"SELECT ods_code FROM {table}")}
        assert held.issuperset(ODD_CODES), table


@pytest.mark.parametrize("code", ODD_CODES)
def test_a_code_finds_itself_and_no_other(published: duckdb.DuckDBPyConnection, code: str) -> None:
    """%, _ and * are not patterns here, and a quote does not end the text."""
    for macro in ONE[1:3]:
        codes = {row[0] for row in ask(published, f"SELECT ods_code FROM {macro}($1)", code)}
        assert codes <= {code, code.upper()}
    for macro in DATED:
        assert ask(published, f"FROM {macro}($1, DATE '2026-08-24')", code) == []
    matches = ask(published, "SELECT ods_code, match_kind FROM ods_find($1)", code)
    exact = [c for c, kind in matches if kind == "code"]
    assert exact in ([code], []), (
        "looked up in upper case and without white space, so it matches itself or nothing"
    )
    if code == code.upper() and " " not in code:
        assert exact == [code]
    held = code == code.upper()
    if held:
        assert read_card(published, code, None, None).record["ods_code"] == code


@pytest.mark.parametrize("text", STRANGERS, ids=range(len(STRANGERS)))
def test_the_text_of_a_query_is_a_value(published: duckdb.DuckDBPyConnection, text: str) -> None:
    before = ask(published, "SELECT count(*) FROM duckdb_tables()")
    for macro in ONE:
        try:
            ask(published, f"FROM {macro}($1)", text)
        except (duckdb.Error, UnicodeEncodeError):
            assert text in ("\0", "\ud800"), "only text that is not valid may be rejected"
    assert ask(published, "SELECT count(*) FROM duckdb_tables()") == before


@pytest.mark.parametrize("text", [*ODD_CODES, *STRANGERS], ids=range(len(ODD_CODES) + len(STRANGERS)))
def test_the_commands_answer_or_report_that_it_is_not_held(run_main: Main, text: str, capsys: Any) -> None:
    for command in ("find", "show"):
        assert run_main(command, "--data-root", nasty_set(), "--", text) in (0, 1, 5)
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    shown = printed.out.replace("\n", "")
    assert "\x1b" not in shown and "\x9b" not in shown


def test_no_text_of_a_list_or_a_name_reaches_the_terminal_as_a_command(
    run_main: Main, tmp_path: Path, capsys: Any
) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("code\n\x1b[2JX\nC0001\nRRP\n")
    assert run_main("check", listed, "--data-root", nasty_set()) == 5
    assert run_main("find", "C0001", "--data-root", nasty_set()) == 0
    printed = capsys.readouterr().out
    assert not set(printed) & {"\x1b", "\x9b", "\u202e"}


def test_a_name_of_a_megabyte_is_complete_everywhere(run_main: Main, tmp_path: Path, capsys: Any) -> None:
    for table in ("tables/organisations", "history/organisations", "marts/organisation_status"):
        frame = pl.read_parquet(nasty_set() / f"{table}.parquet").filter(ods_code="N0001")
        assert frame["name"].to_list() == [LONG_NAME]
    assert run_main("find", "N0001", "--data-root", nasty_set()) == 0
    assert LONG_NAME in capsys.readouterr().out
    listed, out = tmp_path / "list.csv", tmp_path / "out.csv"
    listed.write_text("code\nN0001\n")
    assert run_main("check", listed, "--out", out, "--data-root", nasty_set()) == 0
    csv.field_size_limit(2_000_000)
    try:
        (row,) = csv.DictReader(io.StringIO(out.read_text()))
    finally:
        csv.field_size_limit(131_072)
    assert row["name"] == LONG_NAME


@pytest.mark.parametrize("command", ["check", "changes"])
def test_no_cell_of_an_export_is_a_formula(run_main: Main, tmp_path: Path, command: str) -> None:
    out = tmp_path / "out.csv"
    if command == "check":
        listed = tmp_path / "list.csv"
        listed.write_text(
            "code\n" + "\n".join(f"F{n:04d}" for n in range(len(FORMULAS))) + "\n=1+1\n＝1+1\n\t@x\n"
        )
        assert run_main("check", listed, "--out", out, "--data-root", nasty_set()) == 5
    else:
        assert run_main("changes", "--since", "2000-01-01", "--csv", out, "--data-root", nasty_set()) == 0
    csv.field_size_limit(2_000_000)  # a name of the set is that long
    try:
        cells = [c for row in csv.reader(io.StringIO(out.read_text())) for c in row]
    finally:
        csv.field_size_limit(131_072)
    assert len(cells) > 10
    assert not [c for c in cells if c.lstrip()[:1] in set("=+-@\t\r＝＋－＠")]
    if command == "check":
        assert {f"'{text}" for text in FORMULAS} <= set(cells), "kept as text, with an apostrophe in front"


@pytest.mark.parametrize("known", ["0001-01-01", "9999-12-31"])
def test_days_at_the_ends_of_the_calendar_are_accepted(run_main: Main, tmp_path: Path, known: str) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("code\nX01\nX03\nX0101\n")
    assert run_main("show", "X01", "--as-of", known, "--data-root", nasty_set()) == 0
    # Nothing is known of the register on either day, and that is reported.
    assert run_main("show", "X01", "--known", known, "--data-root", nasty_set()) == 1
    assert run_main("check", listed, "--on", known, "--data-root", nasty_set()) in (0, 5)
    assert run_main("changes", "--since", known, "--data-root", nasty_set()) == 0


def test_an_impossible_path_of_a_list_is_an_error(run_main: Main) -> None:
    for path in ("a\0b.csv", "x" * 5000, "/dev/null", "."):
        try:
            assert run_main("check", path, "--data-root", nasty_set()) in (1, 2)
        except OdsError:  # pragma: no cover
            pytest.fail("main() must catch errors for people")
