"""History compared with a slow oracle, on random captures.

History never depends on the order in which captures arrive, nor on what was published in between.
"""

from datetime import date
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.flat import Flat
from ods_pipeline.history.deletions import deletions_of
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import Observed, observe
from ods_pipeline.history.presence import pieces_of
from ods_pipeline.history.state import KEPT, State
from ods_pipeline.history.versions import versions_of
from ods_pipeline.schema import HISTORY
from ods_pipeline_tests.oracles.history import codes_of, deletion, versions
from ods_pipeline_tests.support.builders import Held
from ods_pipeline_tests.support.history.oracle_captures import (
    folded_versions,
    observed,
    published_versions,
    write_capture,
)
from ods_pipeline_tests.support.history.random_captures import CaptureGenerator
from ods_pipeline_tests.support.times import TIMES

SEEDS = st.integers(0, 100_000)


def deletions_by_code(frame: pl.DataFrame) -> dict[str, tuple[date, str, str]]:
    columns = ["ods_code", "deleted_on", "source", "state"]
    return {code: (day, source, state) for code, day, source, state in frame.select(columns).iter_rows()}


def state_after(register: Register) -> State:
    """Return the state that a build with this register leaves."""
    return State({id_: register.frames[id_] for id_ in [*(t.id for t in HISTORY), *KEPT]})


def folded_in_steps(folders: list[Path], chance: Random) -> Register:
    """Fold captures that arrive in random order, some together and some twice, with a build after each step.

    The first to arrive is a release.
    """
    waiting = sorted(folders, key=lambda f: (not f.name.startswith("release"), chance.random()))
    waiting = waiting[:1] + chance.sample(waiting[1:], len(waiting) - 1)
    arrived: list[Path] = []
    state = None
    while True:
        count = chance.randint(1, 3)
        arrived, waiting = arrived + waiting[:count], waiting[count:]
        register = fold(observe([*arrived, arrived[0]], state))
        if not waiting:
            return register
        state = state_after(register)


def differing(first: Register, second: Register) -> list[str]:
    differ = [name for name in first.frames if not first.frames[name].equals(second.frames[name])]
    return [*differ, *(["effects"] if not first.effects.equals(second.effects) else [])]


@pytest.mark.promise("audited")
@settings(max_examples=40 * TIMES)
@given(SEEDS)
def test_versions_and_deletions_agree_with_the_oracle(seed: int) -> None:
    captures = CaptureGenerator(codes=3, days=5, captures=8).make(seed)
    folded, gone = folded_versions(observed(captures)), deletions_by_code(deletions_of(observed(captures)))
    for code in codes_of(captures):
        assert folded.get(code, []) == versions(captures, code)
        assert gone.get(code) == deletion(captures, code)


@pytest.mark.promise("as_of_then")
@settings(max_examples=40 * TIMES)
@given(SEEDS)
def test_the_register_of_each_day_is_what_the_captures_of_that_day_show(seed: int) -> None:
    """Check that intervals do not overlap, and that a code has the version that was seen on each day."""
    captures = CaptureGenerator(codes=4, days=6, captures=9).make(seed)
    folded = folded_versions(observed(captures))
    for capture in captures:
        outranked = {
            code
            for c in captures
            if c.day == capture.day and c.rank > capture.rank
            for code in [*c.seen, *c.quarantined]
        }
        later_release = any(
            c.day == capture.day and not c.is_delta and c.seen and c.rank > capture.rank for c in captures
        )
        for code in capture.seen.keys() - outranked:
            holding = [
                v
                for v in folded[code]
                if v.known_from <= capture.day and (v.known_to is None or capture.day < v.known_to)
            ]
            gone_that_day = [v for v in folded[code] if v.known_to == capture.day and v.gone_by]
            assert len(holding) == 1 or (gone_that_day and not holding)
            assert holding or later_release or (code, capture.day) in {n for c in captures for n in c.notices}
            if holding and not capture.seen[code].stub:
                assert holding[0].content == capture.seen[code].compared
    for life in folded.values():
        ends = [v.known_to for v in life[:-1]]
        assert all(end is not None and end <= v.known_from for end, v in zip(ends, life[1:], strict=True))


@settings(max_examples=15)
@given(SEEDS)
def test_the_order_of_rows_makes_no_difference(seed: int) -> None:
    observations = observed(CaptureGenerator(codes=100, days=6, captures=10).make(seed))
    chance = Random(seed)

    def shuffled(frame: pl.DataFrame) -> pl.DataFrame:
        return frame[chance.sample(range(frame.height), frame.height)]

    other = Observed(
        observations.order,
        shuffled(observations.runs),
        shuffled(observations.notices),
        shuffled(observations.quarantined),
        None,
        {},
        observations.fresh,
        {},
    )
    assert versions_of(pieces_of(other)).equals(versions_of(pieces_of(observations)))
    assert deletions_of(other).equals(deletions_of(observations))


@pytest.mark.promise("as_of_then")
@settings(max_examples=6)
@given(SEEDS)
@pytest.mark.slow
def test_any_order_of_arrival_gives_the_same_history(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    captures = CaptureGenerator(codes=3, days=5, captures=8).make(seed)
    if not any(c.seen for c in captures):
        return
    root = DataRoot(tmp_path_factory.mktemp("made") / "data")
    folders = [write_capture(root, c) for c in captures]
    whole = fold(observe(folders))
    for _ in range(2):
        assert differing(folded_in_steps(folders, Random(seed)), whole) == []


@pytest.mark.slow
def test_three_thousand_codes_agree_with_the_oracle_whatever_the_order_of_arrival(tmp_path: Path) -> None:
    """Check whole contents, through flat folders, with every case there is."""
    captures = CaptureGenerator(codes=3000, days=12, captures=14).make(20)
    root = DataRoot(tmp_path / "data")
    folders = [write_capture(root, c) for c in captures]
    whole = fold(observe(folders))
    assert differing(folded_in_steps(folders, Random(1)), whole) == []
    published, gone = published_versions(whole.frames), deletions_by_code(whole.frames["deletions"])
    codes = codes_of(captures)
    assert {code: published.get(code, []) for code in codes} == {c: versions(captures, c) for c in codes}
    assert {code: gone.get(code) for code in codes} == {code: deletion(captures, code) for code in codes}
    current = {code for code, life in published.items() if life[-1].known_to is None}
    assert set(whole.frames["organisations"]["ods_code"]) == current
    assert min(map(len, (current, gone, published.keys() - current))) > 100, "no case is left out"


@settings(max_examples=4)
@given(seed=SEEDS)
@pytest.mark.slow
def test_the_sample_folds_to_the_same_history_in_any_order(
    sample_flats: list[Flat], tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    held = Held(tmp_path_factory.mktemp("sample"))
    folders = [held.add(flat) for flat in sample_flats]
    assert differing(folded_in_steps(folders, Random(seed)), fold(observe(folders))) == []
