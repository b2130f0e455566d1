"""What must hold between published tables, asked in plain SQL (``identities.sql``), and what the manifests
of the releases declare."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import duckdb

from ods_pipeline.audit.raw import RawCapture


@dataclass(frozen=True)
class Identity:
    """A sentence that must be true, and the query for what breaks it."""

    sentence: str
    query: str


@dataclass(frozen=True)
class Broken:
    """An identity that does not hold: how many break it, and the first of them."""

    sentence: str
    count: int
    examples: list[str]


@cache
def identities() -> tuple[Identity, ...]:
    """The identities of ``identities.sql``: comment lines are the sentence of the query below them."""
    text = resources.files("ods_pipeline.audit").joinpath("identities.sql").read_text(encoding="utf-8")
    _, _, text = text.partition("\n\n")
    found = []
    for written in text.split(";\n"):
        lines = written.strip().splitlines()
        words = [line.removeprefix("-- ") for line in lines if line.startswith("--")]
        if lines:
            found.append(Identity(" ".join(words), "\n".join(lines[len(words) :])))
    return tuple(found)


def broken(connection: duckdb.DuckDBPyConnection, most: int) -> list[Broken]:
    """The identities that do not hold, each with ``most`` examples at most."""
    found = []
    for identity in identities():
        try:
            examples = [str(row[0]) for row in connection.execute(identity.query).fetchall()]
        except duckdb.Error as error:  # a table or column of it is not there
            examples = [f"it cannot be asked: {str(error).splitlines()[0]}"]
        if examples:
            found.append(Broken(identity.sentence, len(examples), sorted(examples)[:most]))
    return found


@dataclass(frozen=True)
class ManifestLine:
    """What the manifest of a release's file declares, and what the published tables hold of it."""

    capture_id: str
    record_count: int
    used: int
    superseded: int
    set_aside: int
    scope: int
    scope_held: int

    @property
    def is_equal(self) -> bool:
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
    """One line a file: RecordCount against the observations of its day and the rows that lost or were set
    aside; PrimaryRoleScope against the primary roles of ``ord.code_systems``."""
    roles = connection.execute(
        "SELECT id FROM ord.code_systems WHERE code_system = 'OrganisationRole'"
    ).fetchall()
    held = {id_ for (id_,) in roles}
    found = []
    for raw in raws:
        for file in raw.files:
            kind = "archive" if file.is_archive else "full"
            scope = {role[""].get("id") for role in file.head.get("PrimaryRole", ())}
            asked = {"kind": kind, "day": raw.day, "id": f"{raw.label}/{kind}"}
            counts = connection.execute(_COUNTS, asked).fetchall()[0]
            declared = int(file.manifest("RecordCount") or 0)
            found.append(
                ManifestLine(f"{raw.label}/{kind}", declared, *counts, len(scope), len(scope & held))
            )
    return found
