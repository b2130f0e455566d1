"""Which columns of the history tables are content, and which record where and when it was seen.

Lives here: column lists, all derived from the schema, so that a new column needs no change here. Does not
live here: the columns themselves (``schema/``).
"""

from ods_pipeline.schema import TABLES

# Every row of a history table belongs to one version: this code, in this interval.
VERSION = ("ods_code", "known_from", "known_to")
# Where and when a record was seen: no part of its content.
_SIGHTING = ("last_change_date", "published_in", "capture_id")
# Which captures one row of history.observations covers; all its other columns are what they showed.
_COVERED = ("as_of", "is_delta", "capture_id", "as_of_last", "last_capture_id")
# The columns of an observation.
OBSERVATION = tuple(c for c in TABLES["history.observations"].columns if c not in _COVERED)
# The lists from which notices of deletion come. A 404 is not a notice.
NOTICE_SOURCES = ("ord_notifications", "odt_deletion_list")
# The columns by which two records of one code count as the same organisation (``schema/identity.py``).
IDENTITY = ("name", "operational_start", "primary_role_id")


def content_columns(name: str) -> list[str]:
    """Return the columns that a flat table and its history table share as content of a record.

    Args:
        name: ``organisations``, or one of ``COMPONENTS``.

    Returns:
        Column names in the order of the schema, without the columns of ``VERSION``.
    """
    columns = TABLES[f"history.{name}"].columns
    return [c for c in TABLES[name].stored if c in columns and c not in (*VERSION, *_SIGHTING)]


# The content of an organisation's own row. status_is_inferred is a remark on the status, and no content.
RECORD = tuple(c for c in content_columns("organisations") if c != "status_is_inferred")
# The four dates of a record, a role or a relationship. Ends are inclusive.
DATES = ("operational_start", "operational_end", "legal_start", "legal_end")
ENDS = ("operational_end", "legal_end")
