"""Every case of `ods-data/cases`: reported in public by people who work with the register.

A case that needs a register of its own is slow; tests of the marts have the same values on composed rows.
"""

import csv
import re
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support.cases import build_case, case, list_file
from ods_pipeline_tests.support.rooms import REPOSITORY, sample_root
from ods_pipeline_tests.support.running import Main

Captured = pytest.CaptureFixture[str]
# Those that the sample and the docs can answer.
READY = (
    "05s-frimley-in-the-sample",
    "07s-ccgs-in-the-sample",
    "13d-default-codes",
    "24-dormant",
    "28-codes-of-other-systems",
)
COMPOSED = (
    "01-pcn-move-ahead",
    "06-merged-without-end",
    "11-length-of-codes",
    "15-replaced-at-the-same-place",
    "17c-former-name",
    "18-other-countries-no-postcode",
    "21-hub-commissioned",
    "22-no-sub-icb-between",
    "23b-new-contract-same-shop",
    "26-rows-doubled-by-roles",
    "27-proposed",
)
# What the real register has where a case asks it: one of many dental surgeries.
_DENTAL = {"name": "DENTAL SURGERY", "roles": ["RO110"], "op": ["2006-04-01", None]}
_OF_THE_REAL_REGISTER = [
    {**_DENTAL, "code": code, "at": {"Town": town, "PostCode": postcode}}
    for code, town, postcode in (
        ("V05353", "DUKINFIELD", "SK16 4DB"),
        ("V00001", "LEEDS", "LS1 1AA"),
        ("V00002", "HYDE", "SK14 1AA"),
        ("V00003", "DUKINFIELD HILL", "OL7 1AA"),
    )
]


def in_words(value: object) -> object:
    return str(value) if isinstance(value, date) else value


def sql_holds(root: DataRoot, ask: dict[str, Any]) -> None:
    with closing(duckdb.connect(str(root.path / "ods.duckdb"), read_only=True)) as connection:
        rows = [[in_words(value) for value in row] for row in connection.sql(ask["sql"]).fetchall()]
    if "want" in ask:
        assert rows == ask["want"], ask.get("say")
    for row in ask.get("lacks", []):
        assert row not in rows, ask.get("say")


def command_holds(root: DataRoot, ask: dict[str, Any], run_main: Main, capsys: Captured) -> None:
    code = run_main(*ask["cli"], "--data-root", root.path)
    captured = capsys.readouterr()
    printed = " ".join((captured.out + captured.err).split())
    assert code == ask.get("rc", code), (ask["cli"], printed)
    for text in ask.get("has", []):
        assert text in printed, (ask["cli"], printed)
    for text in ask.get("lacks", []):
        assert text not in printed, (ask["cli"], printed)


def check_holds(root: DataRoot, ask: dict[str, Any], folder: Path, run_main: Main, capsys: Captured) -> None:
    """A list of codes: the columns of the row of each code, or of a line, are as wanted."""
    out = folder / "verdicts.csv"
    file = list_file(folder, ask["check"])
    run_main("check", file, *ask["check"].get("args", []), "--out", out, "--data-root", root.path)
    capsys.readouterr()
    with out.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for which, wanted in ask["want"].items():
        (row, *_) = [row for row in rows if which in (row["given"], row["code"], f"line {row['line']}")]
        for column, value in wanted.items():
            if column.endswith("~"):
                assert value in row[column.removesuffix("~")], (which, row)
            else:
                assert row[column] == value, (which, row)


def holds(root: DataRoot, ask: dict[str, Any], folder: Path, run_main: Main, capsys: Captured) -> None:
    if "docs" in ask:
        text = "\n".join((REPOSITORY / name).read_text(encoding="utf-8") for name in ask["docs"])
        assert all(re.search(pattern, text) for pattern in ask["has"]), ask.get("say")
    elif "sql" in ask:
        sql_holds(root, ask)
    elif "cli" in ask:
        command_holds(root, ask, run_main, capsys)
    else:
        check_holds(root, ask, folder, run_main, capsys)


def test_every_case_is_here(shared: Path) -> None:
    assert {file.stem for file in (shared / "cases").glob("*.json")} == {*READY, *COMPOSED}


@pytest.mark.parametrize("name", READY)
def test_a_case_of_the_sample_and_the_docs(
    shared: Path, tmp_path: Path, name: str, run_main: Main, capsys: Captured
) -> None:
    for ask in case(shared, name)["asks"]:
        holds(sample_root(), ask, tmp_path, run_main, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPOSED)
def test_a_case_with_a_register_of_its_own(
    shared: Path, tmp_path: Path, name: str, run_main: Main, capsys: Captured
) -> None:
    content = case(shared, name)
    if any(ask.get("on") == "real" for ask in content["asks"]):
        content["releases"][0]["full"] += _OF_THE_REAL_REGISTER
    for day in sorted({ask.get("today", "") for ask in content["asks"]}):
        asks = [ask for ask in content["asks"] if ask.get("today", "") == day]
        today = date.fromisoformat(day) if day else None
        for world, root in build_case(tmp_path / f"day-{day}", content, today):
            for number, ask in enumerate(asks):
                place = sample_root() if ask.get("on") == "sample" else root
                folder = tmp_path / f"{day}-{world}-{number}"
                folder.mkdir()
                holds(place, ask, folder, run_main, capsys)
