"""spans.py: releases that arrive in any order give the same maximal runs."""

from collections.abc import Sequence

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.history.spans import SAME, cut, joined, split_for

Row = tuple[str, int, int, int]  # code, first, last, content
SCHEMA = {
    "ods_code": pl.String,
    "first": pl.Int64,
    "last": pl.Int64,
    "content_hash": pl.Int64,
    "published_in": pl.String,
    "ref_only": pl.Boolean,
    "is_xml": pl.Boolean,
    "is_partial": pl.Boolean,
    "last_change_date": pl.Date,
    "fax_hash": pl.Int64,
}
# What each release shows of two codes: a content, or None.
RELEASES = st.lists(
    st.fixed_dictionaries({"A": st.sampled_from([None, 1, 2]), "B": st.sampled_from([None, 1])}),
    min_size=1,
    max_size=7,
)


def spans(rows: Sequence[Row]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["ods_code", "first", "last", "content_hash"], orient="row")
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in frame.columns]
    return frame.with_columns(missing).select(list(SCHEMA)).cast(SCHEMA)


def rows_of(frame: pl.DataFrame) -> list[Row]:
    return sorted(frame.select("ods_code", "first", "last", "content_hash").rows())


def slow(releases: Sequence[dict[str, int | None]]) -> list[Row]:
    """Return maximal runs, computed row by row."""
    runs: list[list] = []
    for code in ("A", "B"):
        for n, release in enumerate(releases):
            content = release[code]
            if content is not None and runs and runs[-1] == [code, runs[-1][1], n - 1, content]:
                runs[-1][2] = n
            elif content is not None:
                runs.append([code, n, n, content])
    return sorted(tuple(row) for row in runs)


@given(RELEASES, st.randoms(use_true_random=False))
def test_releases_that_arrive_in_any_order_give_the_same_runs(releases: list, chance) -> None:
    waiting = list(range(len(releases)))
    chance.shuffle(waiting)
    held: list[int] = []
    runs = spans([])
    while waiting:
        count = chance.randint(1, len(waiting))
        new, waiting = waiting[:count], waiting[count:]
        before, held = held, sorted([*held, *new])
        ordinal = {before_n: held.index(release) for before_n, release in enumerate(before)}
        moved = pl.col("first", "last").replace_strict(ordinal, return_dtype=pl.Int64)
        runs = runs.with_columns(moved) if before else runs
        added = [
            (code, held.index(n), held.index(n), content)
            for n in new
            for code, content in releases[n].items()
            if content is not None
        ]
        split = split_for(runs, [held.index(n) for n in new])
        runs = joined(pl.concat([split, spans(added)]))
    assert rows_of(runs) == slow(releases)


def test_rows_are_equal_only_if_every_compared_column_is() -> None:
    whole = spans([("A", 0, 0, 1), ("A", 1, 1, 1)])
    assert joined(whole).height == 1
    values = {"published_in": "full", "content_hash": 9, "fax_hash": 9}
    values |= dict.fromkeys(("ref_only", "is_xml", "is_partial"), True)
    for name in SAME:
        value = pl.lit(values.get(name), SCHEMA[name]) if name in values else pl.date(2026, 8, 1)
        other = whole.with_columns(pl.when(pl.col("first") == 1).then(value).otherwise(name).alias(name))
        assert joined(other).height == 2, name


def test_a_cut_outside_a_span_leaves_it_unchanged() -> None:
    rows = [("A", 0, 5, 1), ("A", 7, 9, 2), ("B", 0, 9, 1)]
    cuts = pl.DataFrame({"ods_code": ["A", "A", "A", "C"], "cut": [2, 3, 9, 1]})
    assert rows_of(cut(spans(rows), cuts)) == [
        ("A", 0, 2, 1),
        ("A", 3, 3, 1),
        ("A", 4, 5, 1),
        ("A", 7, 9, 2),
        ("B", 0, 9, 1),
    ]
