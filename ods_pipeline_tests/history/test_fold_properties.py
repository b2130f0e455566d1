"""History against a slow oracle, on captures made at random: what it says never depends on their order, nor
on what was published in between."""

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
from ods_pipeline_tests.support.history.at_random import Mill
from ods_pipeline_tests.support.history.made import observed, versions_found, versions_held, write_capture

SEEDS = st.integers(0, 100_000)


def deletions_found(frame: pl.DataFrame) -> dict[str, tuple[date, str, str]]:
    columns = ["ods_code", "deleted_on", "source", "state"]
    return {code: (day, source, state) for code, day, source, state in frame.select(columns).iter_rows()}


def state_after(register: Register) -> State:
    """The state that publishing this register leaves."""
    return State({id_: register.frames[id_] for id_ in [*(t.id for t in HISTORY), *KEPT]})


def folded_in_steps(folders: list[Path], chance: Random) -> Register:
    """Captures arrive in any order, some together and some twice; each time what is held is published. A
    release comes with the first."""
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


def differing(one: Register, other: Register) -> list[str]:
    differ = [name for name in one.frames if not one.frames[name].equals(other.frames[name])]
    return [*differ, *(["effects"] if not one.effects.equals(other.effects) else [])]


@pytest.mark.promise("audited")
@settings(max_examples=150)
@given(SEEDS)
def test_versions_and_deletions_agree_with_the_oracle(seed: int) -> None:
    captures = Mill(codes=3, days=5, captures=8).make(seed)
    found, gone = versions_found(observed(captures)), deletions_found(deletions_of(observed(captures)))
    for code in codes_of(captures):
        assert found.get(code, []) == versions(captures, code)
        assert gone.get(code) == deletion(captures, code)


@pytest.mark.promise("as_of_then")
@settings(max_examples=60)
@given(SEEDS)
def test_the_register_of_each_day_is_what_the_captures_of_that_day_say(seed: int) -> None:
    """Intervals follow each other; a code has a version on each day it was seen, as it was seen."""
    captures = Mill(codes=4, days=6, captures=9).make(seed)
    found = versions_found(observed(captures))
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
                for v in found[code]
                if v.known_from <= capture.day and (v.known_to is None or capture.day < v.known_to)
            ]
            gone_that_day = [v for v in found[code] if v.known_to == capture.day and v.gone_by]
            assert len(holding) == 1 or (gone_that_day and not holding)
            assert holding or later_release or (code, capture.day) in {n for c in captures for n in c.notices}
            if holding and not capture.seen[code].stub:
                assert holding[0].words == capture.seen[code].words
    for life in found.values():
        ends = [v.known_to for v in life[:-1]]
        assert all(end is not None and end <= v.known_from for end, v in zip(ends, life[1:], strict=True))


@settings(max_examples=25)
@given(SEEDS)
def test_the_order_of_rows_is_nothing(seed: int) -> None:
    given_ = observed(Mill(codes=3, days=4, captures=7).make(seed))
    chance = Random(seed)

    def shuffled(frame: pl.DataFrame) -> pl.DataFrame:
        return frame[chance.sample(range(frame.height), frame.height)]

    other = Observed(
        given_.order,
        shuffled(given_.runs),
        shuffled(given_.notices),
        shuffled(given_.quarantined),
        None,
        {},
        given_.fresh,
    )
    assert versions_of(pieces_of(other)).equals(versions_of(pieces_of(given_)))
    assert deletions_of(other).equals(deletions_of(given_))


@pytest.mark.promise("as_of_then")
@settings(max_examples=12)
@given(SEEDS)
def test_any_order_of_arrival_gives_the_same_history(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    captures = Mill(codes=3, days=5, captures=8).make(seed)
    if not any(c.seen for c in captures):
        return
    root = DataRoot(tmp_path_factory.mktemp("made") / "data")
    folders = [write_capture(root, c) for c in captures]
    whole = fold(observe(folders))
    for _ in range(2):
        assert differing(folded_in_steps(folders, Random(seed)), whole) == []


def test_three_thousand_codes_agree_with_the_oracle_whatever_the_order_of_arrival(tmp_path: Path) -> None:
    """Contents and all, through flat folders, with every case there is."""
    captures = Mill(codes=3000, days=12, captures=14).make(20)
    root = DataRoot(tmp_path / "data")
    folders = [write_capture(root, c) for c in captures]
    whole = fold(observe(folders))
    assert differing(folded_in_steps(folders, Random(1)), whole) == []
    found, gone = versions_held(whole.frames), deletions_found(whole.frames["deletions"])
    told = codes_of(captures)
    assert {code: found.get(code, []) for code in told} == {code: versions(captures, code) for code in told}
    assert {code: gone.get(code) for code in told} == {code: deletion(captures, code) for code in told}
    standing = {code for code, life in found.items() if life[-1].known_to is None}
    assert set(whole.frames["organisations"]["ods_code"]) == standing
    assert min(map(len, (standing, gone, found.keys() - standing))) > 100, "no case is left out"


@settings(max_examples=4)
@given(seed=SEEDS)
def test_the_sample_folds_to_the_same_history_in_any_order(
    sample_flats: list[Flat], tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    held = Held(tmp_path_factory.mktemp("sample"))
    folders = [held.add(flat) for flat in sample_flats]
    assert differing(folded_in_steps(folders, Random(seed)), fold(observe(folders))) == []
