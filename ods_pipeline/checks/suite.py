"""Which check runs on which table, and which of them block. Pure functions on frames.

Lives here: the suites of flattened captures, and of the register with its history. Does not live here: the
conditions (``register.py``, ``history.py``), the checks of marts (``marts/checks/``), and what a failure
stops (``inventory/``, ``defs/assets/``).
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from ods_pipeline.checks.base import Finding
from ods_pipeline.checks.history import intervals_apart
from ods_pipeline.checks.register import (
    conservation,
    declared_equals_parsed,
    geography_is_not_retired,
    ids_have_names,
    no_new_ids,
    no_stamp_missing,
    nothing_quarantined,
    nothing_repeated,
    nothing_unknown,
    nothing_unresolved,
    one_primary_role,
    row_count_swing,
    targets_known_or_listed,
    unique_key,
)
from ods_pipeline.schema import COMPONENTS, HISTORY, ORD, Table

# The tables of the register and its history.
FACTS = (*ORD, *HISTORY)
# Tables whose number of rows is compared with the last build's, each with the column that is read for it:
# the ids, where new ones are noticed.
COMPARED = {"organisations": "ods_code"} | {
    name: {"roles": "role_id", "relationships": "rel_id"}.get(name, "ods_code") for name in COMPONENTS
}
# Names of the checks of a flat folder, and whether they block.
FLAT_CHECKS = {
    "declared_equals_parsed": True,
    "no_record_lost": True,
    "nothing_quarantined": False,
    "nothing_unknown": False,
}
_BLOCKING = {
    "captures": ["declared_equals_parsed", "no_record_lost"],
    "organisations": ["one_primary_role"],
    "relationships": ["targets_known_or_listed"],
    "successions": ["targets_known_or_listed"],
    "history.organisations": ["intervals_apart"],
}
_WARNINGS = {
    "captures": ["no_stamp_missing"],
    "organisations": ["row_count_swing"],
    "roles": ["row_count_swing", "role_ids_known", "no_new_role_ids"],
    "relationships": ["row_count_swing", "rel_ids_known", "no_new_rel_ids", "re5_not_falling"],
    "successions": ["row_count_swing"],
    "contacts": ["row_count_swing"],
    "quarantined_records": ["nothing_quarantined"],
    "unknown_elements": ["nothing_unknown"],
    "repeated_ids": ["nothing_repeated"],
    "unresolved_targets": ["nothing_unresolved"],
}


def checks_of(table: Table) -> dict[str, bool]:
    """Return the names of the checks of a table of facts, each with whether it blocks."""
    blocking = ["unique_key", *_BLOCKING.get(table.id, [])]
    return dict.fromkeys(blocking, True) | dict.fromkeys(_WARNINGS.get(table.id, []), False)


def flat_findings(frames: Mapping[str, pl.DataFrame]) -> list[Finding]:
    """Return the outcome of every check of flattened captures, in the order of ``FLAT_CHECKS``.

    Args:
        frames: ``captures``, ``quarantined_records`` and ``unknown_elements``.
    """
    return [
        declared_equals_parsed(frames["captures"]),
        conservation(frames["captures"]),
        nothing_quarantined(frames["quarantined_records"]),
        nothing_unknown(frames["unknown_elements"]),
    ]


def register_findings(
    frames: Mapping[str, pl.DataFrame],
    *,
    before: Mapping[str, pl.DataFrame],
    geography: list[tuple[date, int]],
    missing: Sequence[date],
) -> dict[str, list[Finding]]:
    """Return the outcome of every check of every table of facts, by table id.

    Args:
        frames: The tables of facts, by id.
        before: The columns in ``COMPARED`` of the last build, by table id; empty before the first one.
        geography: PublicationDate and number of open RE5 of the newest releases.
        missing: The stamps that no fetch asked for.
    """
    findings = {table.id: [unique_key(table.id, frames[table.id])] for table in FACTS}
    findings["history.organisations"].append(intervals_apart(frames["history.organisations"]))
    findings["captures"] += [
        declared_equals_parsed(frames["captures"]),
        conservation(frames["captures"]),
        no_stamp_missing(missing),
    ]
    findings["organisations"].append(
        one_primary_role(frames["organisations"], frames["roles"], frames["repeated_ids"])
    )
    for name in ("relationships", "successions"):
        findings[name].append(
            targets_known_or_listed(frames[name], frames["organisations"], frames["unresolved_targets"])
        )
    for name in COMPARED:
        rows_before = before[name].height if name in before else None
        findings[name].append(row_count_swing(frames[name].height, rows_before))
    for name, kind in (("roles", "role"), ("relationships", "rel")):
        findings[name].append(ids_have_names(frames[name], f"{kind}_id", f"{kind}_name"))
        findings[name].append(no_new_ids(frames[name], before.get(name), f"{kind}_id"))
    findings["relationships"].append(geography_is_not_retired(geography))
    findings["quarantined_records"].append(nothing_quarantined(frames["quarantined_records"]))
    findings["unknown_elements"].append(nothing_unknown(frames["unknown_elements"]))
    findings["repeated_ids"].append(nothing_repeated(frames["repeated_ids"]))
    findings["unresolved_targets"].append(nothing_unresolved(frames["unresolved_targets"]))
    return findings
