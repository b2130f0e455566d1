"""The checks of marts. One is a file ``checks/<mart>.<name>.sql``: a query that gives the rows that should
not be (``problem``, ``label``), so that no row is a pass. It reads the mart as the view ``mart``, and says
what must hold in another way than the mart's own SQL. Its first line, a comment, names what is looked at.
A file that ends in ``.warn.sql`` warns; the others stop the build.
"""

from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

import duckdb
import polars as pl

from ods_pipeline.checks import Finding, unique_key
from ods_pipeline.checks.base import sample
from ods_pipeline.marts.build import mart_connection, tables_read

_FILES = resources.files("ods_pipeline.marts") / "checks"


@dataclass(frozen=True)
class MartCheck:
    """One check of a mart: ``about`` names what is looked at, ``sql`` finds what should not be."""

    mart: str
    name: str
    blocking: bool
    about: str
    sql: str


def mart_checks(mart: str) -> list[MartCheck]:
    """The checks of a mart, by name."""
    found = []
    for file in _FILES.iterdir():
        name = file.name.removesuffix(".sql")
        of, _, check = name.partition(".")
        if of == mart and name != file.name:
            sql = file.read_text(encoding="utf-8")
            about = sql.splitlines()[0].removeprefix("--").strip()
            found.append(MartCheck(of, check.removesuffix(".warn"), not check.endswith(".warn"), about, sql))
    return sorted(found, key=lambda c: c.name)


def judge(check: MartCheck, offending: pl.DataFrame, rows: int) -> Finding:
    """The outcome: ``offending`` holds ``problem, label`` of the rows that should not be."""
    told = [
        f"{group.height:,} {problem}: {sample(group['label'])}"
        for (problem,), group in offending.sort("problem", "label").group_by("problem", maintain_order=True)
    ]
    return Finding(
        check.name,
        not told,
        f"{check.about}: {'; '.join(told)}" if told else f"{check.about}: all is well in {rows:,} rows",
        check.blocking,
        {"rows": rows, "offending": offending.height},
    )


def findings(mart: str, frame: pl.DataFrame, build: Path, today: date) -> list[Finding]:
    """The outcome of every check of a mart: its key is unique, then its own."""
    read = tables_read(*(c.sql for c in mart_checks(mart)))
    with mart_connection(build, today, read) as connection:
        return findings_on(connection, mart, frame)


def findings_on(connection: duckdb.DuckDBPyConnection, mart: str, frame: pl.DataFrame) -> list[Finding]:
    """The same as ``findings``, on a mart connection that is open already."""
    connection.register("mart", frame.to_arrow())
    own = [judge(c, connection.sql(c.sql).pl(), frame.height) for c in mart_checks(mart)]
    connection.unregister("mart")
    return [unique_key(mart, frame), *own]
