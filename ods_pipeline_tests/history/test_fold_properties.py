"""fold.py against a slow oracle, on captures made at random; and its outcome never depends on their order."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline.flatten.flat import NOTICE_SCHEMA, Flat
from ods_pipeline.history.deletions import deletions_of
from ods_pipeline.history.fold import effects_of, fold, known_from, winners_of
from ods_pipeline.history.observations import Observed, observe
from ods_pipeline_tests.builders import Held, make_record, notice, stub_of
from ods_pipeline_tests.history.oracle import Capture, Seen, Verdict, codes_of, verdict

CODES = ["A", "B", "C"]
FIRST = date(2026, 8, 20)
DAYS = st.integers(0, 3).map(lambda n: FIRST + timedelta(n))
SEEN = st.dictionaries(
    st.sampled_from(CODES), st.builds(Seen, st.sampled_from("xyz"), st.booleans()), max_size=3
)
SOME = st.frozensets(st.sampled_from(CODES), max_size=2)
NOTICES = st.frozensets(st.tuples(st.sampled_from(CODES), DAYS), max_size=2)
DELTAS = st.builds(Capture, DAYS, st.just(True), st.integers(0, 2), SEEN, NOTICES, SOME, SOME)
RELEASES = st.builds(
    Capture, DAYS, st.just(False), st.just(0), SEEN, quarantined=SOME, codeless=st.booleans()
)
CAPTURES = st.lists(RELEASES | DELTAS, min_size=1, max_size=7, unique_by=lambda c: c.rank)

SCHEMA = {
    "ods_code": pl.String,
    "name": pl.String,
    "primary_role_id": pl.String,
    "ref_only": pl.Boolean,
    "last_change_date": pl.Date,
    "content_hash": pl.UInt64,
    "fax_hash": pl.UInt64,
    "capture_id": pl.String,
    "seq": pl.Int64,
    "as_of": pl.Date,
    "is_release": pl.Boolean,
    "is_xml": pl.Boolean,
}


def observed(captures: list[Capture]) -> Observed:
    """The captures as `observe` would give them."""
    numbered = list(enumerate(sorted(captures, key=lambda c: c.rank)))
    seen = [
        (
            code,
            s.content,
            "RO1",
            s.stub,
            None,
            ord(s.content),
            None,
            f"{seq}",
            seq,
            c.day,
            not c.is_delta,
            not c.is_delta,
        )
        for seq, c in numbered
        for code, s in c.seen.items()
        if code not in c.gone | c.quarantined
    ]
    told = [
        (code, "RO1", day, 3, "X", "ord_notifications", seq) for seq, c in numbered for code, day in c.notices
    ]
    gone = [
        (code, None, c.day, None, "HTTP 404", "gone_from_api", seq) for seq, c in numbered for code in c.gone
    ]
    aside = [(code, seq) for seq, c in numbered for code in [*c.quarantined, *([None] if c.codeless else [])]]
    return Observed(
        captures=pl.DataFrame(),
        seen=pl.DataFrame(seen, schema=SCHEMA, orient="row"),
        notices=pl.DataFrame(told + gone, schema={**NOTICE_SCHEMA, "seq": pl.Int64}, orient="row"),
        quarantined=pl.DataFrame(aside, schema={"ods_code": pl.String, "seq": pl.Int64}, orient="row"),
        folders={},
    )


def sane(capture: Capture) -> Capture:
    """A fetch gets a record, a 404 or something unreadable for a code, and only one of them."""
    quarantined = capture.quarantined - capture.gone
    seen = {code: s for code, s in capture.seen.items() if code not in capture.gone | quarantined}
    return replace(capture, seen=seen, quarantined=quarantined)


def verdicts(
    winners: pl.DataFrame, since: pl.DataFrame, deletions: pl.DataFrame, codes: set[str]
) -> dict[str, Verdict]:
    content = {code: chr(h) for code, h in winners.select("ods_code", "content_hash").iter_rows()}
    known = dict(since.select("ods_code", "known_from").iter_rows())
    gone = {
        row[0]: row[1:] for row in deletions.select("ods_code", "deleted_on", "source", "state").iter_rows()
    }
    for code in deletions.filter(state="confirmed")["ods_code"]:
        content.pop(code, None)
    return {
        code: Verdict(content.get(code), known[code] if code in content else None, *gone.get(code, ()))
        for code in codes
    }


@settings(max_examples=150)
@given(CAPTURES)
def test_who_speaks_since_when_and_who_is_gone_agree_with_the_oracle(drawn: list[Capture]) -> None:
    captures = [sane(c) for c in drawn]
    given_ = observed(captures)
    winners = winners_of(given_.seen)
    found = verdicts(winners, known_from(given_.seen, winners), deletions_of(given_), codes_of(captures))
    assert found == {code: verdict(captures, code) for code in codes_of(captures)}


@settings(max_examples=40)
@given(CAPTURES, st.randoms(use_true_random=False))
def test_the_order_of_rows_is_nothing(drawn: list[Capture], random: Any) -> None:
    given_ = observed([sane(c) for c in drawn])

    def shuffled(frame: pl.DataFrame) -> pl.DataFrame:
        return frame[random.sample(range(frame.height), frame.height)]

    other = Observed(
        given_.captures, shuffled(given_.seen), shuffled(given_.notices), shuffled(given_.quarantined), {}
    )
    assert winners_of(other.seen).equals(winners_of(given_.seen))
    assert deletions_of(other).equals(deletions_of(given_))
    assert effects_of(other).equals(effects_of(given_))


# --- the whole fold, on captures that were written, flattened and stored ------------------------------------


def record(code: str, seen: Seen) -> dict[str, Any]:
    whole = make_record(code, Name=seen.content)
    return stub_of(whole) if seen.stub else whole


def day(number: int) -> date:
    return FIRST + timedelta(number)


MENU = [
    Capture(day(0), False, seen={"A": Seen("x"), "B": Seen("x"), "C": Seen("x", stub=True)}),
    Capture(day(5), False, seen={"A": Seen("y"), "C": Seen("x")}),
    Capture(day(9), False, seen={"B": Seen("x"), "C": Seen("y", stub=True)}),
    Capture(day(0), True, 4, seen={"A": Seen("z"), "B": Seen("z")}),
    Capture(day(0), True, 9, seen={"A": Seen("y")}, notices=frozenset({("B", day(0))})),
    Capture(day(5), True, 4, seen={"B": Seen("z", stub=True), "D": Seen("x")}, gone=frozenset("C")),
    Capture(day(7), True, 4, seen={"C": Seen("z")}, notices=frozenset({("A", day(6)), ("E", day(1))})),
    Capture(day(9), True, 4, seen={"A": Seen("x")}),
]


@pytest.fixture(scope="module")
def menu(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The captures of MENU as flat folders, in the same order."""
    held = Held(tmp_path_factory.mktemp("menu"))
    folders = []
    for c in MENU:
        records = [record(code, seen) for code, seen in c.seen.items()]
        if c.is_delta:
            gone = [make_record(code) for code in sorted(c.gone)]
            told = [notice(code, str(when)) for code, when in sorted(c.notices)]
            folders.append(
                held.delta(records, f"{c.day:%Y%m%d}T{c.time:02}0000Z", notifications=told, gone=gone)
            )
        else:
            folders.append(held.release(records, published=str(c.day), released=str(c.day + timedelta(7))))
    return folders


@settings(max_examples=25)
@given(st.data())
def test_any_captures_in_any_order_give_what_the_oracle_says(menu: list[Path], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(range(len(MENU))), min_size=1, unique=True))
    if not any(n < 3 for n in chosen):
        chosen.append(data.draw(st.integers(0, 2)))
    captures = [MENU[n] for n in chosen]
    register = fold(observe([menu[n] for n in chosen]))
    organisations = register.frames["organisations"].with_columns(
        pl.col("name").map_elements(ord, return_dtype=pl.UInt64).alias("content_hash")
    )
    found = verdicts(organisations, organisations, register.frames["deletions"], codes_of(captures))
    assert found == {code: verdict(captures, code) for code in codes_of(captures)}
    again = fold(observe([menu[n] for n in sorted([*chosen, *chosen])]))
    assert [name for name, frame in again.frames.items() if not frame.equals(register.frames[name])] == []
    assert again.effects.equals(register.effects)
    assert again.as_of == register.as_of == max(c.day for c in captures)


@settings(max_examples=6)
@given(order=st.permutations(range(7)))
def test_the_sample_folds_to_the_same_register_in_any_order(
    sample_flats: list[Flat], tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    held = Held(tmp_path_factory.mktemp("sample"))
    folders = [held.add(flat) for flat in sample_flats]
    wanted = fold(observe(folders))
    register = fold(observe([folders[n] for n in order]))
    assert [name for name, frame in register.frames.items() if not frame.equals(wanted.frames[name])] == []
    assert register.effects.equals(wanted.effects)
