"""The checks of the register: what must hold before anything is published."""

from ods_pipeline.checks.base import Finding
from ods_pipeline.checks.history import intervals_apart
from ods_pipeline.checks.register import (
    FALL_LIMIT,
    SWING_LIMIT,
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

__all__ = [
    "FALL_LIMIT",
    "SWING_LIMIT",
    "Finding",
    "conservation",
    "declared_equals_parsed",
    "geography_is_not_retired",
    "ids_have_names",
    "intervals_apart",
    "no_new_ids",
    "no_stamp_missing",
    "nothing_quarantined",
    "nothing_repeated",
    "nothing_unknown",
    "nothing_unresolved",
    "one_primary_role",
    "row_count_swing",
    "targets_known_or_listed",
    "unique_key",
]
