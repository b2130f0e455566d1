"""What each published table must contain: which are audited, with their columns and keys.

Lives here: the tables, and ``NOT_COMPARED`` and ``NOT_RECOMPUTED``: everything that is not compared, each
with its reason. Does not live here: the rows (``rows.py``) and the comparison (``comparing.py``). The lists
of columns are written out a second time on purpose: taken from the schema, a column that is missing there
would be missing here too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ods_pipeline.audit import rows
from ods_pipeline.audit.records import OWN, Row
from ods_pipeline.audit.register import RecomputedRegister
from ods_pipeline.audit.rows import PARTS

NOT_COMPARED = {
    "ord.quarantined_records": {
        "rule": "the pipeline's own name for the fault; which records are set aside is compared",
        "detail": "the pipeline's own wording",
        "payload": "a copy of the record's text, which raw/ has",
    },
    "history.organisations": {"content_hash": "the pipeline's own hash; the content itself is compared"},
}
# Tables that are not recomputed row by row. The identities hold what they must agree with.
NOT_RECOMPUTED = {
    "history.observations": "a run-length form of what every capture shows; the identities check it"
}
_SUPERSEDED = (
    "capture_id",
    "record_number",
    "ods_code",
    "reason",
    "won_by_capture_id",
    "won_by_record_number",
)


@dataclass(frozen=True)
class AuditedTable:
    """A published table as it must be.

    Attributes:
        name: ``<schema>.<table>``.
        columns: The columns that are compared.
        key: The columns that identify a row.
        rows: Returns its rows, every value as text.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: Callable[[RecomputedRegister], Iterator[Row]]


_KEYS = {
    "roles": ("unique_role_id",),
    "relationships": ("unique_rel_id",),
    "successions": ("ods_code", "succession_type", "target_ods_code", "legal_start"),
    "contacts": ("ods_code", "contact_type", "ordinal"),
}
_NAMES = {"roles": ("role_name",), "relationships": ("rel_name",)}
_CODE = ("ods_code",)
_DATED = ("known_from", "known_to")
AUDITED_TABLES = [
    AuditedTable(
        "ord.organisations",
        (*_CODE, *OWN, "primary_role_name", "last_change_date", "published_in", "known_from", "capture_id"),
        _CODE,
        rows.organisations,
    ),
    *(
        AuditedTable(f"ord.{n}", (*_CODE, *c, *_NAMES.get(n, ())), _KEYS[n], rows.parts(n))
        for n, c in PARTS.items()
    ),
    AuditedTable(
        "ord.code_systems",
        ("code_system", "oid", "id", "code", "display_name", "in_primary_role_scope", "capture_id"),
        ("code_system", "id"),
        lambda r: iter(r.concepts.values()),
    ),
    AuditedTable("ord.captures", tuple(rows.CAPTURES.split()), ("capture_id",), rows.captures),
    AuditedTable(
        "ord.deletions",
        (*_CODE, "name", "primary_role_id", "deleted_on", "reason_code", "reason", "source", "state"),
        _CODE,
        rows.deletions,
    ),
    AuditedTable(
        "ord.superseded_records",
        (*_SUPERSEDED, *rows.SUPERSEDED_OWN, "last_change_date", "components"),
        ("capture_id", "record_number"),
        rows.superseded,
    ),
    AuditedTable(
        "ord.quarantined_records",
        ("capture_id", "record_number", "ods_code", "name", "file_name"),
        ("capture_id", "record_number"),
        rows.set_aside,
    ),
    AuditedTable(
        "ord.repeated_ids",
        ("component", "unique_id", "ods_code", "kept_by_ods_code"),
        ("component", "unique_id", "ods_code"),
        lambda r: iter(r.repeated_ids),
    ),
    AuditedTable(
        "ord.unresolved_targets",
        ("target_ods_code", "pointed_at_by", "example_ods_code", "was_deleted"),
        ("target_ods_code",),
        rows.unresolved,
    ),
    AuditedTable(
        "ord.unknown_elements", ("capture_id", "name", "occurrences"), ("capture_id", "name"), rows.unknown
    ),
    AuditedTable(
        "history.organisations",
        (
            *_CODE,
            *OWN,
            *_DATED,
            "is_unstamped",
            "stamped_on",
            "last_change_date",
            "published_in",
            "capture_id",
            "last_capture_id",
            "gone_by",
        ),
        (*_CODE, "known_from"),
        rows.history,
    ),
    *(
        AuditedTable(
            f"history.{n}",
            (*_CODE, *c, *_DATED),
            ("known_from", *dict.fromkeys(_CODE + _KEYS[n])),
            rows.versions(n),
        )
        for n, c in PARTS.items()
    ),
    AuditedTable(
        "history.notices",
        (*_CODE, "deleted_on", "source", "primary_role_id", "reason_code", "reason", "capture_id"),
        (*_CODE, "deleted_on", "source"),
        rows.notices,
    ),
]
