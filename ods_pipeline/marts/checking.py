"""The checks of marts: each is a query that returns the rows that break a rule.

Lives here: finding the checks and turning their rows into findings. A check is a file
``checks/<mart>.<name>.sql`` that returns ``problem, label``; no row is a pass. It reads the mart as the view
``mart``, and states the rule in another way than the mart's own SQL. Its first line, a comment, names what it
looks at. A file that ends in ``.warn.sql`` warns; the others stop the build. Does not live here: checks of
the register (``ods_pipeline.checks``).
"""

from dataclasses import dataclass
from datetime import date
from importlib import resources
from itertools import takewhile
from pathlib import Path

import duckdb
import polars as pl

from ods_pipeline.checks import Finding, unique_key
from ods_pipeline.checks.base import sample
from ods_pipeline.marts.build import mart_connection
from ods_pipeline.marts.lineage import tables_read

_FILES = resources.files("ods_pipeline.marts") / "checks"


@dataclass(frozen=True)
class MartCheck:
    """One check of a mart.

    Attributes:
        mart: The mart.
        name: The name of the check.
        blocking: Whether a failure stops the build.
        about: What it looks at.
        rule: What must hold, from the comment on top of the file.
        sql: Returns the rows that break the rule.
    """

    mart: str
    name: str
    blocking: bool
    about: str
    rule: str
    sql: str


def mart_checks(mart: str) -> list[MartCheck]:
    """Return the checks of a mart, by name."""
    checks = []
    for file in _FILES.iterdir():
        stem = file.name.removesuffix(".sql")
        of, _, name = stem.partition(".")
        if of == mart and stem != file.name:
            sql = file.read_text(encoding="utf-8")
            comment = [line.removeprefix("--").strip() for line in takewhile(_is_comment, sql.splitlines())]
            rule = " ".join(comment[1:]) or comment[0]
            blocking = not name.endswith(".warn")
            checks.append(MartCheck(of, name.removesuffix(".warn"), blocking, comment[0], rule, sql))
    return sorted(checks, key=lambda c: c.name)


def _is_comment(line: str) -> bool:
    return line.startswith("--")


def judge(check: MartCheck, offending: pl.DataFrame, rows: int) -> Finding:
    """Return the outcome of a check.

    Args:
        check: The check that ran.
        offending: The rows that break its rule, ``problem, label``.
        rows: The number of rows of the mart.
    """
    problems = [
        f"{group.height:,} {problem}: {sample(group['label'])}"
        for (problem,), group in offending.sort("problem", "label").group_by("problem", maintain_order=True)
    ]
    return Finding(
        check.name,
        not problems,
        f"{check.about}: {'; '.join(problems) if problems else f'all is well in {rows:,} rows'}",
        check.blocking,
        {"rows": rows, "offending": offending.height},
    )


def findings(mart: str, frame: pl.DataFrame, build: Path, today: date) -> list[Finding]:
    """Return the outcome of every check of a mart: first that its key is unique, then its own."""
    tables = tables_read(*(c.sql for c in mart_checks(mart)))
    with mart_connection(build, today, tables) as connection:
        return findings_on(connection, mart, frame)


def findings_on(connection: duckdb.DuckDBPyConnection, mart: str, frame: pl.DataFrame) -> list[Finding]:
    """Return the same as ``findings``, on a mart connection that is open already."""
    # DuckDB reads text as Polars holds it; any other form would be a copy.
    connection.register("mart", frame.to_arrow(compat_level=pl.CompatLevel.newest()))
    own = [judge(c, connection.sql(c.sql).pl(), frame.height) for c in mart_checks(mart)]
    connection.unregister("mart")
    return [unique_key(mart, frame), *own]
