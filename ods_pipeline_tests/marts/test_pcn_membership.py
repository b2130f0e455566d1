"""PCN memberships and payees over time, against a slow oracle that asks day by day."""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline_tests.support.small_registers import Row, link, mart_on, organisation, write
from ods_pipeline_tests.support.times import TIMES

TODAY = date(2026, 9, 4)
FIRST = date(2020, 1, 1)
PCNS, PAYEES = ("U1", "U2"), ("P1", "P2", "R1")
BODIES = [
    organisation("P1", "RO177"),
    organisation("P2", "RO177"),
    organisation("R1", "RO197"),
    *(organisation(code, "RO272") for code in PCNS),
]


def days(length: int) -> st.SearchStrategy[date]:
    return st.integers(0, length).map(lambda n: FIRST + timedelta(days=n))


def dated(rel: str, codes: tuple[str, ...]) -> st.SearchStrategy[Row]:
    return st.builds(
        lambda code, pcn, start, length: {
            **link(code, rel, pcn),
            "operational_start": start,
            "operational_end": None if length is None else start + timedelta(days=length),
        },
        st.sampled_from(codes),
        st.sampled_from(PCNS),
        days(8),
        st.none() | st.integers(0, 4),
    )


def holder(links: list[Row], day: date, by: str, **wanted: str) -> str | None:
    """Of the links that hold on a day, the one that began last; then the first by its code."""
    holding = [
        x
        for x in links
        if all(x[k] == v for k, v in wanted.items())
        and x["operational_start"] <= day
        and (x["operational_end"] is None or x["operational_end"] >= day)
    ]
    best = max((x["operational_start"] for x in holding), default=None)
    return min((x[by] for x in holding if x["operational_start"] == best), default=None)


@settings(max_examples=5 * TIMES)
@given(
    members=st.lists(dated("RE8", ("P1", "P2")), max_size=5),
    payees=st.lists(dated("RE9", PAYEES), max_size=5),
)
def test_each_day_has_the_pcn_and_payee_of_the_oracle(members: list[Row], payees: list[Row]) -> None:
    links = [{**x, "unique_rel_id": n} for n, x in enumerate([*members, *payees], 1)]
    with TemporaryDirectory() as folder:
        result = mart_on("pcn_membership", write(Path(folder), BODIES, links), TODAY).to_dicts()
    for practice in ("P1", "P2"):
        own = [row for row in result if row["practice_code"] == practice]
        for n in range(-1, 15):
            day = FIRST + timedelta(days=n)
            rows = [
                r for r in own if r["valid_from"] <= day and (r["valid_to"] is None or r["valid_to"] > day)
            ]
            answer = [(row["pcn_code"], row["nominated_payee_code"]) for row in rows]
            pcn = holder(members, day, "target_ods_code", ods_code=practice)
            payee = pcn and holder(payees, day, "ods_code", target_ods_code=pcn)
            assert answer == ([(pcn, payee)] if pcn else [])
        for before, after in pairwise(own):
            same = [k for k in ("pcn_code", "nominated_payee_code", "is_ambiguous") if before[k] == after[k]]
            assert len(same) < 3 or before["valid_to"] < after["valid_from"], "neighbours that say the same"


def test_a_payee_that_is_stated_anew_from_the_next_day_is_one_row_and_passes_its_check(
    tmp_path: Path,
) -> None:
    links = [
        link("P1", "RE8", "U1", "2020-01-01", "2024-03-31"),
        link("P2", "RE9", "U1", "2020-01-01", "2021-12-31"),
        link("P2", "RE9", "U1", "2022-01-01"),
    ]
    (row,) = mart_on("pcn_membership", write(tmp_path, BODIES, links), TODAY).to_dicts()
    assert (row["valid_from"], row["valid_to"]) == (date(2020, 1, 1), date(2024, 4, 1))
    assert row["nominated_payee_code"] == "P2"


def one_row(folder: Path, *links: Row) -> tuple[date, date | None, str | None]:
    organisations = [{**row, "last_change_date": date(2022, 1, 1)} for row in BODIES]
    (row,) = mart_on("pcn_membership", write(folder, organisations, links), TODAY).to_dicts()
    return row["valid_from"], row["valid_to"], row["nominated_payee_code"]


def test_what_is_inactive_without_an_end_ended_with_its_record_and_passes_the_check(tmp_path: Path) -> None:
    member, payee = link("P1", "RE8", "U1", "2020-04-01"), link("P2", "RE9", "U1", "2020-04-01")
    ended = (date(2020, 4, 1), date(2022, 1, 1))
    assert one_row(tmp_path / "a", {**member, "status": "Inactive"}) == (*ended, None)
    both = one_row(tmp_path / "b", {**member, "status": "Inactive"}, {**payee, "status": "Inactive"})
    assert both == (*ended, "P2")


def test_a_membership_with_legal_dates_alone_passes_the_check(tmp_path: Path) -> None:
    legal = {"operational_start": None, "legal_start": date(2020, 4, 1)}
    member, payee = ({**link(code, rel, "U1"), **legal} for code, rel in (("P1", "RE8"), ("P2", "RE9")))
    assert one_row(tmp_path, member, payee) == (date(2020, 4, 1), None, "P2")
