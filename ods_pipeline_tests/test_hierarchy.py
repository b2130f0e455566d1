"""provider_hierarchy_current against a slow oracle: on the sample, on small registers, and on random ones."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ods_pipeline.marts.build import hierarchy_rules
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.marts import KINDS
from ods_pipeline_tests.oracle import Oracle
from ods_pipeline_tests.rooms import sample_root
from ods_pipeline_tests.small_registers import Body, body, link, mart_on, write

TODAY = date(2026, 9, 4)
DAYS = [date(2024, 6, 30), date(2026, 3, 31), date(2026, 4, 1), TODAY, date(2026, 10, 1)]


@pytest.fixture(scope="module")
def sample() -> Path:
    return sample_root().path


def hierarchy(build: Path, today: date = TODAY) -> dict[str, Body]:
    """The mart by code, after it has been compared with the oracle."""
    frame = mart_on("provider_hierarchy_current", build, today)
    assert_frame_equal(frame, Oracle(build, today).hierarchy())
    return {row["ods_code"]: row for row in frame.to_dicts()}


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_the_hierarchy_of_the_sample_is_the_oracle_s(sample: Path, today: date) -> None:
    found = hierarchy(sample, today)
    assert len(found) == 356
    assert {row["kind"] for row in found.values()} < set(KINDS)
    assert sum(row["icb_code"] is not None for row in found.values()) > 100


def test_the_hierarchy_changes_with_the_day(sample: Path) -> None:
    icbs = {day: hierarchy(sample, day)["RQW"]["icb_code"] for day in DAYS[1:3]}
    assert icbs == {DAYS[1]: "QM7", DAYS[2]: "D7T5G"}
    pcns = {day: hierarchy(sample, day)["Y99903"]["pcn_code"] for day in DAYS[3:]}
    assert pcns == {TODAY: "U90001", DAYS[4]: "U90002"}


def test_two_open_links_of_the_sample_are_ambiguous(sample: Path) -> None:
    assert [
        c for c, row in hierarchy(sample).items() if row["kind"] == "gp_practice" and row["is_ambiguous"]
    ] == ["Y99904"]


def test_every_rule_has_a_citation_and_a_level_of_the_mart() -> None:
    rules = hierarchy_rules()
    assert rules["citation"].str.len_chars().min() > 10
    levels = {f"{level}_code" for level in rules["level"]}
    assert levels <= set(TABLES["provider_hierarchy_current"].columns)
    assert rules.select("level", "child_role", "rel_id", "parent_role").is_unique().all()


def test_an_operator_chain_is_followed_to_its_top(tmp_path: Path) -> None:
    bodies = [body("V1", "RO101"), body("V2", "RO104"), body("V3", "RO104")]
    found = hierarchy(write(tmp_path, bodies, [link("V1", "RE6", "V2"), link("V2", "RE6", "V3")]))
    assert [found[c]["operator_code"] for c in ("V1", "V2", "V3")] == ["V2", "V3", None]
    assert [found[c]["provider_code"] for c in ("V1", "V2", "V3")] == ["V3", "V3", "V3"]


def test_a_cycle_of_operators_ends(tmp_path: Path) -> None:
    bodies = [body("V1", "RO104"), body("V2", "RO104"), body("V3", "RO101"), body("V4", "RO101")]
    links = [
        link("V1", "RE6", "V2"),
        link("V2", "RE6", "V1"),
        link("V3", "RE6", "V1"),
        link("V4", "RE6", "V4"),
    ]
    found = hierarchy(write(tmp_path, bodies, links))
    providers = {code: row["provider_code"] for code, row in found.items()}
    assert providers == {"V1": "V2", "V2": "V1", "V3": "V2", "V4": "V4"}


def test_of_two_open_pcn_links_the_later_start_wins_and_is_flagged(tmp_path: Path) -> None:
    bodies = [body("P1", "RO177"), body("U1", "RO272"), body("U2", "RO272")]
    links = [link("P1", "RE8", "U2", "2020-07-01"), link("P1", "RE8", "U1", "2023-07-01")]
    row = hierarchy(write(tmp_path, bodies, links))["P1"]
    assert (row["pcn_code"], row["is_ambiguous"]) == ("U1", True)


def test_one_parent_held_twice_is_not_ambiguous(tmp_path: Path) -> None:
    bodies = [body("P1", "RO177"), body("U1", "RO272")]
    links = [link("P1", "RE8", "U1", "2020-07-01"), link("P1", "RE8", "U1", "2023-07-01")]
    row = hierarchy(write(tmp_path, bodies, links))["P1"]
    assert (row["pcn_code"], row["is_ambiguous"]) == ("U1", False)


@pytest.mark.parametrize(("today", "pcn"), [("2026-09-30", "U1"), ("2026-10-01", "U2")])
def test_a_future_link_does_not_show_and_an_ended_one_never_wins(
    tmp_path: Path, today: str, pcn: str
) -> None:
    bodies = [body("P1", "RO177"), body("U1", "RO272"), body("U2", "RO272")]
    links = [link("P1", "RE8", "U1", "2020-07-01", "2026-09-30"), link("P1", "RE8", "U2", "2026-10-01")]
    row = hierarchy(write(tmp_path, bodies, links), date.fromisoformat(today))["P1"]
    assert (row["pcn_code"], row["is_ambiguous"]) == (pcn, False)


@pytest.mark.parametrize("role", ["RO98", "RO261"])
def test_a_commissioner_is_never_an_operator(tmp_path: Path, role: str) -> None:
    bodies = [body("S1", "RO198"), body("R1", "RO197"), body("Q1", role)]
    links = [
        link("S1", "RE6", "R1", "2015-04-01"),
        link("S1", "RE6", "Q1", "2020-04-01"),
        link("R1", "RE6", "Q1"),
    ]
    found = hierarchy(write(tmp_path, bodies, links))
    assert [found[c]["operator_code"] for c in ("S1", "R1")] == ["R1", None]
    assert [found[c]["provider_code"] for c in ("S1", "R1")] == ["R1", "R1"]
    assert not found["S1"]["is_ambiguous"]


def test_the_commissioner_s_icb_comes_before_partner_and_geography(tmp_path: Path) -> None:
    icbs = [body("Q1", "RO261"), body("Q2", "RO261"), body("Y1", "RO209"), body("C1", "RO98")]
    bodies = [*icbs, body("P1", "RO177"), body("R1", "RO197"), body("S1", "RO198"), body("R2", "RO197")]
    links = [
        link("P1", "RE4", "C1"),
        link("C1", "RE5", "Q1"),
        link("P1", "RE5", "Q2"),
        link("Q1", "RE2", "Y1"),
    ]
    links += [
        link("R1", "RE8", "Q1"),
        link("R1", "RE5", "Q2"),
        link("S1", "RE6", "R1"),
        link("R2", "RE5", "Q2"),
    ]
    found = hierarchy(write(tmp_path, bodies, links))
    told = {code: (row["icb_code"], row["icb_basis"], row["region_code"]) for code, row in found.items()}
    partner, geography = ("Q1", "partner", "Y1"), ("Q2", "geography", None)
    assert told == {"P1": ("Q1", "commissioner", "Y1"), "R1": partner, "S1": partner, "R2": geography}


def test_a_preferred_relationship_beats_a_later_start(tmp_path: Path) -> None:
    bodies = [body("P1", "RO177"), body("C1", "RO98"), body("Q1", "RO261"), body("Q2", "RO261")]
    links = [
        link("P1", "RE4", "C1"),
        link("C1", "RE5", "Q1", "2015-04-01"),
        link("C1", "RE2", "Q2", "2023-04-01"),
    ]
    row = hierarchy(write(tmp_path, bodies, links))["P1"]
    assert (row["commissioning_icb_code"], row["is_ambiguous"]) == ("Q1", False)


def days(around: int) -> st.SearchStrategy[date]:
    return st.integers(-around, around).map(lambda n: TODAY + timedelta(days=n))


ROLES = ("RO197", "RO198", "RO177", "RO272", "RO98", "RO261", "RO209", "RO104", "RO101")
CODES = [f"X{n}" for n in range(8)]
LINKS = st.builds(
    lambda code, rel, to, start, length: {
        **link(code, rel, to),
        "operational_start": start,
        "operational_end": None if length is None else start + timedelta(days=length),
    },
    st.sampled_from(CODES),
    st.sampled_from(["RE2", "RE4", "RE5", "RE6", "RE8", "RE9"]),
    st.sampled_from([*CODES, "GONE"]),
    days(2),
    st.none() | st.integers(0, 2),
)


@settings(max_examples=30)
@given(roles=st.tuples(*[st.sampled_from(ROLES)] * len(CODES)), links=st.lists(LINKS, max_size=24))
def test_the_hierarchy_of_any_register_is_the_oracle_s(roles: tuple[str, ...], links: list[Body]) -> None:
    with TemporaryDirectory() as folder:
        bodies = [body(code, role) for code, role in zip(CODES, roles, strict=True)]
        hierarchy(write(Path(folder), bodies, links))
