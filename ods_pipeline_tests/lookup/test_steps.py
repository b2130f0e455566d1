"""Queries made of several files: each file is a step, and says what goes in and what comes out."""

from importlib import resources

import pytest

from ods_pipeline.lists import judging
from ods_pipeline.lookup.steps import with_steps
from ods_pipeline.reconcile import comparing

QUERIES = [("lists", judging._STEPS), ("reconcile", comparing._STEPS)]


@pytest.mark.parametrize(("room", "steps"), QUERIES, ids=[room for room, _ in QUERIES])
def test_every_file_is_a_step_and_says_what_goes_in_and_comes_out(room: str, steps: tuple[str, ...]) -> None:
    files = {file.name: file for file in (resources.files(f"ods_pipeline.{room}") / "steps").iterdir()}
    assert sorted(files) == sorted(f"{step}.sql" for step in steps)
    for name, file in files.items():
        opening = " ".join(file.read_text(encoding="utf-8").split("\n\n", 1)[0].split("\n-- "))
        assert " In: " in opening and " Out: " in opening, name


def test_each_step_is_a_table_for_those_after_it() -> None:
    sql = with_steps("lists", ("codes", "unknown"))
    first, second = sql.index("WITH codes AS MATERIALIZED ("), sql.index("),\nunknown AS MATERIALIZED (")
    assert first == 0 < second < sql.index("FROM codes")
