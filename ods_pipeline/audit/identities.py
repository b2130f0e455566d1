"""What must hold between published tables, and what manifests of releases declare.

Lives here: running the queries of ``between_tables/``, and counting. The queries are written from what the
tables mean and not from the SQL of the marts. Below its title, a file has queries with a comment above each:
the sentence that must be true. A query returns, as one column, what breaks its sentence. All run on
``ods.duckdb``. Does not live here: whether Parquet holds the same (``published.py``), and the comparison of
facts with the raw files (``comparing.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import duckdb

from ods_pipeline.audit.raw import RawCapture


@dataclass(frozen=True)
class Identity:
    """A sentence that must be true, and the query that returns what breaks it."""

    sentence: str
    query: str


@dataclass(frozen=True)
class BrokenIdentity:
    """An identity that does not hold: the number of rows that break it, and the first of them."""

    sentence: str
    count: int
    examples: list[str]


_FILES = ("facts.sql", "lives.sql", "hierarchy.sql", "named.sql")
# Many identities compare what is published with what is expected, two common table expressions.
_IN_ONE_ONLY = """
    CREATE OR REPLACE TEMP MACRO in_one_only(one, other) AS TABLE
    (FROM query_table(one) EXCEPT ALL FROM query_table(other))
    UNION ALL
    (FROM query_table(other) EXCEPT ALL FROM query_table(one))
"""


@cache
def identities() -> tuple[Identity, ...]:
    """Return the identities of ``between_tables/``: the comment above a query is its sentence."""
    folder = resources.files("ods_pipeline.audit").joinpath("between_tables")
    queries = [
        query
        for name in _FILES
        for query in folder.joinpath(name).read_text(encoding="utf-8").partition("\n\n")[2].split(";\n")
    ]
    result = []
    for block in queries:
        lines = block.strip().splitlines()
        comment = [line.removeprefix("-- ") for line in lines if line.startswith("--")]
        if lines:
            result.append(Identity(" ".join(comment), "\n".join(lines[len(comment) :])))
    return tuple(result)


def broken_identities(connection: duckdb.DuckDBPyConnection, most: int) -> list[BrokenIdentity]:
    """Return the identities that do not hold, each with at most ``most`` examples."""
    connection.execute(_IN_ONE_ONLY)
    result = []
    for identity in identities():
        try:
            examples = [str(row[0]) for row in connection.execute(identity.query).fetchall()]
        except duckdb.Error as error:  # a table or column that the query needs is missing
            examples = [f"the query fails: {str(error).splitlines()[0]}"]
        if examples:
            result.append(BrokenIdentity(identity.sentence, len(examples), sorted(examples)[:most]))
    return result


@dataclass(frozen=True)
class ManifestLine:
    """What the manifest of one file of a release declares, and what the published tables hold of it.

    Attributes:
        capture_id: The id of the file.
        record_count: RecordCount of the manifest.
        used: Observations of the file's day.
        superseded: Rows of ``ord.superseded_records``.
        set_aside: Rows of ``ord.quarantined_records``.
        scope: Number of roles in PrimaryRoleScope.
        scope_held: How many of those roles ``ord.code_systems`` has.
    """

    capture_id: str
    record_count: int
    used: int
    superseded: int
    set_aside: int
    scope: int
    scope_held: int

    @property
    def is_equal(self) -> bool:
        """Whether records and roles are equal to what is declared."""
        held = self.used + self.superseded + self.set_aside
        return self.record_count == held and self.scope == self.scope_held


_COUNTS = """
    SELECT
        (SELECT count(*) FROM history.observations
         WHERE NOT is_delta AND published_in = $kind AND $day::DATE BETWEEN as_of AND as_of_last),
        (SELECT count(*) FROM ord.superseded_records WHERE capture_id = $id),
        (SELECT count(*) FROM ord.quarantined_records WHERE capture_id = $id)
"""


def manifest_lines(connection: duckdb.DuckDBPyConnection, raws: Sequence[RawCapture]) -> list[ManifestLine]:
    """Return one line per file of a release.

    A line compares RecordCount with the observations of the file's day plus the records that lost or were set
    aside, and PrimaryRoleScope with the roles of ``ord.code_systems``.
    """
    roles = connection.execute(
        "SELECT id FROM ord.code_systems WHERE code_system = 'OrganisationRole'"
    ).fetchall()
    held = {id_ for (id_,) in roles}
    lines = []
    for raw in raws:
        for file in raw.files:
            kind = "archive" if file.is_archive else "full"
            scope = {role[""].get("id") for role in file.head.get("PrimaryRole", ())}
            parameters = {"kind": kind, "day": raw.day, "id": f"{raw.label}/{kind}"}
            counts = connection.execute(_COUNTS, parameters).fetchall()[0]
            declared = int(file.manifest("RecordCount") or 0)
            lines.append(
                ManifestLine(f"{raw.label}/{kind}", declared, *counts, len(scope), len(scope & held))
            )
    return lines
