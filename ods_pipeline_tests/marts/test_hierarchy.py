"""The hierarchy of small registers against a slow oracle. Of the sample: test_hierarchy_of_sample.py."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline_tests.support.hierarchies import TODAY, compared, hierarchy
from ods_pipeline_tests.support.small_registers import Row, Together, link, organisation, write

ALL = Together()


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """The hierarchy of all small registers, as the oracle has it."""
    return compared(ALL.write(tmp_path_factory.mktemp("all")))


@pytest.fixture(scope="module")
def rows(marts: dict[str, pl.DataFrame]) -> dict[str, Row]:
    return {row["ods_code"]: row for row in marts["provider_hierarchy_current"].to_dicts()}


ALL.add(
    [organisation("V1", "RO101"), organisation("V2", "RO104"), organisation("V3", "RO104")],
    [link("V1", "RE6", "V2"), link("V2", "RE6", "V3")],
)


def test_an_operator_chain_is_followed_to_its_top(rows: dict[str, Row]) -> None:
    assert [rows[c]["operator_code"] for c in ("V1", "V2", "V3")] == ["V2", "V3", None]
    assert [rows[c]["provider_code"] for c in ("V1", "V2", "V3")] == ["V3", "V3", "V3"]


ALL.add(
    [
        organisation("V4", "RO104"),
        organisation("V5", "RO104"),
        organisation("V6", "RO101"),
        organisation("V7", "RO101"),
    ],
    [
        link("V4", "RE6", "V5"),
        link("V5", "RE6", "V4"),
        link("V6", "RE6", "V4"),
        link("V7", "RE6", "V7"),
    ],
)


def test_a_cycle_of_operators_ends(rows: dict[str, Row]) -> None:
    providers = {code: rows[code]["provider_code"] for code in ("V4", "V5", "V6", "V7")}
    assert providers == {"V4": "V5", "V5": "V4", "V6": "V5", "V7": "V7"}


ALL.add(
    [organisation("P1", "RO177"), organisation("U1", "RO272"), organisation("U2", "RO272")],
    [link("P1", "RE8", "U2", "2020-07-01"), link("P1", "RE8", "U1", "2023-07-01")],
)


def test_of_two_open_pcn_links_the_later_start_wins_and_is_flagged(rows: dict[str, Row]) -> None:
    assert (rows["P1"]["pcn_code"], rows["P1"]["is_ambiguous"]) == ("U1", True)


ALL.add(
    [organisation("P2", "RO177"), organisation("U3", "RO272")],
    [link("P2", "RE8", "U3", "2020-07-01"), link("P2", "RE8", "U3", "2023-07-01")],
)


def test_one_parent_held_twice_is_not_ambiguous(rows: dict[str, Row]) -> None:
    assert (rows["P2"]["pcn_code"], rows["P2"]["is_ambiguous"]) == ("U3", False)


@pytest.mark.promise("dates")
@pytest.mark.promise("no_guess")
@pytest.mark.parametrize(("today", "pcn"), [("2026-09-30", "U1"), ("2026-10-01", "U2")])
def test_a_future_link_does_not_show_and_an_ended_one_never_wins(
    tmp_path: Path, today: str, pcn: str
) -> None:
    organisations = [organisation("P1", "RO177"), organisation("U1", "RO272"), organisation("U2", "RO272")]
    links = [link("P1", "RE8", "U1", "2020-07-01", "2026-09-30"), link("P1", "RE8", "U2", "2026-10-01")]
    row = hierarchy(write(tmp_path, organisations, links), date.fromisoformat(today))["P1"]
    assert (row["pcn_code"], row["is_ambiguous"]) == (pcn, False)


for role in ("RO98", "RO261"):
    ALL.add(
        [
            organisation(f"S1-{role}", "RO198"),
            organisation(f"R1-{role}", "RO197"),
            organisation(f"Q1-{role}", role),
        ],
        [
            link(f"S1-{role}", "RE6", f"R1-{role}", "2015-04-01"),
            link(f"S1-{role}", "RE6", f"Q1-{role}", "2020-04-01"),
            link(f"R1-{role}", "RE6", f"Q1-{role}"),
        ],
    )


@pytest.mark.promise("no_guess")
@pytest.mark.parametrize("role", ["RO98", "RO261"])
def test_a_commissioner_is_never_an_operator(rows: dict[str, Row], role: str) -> None:
    site, trust = rows[f"S1-{role}"], rows[f"R1-{role}"]
    assert (site["operator_code"], trust["operator_code"]) == (f"R1-{role}", None)
    assert (site["provider_code"], trust["provider_code"]) == (f"R1-{role}", f"R1-{role}")
    assert not site["is_ambiguous"]


ALL.add(
    [
        organisation("Q3", "RO261"),
        organisation("Q4", "RO261"),
        organisation("Y3", "RO209"),
        organisation("C3", "RO98"),
        organisation("P3", "RO177"),
        organisation("R3", "RO197"),
        organisation("S3", "RO198"),
        organisation("R4", "RO197"),
    ],
    [
        link("P3", "RE4", "C3"),
        link("C3", "RE5", "Q3"),
        link("P3", "RE5", "Q4"),
        link("Q3", "RE2", "Y3"),
        link("R3", "RE8", "Q3"),
        link("R3", "RE5", "Q4"),
        link("S3", "RE6", "R3"),
        link("R4", "RE5", "Q4"),
    ],
)


def test_the_commissioner_s_icb_comes_before_partner_and_geography(rows: dict[str, Row]) -> None:
    answer = {
        c: tuple(rows[c][k] for k in ("icb_code", "icb_basis", "region_code"))
        for c in ("P3", "R3", "S3", "R4")
    }
    partner, geography = ("Q3", "partner", "Y3"), ("Q4", "geography", None)
    assert answer == {"P3": ("Q3", "commissioner", "Y3"), "R3": partner, "S3": partner, "R4": geography}


ALL.add(
    [
        organisation("P5", "RO177"),
        organisation("C5", "RO98"),
        organisation("Q5", "RO261"),
        organisation("Q6", "RO261"),
    ],
    [
        link("P5", "RE4", "C5"),
        link("C5", "RE5", "Q5", "2015-04-01"),
        link("C5", "RE2", "Q6", "2023-04-01"),
    ],
)


def test_a_preferred_relationship_beats_a_later_start(rows: dict[str, Row]) -> None:
    assert (rows["P5"]["commissioning_icb_code"], rows["P5"]["is_ambiguous"]) == ("Q5", False)


ALL.add(
    [
        organisation("S7", "RO198"),
        organisation("R7", "RO197"),
        organisation("R8", "RO197"),
        organisation("Q7", "RO261"),
    ],
    [link("S7", "RE6", "R7"), link("R7", "RE4", "R8"), link("R7", "RE4", "Q7")],
)


@pytest.mark.promise("no_guess")
def test_of_two_commissioners_of_the_operator_one_that_does_not_count_makes_nothing_ambiguous(
    rows: dict[str, Row],
) -> None:
    """A site takes the ICB of its operator; that the operator names a trust too makes no choice of ICBs."""
    assert [rows[c]["icb_code"] for c in ("S7", "R7")] == ["Q7", "Q7"]
    assert [rows[c]["is_ambiguous"] for c in ("S7", "R7")] == [False, True]


# A link to a code that is not held, of an organisation or of its ICB to a region.
NOWHERE = [("RE4", "RO98", False), ("RE8", "RO261", False), ("RE5", "RO261", False), ("RE2", "RO209", True)]
for rel, role, of_icb in NOWHERE:
    nowhere = link(f"Q-{rel}" if of_icb else f"R-{rel}", rel, "GONE", "2026-08-01", "2026-09-03")
    ALL.add(
        [organisation(f"R-{rel}", "RO197"), organisation(f"Q-{rel}", "RO261")],
        [
            nowhere | {"target_primary_role_id": role},
            *([link(f"R-{rel}", "RE8", f"Q-{rel}")] if of_icb else []),
        ],
    )


@pytest.mark.promise("dates")
@pytest.mark.parametrize(("rel", "role", "of_icb"), NOWHERE)
def test_a_link_to_a_code_that_is_not_held_is_a_reason_for_its_own_days(
    marts: dict[str, pl.DataFrame], rel: str, role: str, of_icb: bool
) -> None:
    """Such a link, of the organisation or of its ICB to a region, explains nothing once it is over."""
    column = "region_reason" if of_icb else "icb_reason"
    rows = marts["provider_hierarchy"].filter(ods_code=f"R-{rel}").sort("valid_from")
    reasons = [(row["valid_from"], row[column]) for row in rows.to_dicts() if row["valid_from"].year == 2026]
    assert reasons == [(date(2026, 8, 1), "target_unknown"), (date(2026, 9, 4), "none_stated")]
    before = rows.filter(pl.col("valid_to") == date(2026, 8, 1))
    assert before[column].to_list() == ["none_stated"]


# It is inactive without an end, from the day on which it begins: that of its record's last change.
ALL.add(
    [organisation("R9", "RO197") | {"last_change_date": TODAY}],
    [link("R9", "RE4", "GONE", str(TODAY)) | {"status": "Inactive", "target_primary_role_id": "RO98"}],
)


@pytest.mark.promise("dates")
def test_a_link_to_nowhere_that_holds_on_no_day_is_no_reason_on_any(marts: dict[str, pl.DataFrame]) -> None:
    rows = marts["provider_hierarchy"].filter(ods_code="R9")
    assert rows.height > 0
    assert rows["icb_reason"].to_list() == rows["region_reason"].to_list()
    assert "target_unknown" not in rows["icb_reason"]


# C9 is not a region office (RO327) by a role that ended before its first day.
ALL.add(
    [
        organisation("P9", "RO177"),
        organisation("C9", "RO98") | {"operational_start": date(2026, 9, 7)},
    ],
    [link("P9", "RE4", "C9")],
    roles=[
        {
            "ods_code": "C9",
            "role_id": "RO327",
            "operational_start": date(2026, 9, 1),
            "operational_end": date(2026, 9, 5),
        }
    ],
)


@pytest.mark.promise("dates")
def test_a_role_that_was_over_before_the_organisation_began_never_counts(
    marts: dict[str, pl.DataFrame], rows: dict[str, Row]
) -> None:
    of_practice = marts["provider_hierarchy"].filter(ods_code="P9")
    since = of_practice.filter((pl.col("valid_to") > date(2026, 9, 1)).fill_null(True))
    assert since["sub_icb_code"].to_list() == ["C9"] * since.height and since.height > 0
    assert rows["P9"]["sub_icb_code"] == "C9"
