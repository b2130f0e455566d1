"""The verdict on each line of a list of codes, from the published ods.duckdb.

Lives here: the call, and what the verdicts mean. Does not live here: the query, which is the files of
``steps/`` one after the other, how lists are read (``code_list.py``) and printed (``commands/check.py``).
"""

from contextlib import closing
from datetime import date

import duckdb
import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.code_list import CodeList
from ods_pipeline.lookup.areas import areas_by_gss
from ods_pipeline.lookup.finding import doubts_by_code
from ods_pipeline.lookup.steps import with_steps

# Every verdict, with its meaning.
VERDICTS = {
    "good": "open on the day, and of the kind requested, if one is",
    "closed": "closed on the day",
    "legally_closed": "closed in law on the day, but still in operation",
    "not_yet_open": "opens after the day",
    "deleted": "deleted from the register",
    "wrong_kind": "held, but not of the requested kind",
    "not_held": "has the form of a code, but is not in the register",
    "default_code": "a national default code, which stands for no organisation",
    "other_system": "a code of another system (GSS)",
    "no_code": "no ODS code has this form",
    "blank": "the line has no code",
    "not_an_entry": "a header, a total, a note or a ruler of the list, which is not judged",
}
# The verdicts that need no attention.
NEEDS_NOTHING = ("good", "not_an_entry")
# The steps of the query, each after those that it reads.
_STEPS = (
    "listed",  # what each cell of the list means
    "codes",
    "held",
    "successions",
    "meant",
    "unknown",
    "from_spreadsheet",
    "typos",
    "likely",
    "in_text",
    "judged",
    "noted",
)


def judge(
    connection: duckdb.DuckDBPyConnection, codes: CodeList, day: date, kind: str | None
) -> pl.DataFrame:
    """Return one row for each code of the list, in its order.

    A cell whose words are all codes that are held, while the whole is none, has a row for each of them.

    Args:
        connection: The published ods.duckdb.
        codes: The list.
        day: Openness, kinds, parents and replacements are those of this day; deletions are those of today.
        kind: The kind that every code should be, or None.

    Returns:
        ``line, given, code, verdict`` (see VERDICTS), ``name, kind, openness, closed_on`` (inclusive),
        ``replaced_by`` (ends of the successions that ODS records; of an open code too if one of them has
        begun, which is a contradiction), ``candidate_codes`` (inferred),
        ``meant_code, meant_name`` (the organisation of the requested kind that the code belongs to),
        ``likely_codes`` (codes that differ by one typo, or are in the text of the cell; empty if there are
        more than five),
        ``repeats_line`` (the first line with this code, if it is another one), ``note``, and ``is_notable``
        (a good code about which people must know something: proposed, closing, succeeded without an end,
        perhaps deleted; and what is not an entry).

    Raises:
        OdsError: Another version published the set, without what this one asks of it.
    """
    sql = f"{with_steps('lists', _STEPS)} SELECT * EXCLUDE (part) FROM noted ORDER BY line, part"
    with closing(connection.cursor()) as cursor:
        cursor.register("entries", codes.rows.to_arrow())
        cursor.register("areas", areas_by_gss(cursor).to_arrow())
        cursor.register("doubts", doubts_by_code(cursor).to_arrow())
        try:
            return cursor.sql(sql, params={"day": day, "kind": kind}).pl()
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            reason = str(error).splitlines()[0]
            raise OdsError(
                f"another version made what is published, and this one cannot ask it ({reason})",
                where="ods.duckdb",
                do="Run: ods-pipeline build --again",
            ) from error
