"""The rules a record must keep to enter the register. A record that breaks one is set aside whole.

Lives here: rules about values that are typed already. Does not live here: values that could not be typed
(``rows.py``), elements that were lost on the way (``document.py``), payloads that are no records
(``record.py``, ``fetch.py``).
"""

from dataclasses import dataclass
from functools import cache

import polars as pl

from ods_pipeline.schema import COMPONENTS
from ods_pipeline.schema.codes import ODS_CODE_ROOT
from ods_pipeline.schema.facts import STATUSES

RECORD_CLASSES = ("RC1", "RC2")
SUCCESSION_TYPES = ("Predecessor", "Successor")
PROBLEM_SCHEMA = {"record": pl.UInt32, "rule": pl.String, "detail": pl.String}
# What XML 1.0 cannot carry (section 2.2, production Char); xml2arrow lets it pass.
CONTROL_CHARACTERS = r"[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]"


def broken_rules(frames: dict[str, pl.DataFrame]) -> list[pl.DataFrame]:
    """Every broken rule of every record: frames of ``record, rule, detail``, one a rule that is broken."""
    found = _broken(frames["organisations"], _of_organisations())
    for table in COMPONENTS:
        found += _broken(frames[table], _of_components(table))
    for table, column in (("roles", "unique_role_id"), ("relationships", "unique_rel_id")):
        found += _repeated_ids(frames[table], table, column)
    return found


@dataclass(frozen=True)
class _Rule:
    """``broken`` is true of rows that break it (never null), ``detail`` says how."""

    name: str
    broken: pl.Expr
    detail: pl.Expr


def _broken(frame: pl.DataFrame, rules: list[_Rule]) -> list[pl.DataFrame]:
    """All rules are asked at once, and only what some row breaks is looked at closely."""
    any_broken = frame.select(r.broken.any().alias(str(n)) for n, r in enumerate(rules)).row(0)
    return [
        _report(frame.filter(rule.broken), rule.name, rule.detail)
        for rule, is_broken in zip(rules, any_broken, strict=True)
        if is_broken
    ]


def control_characters(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Problems of records in whose texts stands a character that no text may hold."""
    found = [pl.DataFrame(schema=PROBLEM_SCHEMA)]
    for table, frame in frames.items():
        for column in (name for name, dtype in frame.schema.items() if dtype == pl.String):
            bad = frame.filter(pl.col(column).str.contains(CONTROL_CHARACTERS))
            found.append(_report(bad, "control_character", pl.lit(f"one stands in {table}.{column}")))
    return pl.concat(found)


@cache
def _of_organisations() -> list[_Rule]:
    """Rules about the record itself; the order of the contract: a code, a name, a class, a status."""
    said = pl.any_horizontal(
        pl.col("ods_code", "name", "last_change_date", "operational_start", "primaries").is_not_null()
    )
    primaries = pl.col("primaries").fill_null(0)
    return [
        _Rule("empty_record", ~said, pl.lit("the Organisation element has no content")),
        _Rule("no_ods_code", pl.col("ods_code").is_null(), pl.lit("the record has no OrgId extension")),
        _Rule(
            "foreign_code_root", _is_foreign("code_root"), pl.format("the OrgId root is '{}'", "code_root")
        ),
        _Rule("no_name", pl.col("name").is_null(), pl.lit("the record has no Name")),
        _Rule(
            "unknown_record_class",
            ~pl.col("record_class").is_in(RECORD_CLASSES).fill_null(False),
            pl.format("the record class is '{}'", pl.col("record_class").fill_null("")),
        ),
        _Rule(
            "unknown_status",
            ~pl.col("status").is_in(STATUSES).fill_null(False),
            pl.format("the status is '{}'", pl.col("status").fill_null("")),
        ),
        _Rule(
            "primary_role_count",
            primaries != 1,
            pl.format("{} roles are primary, and exactly one should be", primaries),
        ),
    ]


_NEEDED = {
    "roles": ["role_id", "unique_role_id"],
    "relationships": ["rel_id", "unique_rel_id", "target_ods_code"],
    "successions": ["succession_type", "target_ods_code", "legal_start"],
    "contacts": ["contact_type", "contact_value"],
}
_CONTENT = {
    "roles": ["status", "legal_start", "operational_start"],
    "relationships": ["status", "legal_start", "operational_start", "target_ods_code"],
}


@cache
def _of_components(table: str) -> list[_Rule]:
    """Rules about parts of a record: what is needed for a row of its own must be there."""
    found = [
        _Rule("incomplete_component", pl.col(column).is_null(), pl.lit(f"{table} without {column}"))
        for column in _NEEDED[table]
    ]
    if table in _CONTENT:
        nothing = pl.all_horizontal(pl.col(_CONTENT[table]).is_null())
        found.append(_Rule("empty_component", nothing, pl.lit(f"one of {table} has no content")))
        found.append(
            _Rule(
                "unknown_status",
                ~pl.col("status").is_in(STATUSES).fill_null(True),
                pl.format("{} has the status '{}'", pl.lit(table), "status"),
            )
        )
    if table == "successions":
        found.append(
            _Rule(
                "unknown_succession_type",
                ~pl.col("succession_type").is_in(SUCCESSION_TYPES).fill_null(True),
                pl.format("the type is '{}'", "succession_type"),
            )
        )
    if table in ("relationships", "successions"):
        detail = pl.format("the target's OrgId root is '{}'", "target_code_root")
        found.append(_Rule("foreign_code_root", _is_foreign("target_code_root"), detail))
    return found


def _is_foreign(root: str) -> pl.Expr:
    return (pl.col(root) != ODS_CODE_ROOT).fill_null(False)


def _repeated_ids(frame: pl.DataFrame, table: str, column: str) -> list[pl.DataFrame]:
    """Records that give one unique id to two of their parts. Only a table in which any id stands twice is
    worth a closer look; what two records share is for ``fold.py`` to see."""
    ids = frame[column]
    if ids.n_unique() - (ids.null_count() > 0) == frame.height - ids.null_count():
        return []
    given = frame.select("record", column).drop_nulls()
    repeated = given.group_by("record", column).len("times").filter(pl.col("times") > 1)
    detail = pl.format("{} {} stands {} times in {}", pl.lit(column), column, "times", pl.lit(table))
    return [_report(repeated, "repeated_unique_id", detail)]


def _report(rows: pl.DataFrame, rule: str, detail: pl.Expr) -> pl.DataFrame:
    return rows.select(
        pl.col("record").cast(pl.UInt32), pl.lit(rule).alias("rule"), detail.cast(pl.String).alias("detail")
    )
