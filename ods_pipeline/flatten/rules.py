"""The rules that a record must meet to enter the register. A record that breaks one goes to quarantine whole.

Lives here: rules about typed values, and the shape in which a broken rule is reported. Does not live here:
values that cannot be typed (``rows.py``), lost elements (``xml/scan.py``), payloads that are not
records (``json/record.py``, ``fetch.py``).
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
# XML 1.0 forbids these (section 2.2, production Char), but xml2arrow lets them pass.
CONTROL_CHARACTERS = r"[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]"


def broken_rules(frames: dict[str, pl.DataFrame]) -> list[pl.DataFrame]:
    """Return a frame of ``record, rule, detail`` for each rule that some record breaks.

    Args:
        frames: The typed frames of a document, before the helper columns (``code_root``, ``primaries``) go.
    """
    problems = _broken(frames["organisations"], _organisation_rules())
    for table in COMPONENTS:
        problems += _broken(frames[table], _component_rules(table))
    for table, column in (("roles", "unique_role_id"), ("relationships", "unique_rel_id")):
        problems += _repeated_ids(frames[table], table, column)
    return problems


def problems_of(rows: pl.DataFrame, rule: str, detail: pl.Expr) -> pl.DataFrame:
    """Return one problem (``record, rule, detail``) for each of ``rows``, all of which break ``rule``."""
    return rows.select(
        pl.col("record").cast(pl.UInt32), pl.lit(rule).alias("rule"), detail.cast(pl.String).alias("detail")
    )


@dataclass(frozen=True)
class _Rule:
    """A rule: ``broken`` is true for the rows that break it and never null; ``detail`` describes how."""

    name: str
    broken: pl.Expr
    detail: pl.Expr


def _broken(frame: pl.DataFrame, rules: list[_Rule]) -> list[pl.DataFrame]:
    """Evaluate all rules in one pass; only a rule that some row breaks is looked at again."""
    if not rules:
        return []
    any_broken = frame.select(r.broken.any().alias(str(n)) for n, r in enumerate(rules)).row(0)
    return [
        problems_of(frame.filter(rule.broken), rule.name, rule.detail)
        for rule, is_broken in zip(rules, any_broken, strict=True)
        if is_broken
    ]


def control_characters(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return a problem for each text that holds a character which XML forbids (``record, rule, detail``)."""
    problems = [pl.DataFrame(schema=PROBLEM_SCHEMA)]
    for table, frame in frames.items():
        for column in (name for name, dtype in frame.schema.items() if dtype == pl.String):
            bad = frame.filter(pl.col(column).str.contains(CONTROL_CHARACTERS))
            problems.append(problems_of(bad, "control_character", pl.lit(f"one is in {table}.{column}")))
    return pl.concat(problems)


@cache
def _organisation_rules() -> list[_Rule]:
    """Return the rules about the record itself: a code, a name, a class, a status, one primary role."""
    has_content = pl.any_horizontal(
        pl.col("ods_code", "name", "last_change_date", "operational_start", "primaries").is_not_null()
    )
    primaries = pl.col("primaries").fill_null(0)
    return [
        _Rule("empty_record", ~has_content, pl.lit("the Organisation element has no content")),
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


# A component without one of these values makes no row.
_NEEDED = {
    "roles": ["role_id", "unique_role_id"],
    "relationships": ["rel_id", "unique_rel_id", "target_ods_code"],
    "successions": ["succession_type", "target_ods_code", "legal_start"],
}
# A component with none of these values has no content.
_CONTENT = {
    "roles": ["status", "legal_start", "operational_start"],
    "relationships": ["status", "legal_start", "operational_start", "target_ods_code"],
}


@cache
def _component_rules(table: str) -> list[_Rule]:
    """Return the rules about a component: the values that a row of its own needs are present and known."""
    rules = [
        _Rule("incomplete_component", pl.col(column).is_null(), pl.lit(f"{table} without {column}"))
        for column in _NEEDED.get(table, ())  # contacts that lack one are left out (``rows.py``)
    ]
    if table in _CONTENT:
        is_empty = pl.all_horizontal(pl.col(_CONTENT[table]).is_null())
        rules.append(_Rule("empty_component", is_empty, pl.lit(f"one of {table} has no content")))
        rules.append(
            _Rule(
                "unknown_status",
                ~pl.col("status").is_in(STATUSES).fill_null(True),
                pl.format("{} has the status '{}'", pl.lit(table), "status"),
            )
        )
    if table == "successions":
        rules.append(
            _Rule(
                "unknown_succession_type",
                ~pl.col("succession_type").is_in(SUCCESSION_TYPES).fill_null(True),
                pl.format("the type is '{}'", "succession_type"),
            )
        )
    if table in ("relationships", "successions"):
        detail = pl.format("the target's OrgId root is '{}'", "target_code_root")
        rules.append(_Rule("foreign_code_root", _is_foreign("target_code_root"), detail))
    return rules


def _is_foreign(root: str) -> pl.Expr:
    return (pl.col(root) != ODS_CODE_ROOT).fill_null(False)


def _repeated_ids(frame: pl.DataFrame, table: str, column: str) -> list[pl.DataFrame]:
    """Report records that give one unique id to two of their components.

    Two records that share an id are not a matter of one document: ``history/fold.py`` handles them.
    """
    ids = frame[column]
    # Nearly always every id is unique, and then the grouping is not needed.
    if ids.n_unique() - (ids.null_count() > 0) == frame.height - ids.null_count():
        return []
    by_record = frame.select("record", column).drop_nulls()
    repeated = by_record.group_by("record", column).len("times").filter(pl.col("times") > 1).sort("record")
    detail = pl.format("{} {} occurs {} times in {}", pl.lit(column), column, "times", pl.lit(table))
    return [problems_of(repeated, "repeated_unique_id", detail)]
