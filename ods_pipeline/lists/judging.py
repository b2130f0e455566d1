"""What each line of a list of codes is worth, judged on the published ods.duckdb in one query (judging.sql).

Lives here: running it, and what its outcomes mean. Does not live here: how lists are read (``columns.py``) or
shown (``commands/check.py``).
"""

from contextlib import closing
from datetime import date
from importlib import resources

import duckdb
import polars as pl

from ods_pipeline.lists.columns import CodeList

# Every verdict, with what it means. Only good needs no attention.
VERDICTS = {
    "good": "open on the day, and of the kind asked for",
    "closed": "closed on the day",
    "legally_closed": "still active, but closed in law on the day",
    "not_yet_open": "opens after the day",
    "deleted": "deleted from the register",
    "wrong_kind": "held, but of another kind than asked for",
    "not_held": "has the form of a code, but is not in the register",
    "no_code": "no ODS code has this form",
    "blank": "the line has no code",
}
NEEDS_NOTHING = "good"


def judge(
    connection: duckdb.DuckDBPyConnection, codes: CodeList, day: date, kind: str | None
) -> pl.DataFrame:
    """One row a line of the list, in its order.

    ``connection`` is one to the published ods.duckdb. Openness, kinds, parents and replacements are those of
    ``day`` (the deletions those of today). ``kind`` is what every code should be, or None. Columns:
    ``line, given, code, verdict`` (see VERDICTS)``, name, kind, openness, closed_on`` (inclusive)``,
    replaced_by`` (ends of the successions ODS records)``, candidate_codes`` (inferred)``, meant_code,
    meant_name`` (the body of the kind asked for that the code belongs to)``, likely_codes`` (one slip away;
    empty where more than five are)``, repeats_line`` (the line that had the code first)``, note``.
    """
    sql = resources.files("ods_pipeline.lists").joinpath("judging.sql").read_text(encoding="utf-8")
    with closing(connection.cursor()) as cursor:
        cursor.register("asked", codes.rows.to_arrow())
        return cursor.sql(sql, params={"day": day, "kind": kind}).pl()
