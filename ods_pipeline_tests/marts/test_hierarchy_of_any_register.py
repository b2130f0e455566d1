"""The hierarchy of random registers, each row derived again by the oracle, edge by edge."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ods_pipeline_tests.oracles.marts import Oracle
from ods_pipeline_tests.support.hierarchies import TODAY, assert_rederived
from ods_pipeline_tests.support.small_registers import Row, link, marts_on, organisation, write
from ods_pipeline_tests.support.times import TIMES


def days(around: int) -> st.SearchStrategy[date]:
    return st.integers(-around, around).map(lambda n: TODAY + timedelta(days=n))


ROLES = (
    *("RO197", "RO198", "RO177", "RO272", "RO98", "RO98", "RO261", "RO209", "RO104", "RO101"),
    *("RO179", "RO132", "RO210"),
)

CODES = [f"X{n}" for n in range(8)]

LINKS = st.builds(
    lambda code, rel, to, start, length, status: {
        **link(code, rel, to),
        "operational_start": start,
        "operational_end": None if length is None else start + timedelta(days=length),
        "status": status,
    },
    st.sampled_from(CODES),
    st.sampled_from(["RE2", "RE4", "RE5", "RE6", "RE6", "RE8", "RE9"]),
    st.sampled_from([*CODES, "GONE"]),
    days(3),
    st.none() | st.integers(0, 3),
    st.sampled_from(["Active", "Active", "Inactive"]),
)

LIVES = st.builds(
    lambda role, start, length, status: {
        "primary_role_id": role,
        "operational_start": start,
        "operational_end": None if length is None else start + timedelta(days=length),
        "status": status,
        "last_change_date": TODAY,
    },
    st.sampled_from(ROLES),
    days(3),
    st.none() | st.integers(0, 4),
    st.sampled_from(["Active", "Active", "Inactive"]),
)

EXTRA_ROLES = st.builds(
    lambda code, role, start, length: {
        "ods_code": code,
        "role_id": role,
        "operational_start": start,
        "operational_end": None if length is None else start + timedelta(days=length),
    },
    st.sampled_from(CODES),
    st.sampled_from(["RO76", "RO319", "RO218", "RO218", "RO327"]),
    days(4),
    st.none() | st.integers(0, 4),
)

WORLDS = st.tuples(
    st.tuples(*[LIVES] * len(CODES)), st.lists(LINKS, max_size=24), st.lists(EXTRA_ROLES, max_size=6)
)


def placed(row: Row, world: int) -> Row:
    """The same row in a world of its own: its codes belong to no other."""
    return {c: f"{v}-{world}" if c in ("ods_code", "target_ods_code") else v for c, v in row.items()}


# Many small registers side by side in one: a build costs the same for one as for all.
@pytest.mark.promise("no_guess")
# Hypothesis writes every register down; that some take 40 kB is no fault.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=3 * TIMES, phases=[Phase.generate])
@given(worlds=st.lists(WORLDS, min_size=12, max_size=16))
def test_every_row_of_any_register_is_rederived_edge_by_edge(worlds: list[tuple]) -> None:
    organisations, links, roles = [], [], []
    for n, (lives, some_links, some_roles) in enumerate(worlds):
        some = [
            organisation(code, life["primary_role_id"]) | life
            for code, life in zip(CODES, lives, strict=True)
        ]
        organisations += [placed(row, n) for row in some]
        links += [placed(row, n) for row in some_links]
        roles += [placed(row, n) for row in some_roles]
    numbered = [{"unique_role_id": n, **role} for n, role in enumerate(roles)]
    with TemporaryDirectory() as folder:
        build = write(Path(folder), organisations, links, roles=numbered)
        result = marts_on(build, TODAY, "provider_hierarchy", "provider_hierarchy_current")
        oracle = Oracle(build, TODAY)
    frame = result["provider_hierarchy_current"]
    ends = dict(frame.select("ods_code", "valid_to").iter_rows())
    assert_frame_equal(frame.drop("valid_from", "valid_to"), oracle.current(ends))
    assert_rederived(result["provider_hierarchy"], oracle, [TODAY + timedelta(days=n) for n in range(-5, 9)])
