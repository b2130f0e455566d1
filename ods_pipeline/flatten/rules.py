"""The rules a record must keep to enter the register. A record that breaks one is set aside whole.

Lives here: rules about values that are typed already. Does not live here: values that could not be typed
(``rows.py``), elements that were lost on the way (``document.py``), payloads that are no records
(``record.py``, ``fetch.py``).
"""

import polars as pl

from ods_pipeline.codes import ODS_CODE_ROOT
from ods_pipeline.schema import COMPONENTS
from ods_pipeline.schema.facts import STATUSES

PROBLEM_SCHEMA = {"record": pl.UInt32, "rule": pl.String, "detail": pl.String}
# What XML 1.0 cannot carry (section 2.2, production Char); xml2arrow lets it pass.
CONTROL_CHARACTERS = r"[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]"


def broken_rules(frames: dict[str, pl.DataFrame]) -> list[pl.DataFrame]:
    """Every broken rule of every record: frames of ``record, rule, detail``, one a rule."""
    return [*_bad_organisations(frames), *_bad_components(frames)]


def control_characters(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Problems of records in whose texts stands a character that no text may hold."""
    found = [pl.DataFrame(schema=PROBLEM_SCHEMA)]
    for table, frame in frames.items():
        for column in (name for name, dtype in frame.schema.items() if dtype == pl.String):
            bad = frame.filter(pl.col(column).str.contains(CONTROL_CHARACTERS))
            found.append(_report(bad, "control_character", pl.lit(f"one stands in {table}.{column}")))
    return pl.concat(found)


def _bad_organisations(frames: dict[str, pl.DataFrame]) -> list[pl.DataFrame]:
    """Rules about the record itself; the order of the contract: a code, a name, a class, a status."""
    organisations, roles = frames["organisations"], frames["roles"]
    primaries = roles.group_by("record").agg(pl.col("is_primary").sum().cast(pl.Int64).alias("primaries"))
    looked_at = organisations.join(primaries, on="record", how="left")
    said = pl.any_horizontal(
        pl.col("ods_code", "name", "last_change_date", "operational_start", "primaries").is_not_null()
    )
    rules = {
        "empty_record": (~said, pl.lit("the Organisation element has no content")),
        "no_ods_code": (pl.col("ods_code").is_null(), pl.lit("the record has no OrgId extension")),
        "foreign_code_root": (
            pl.col("code_root").is_not_null() & (pl.col("code_root") != ODS_CODE_ROOT),
            pl.format("the OrgId root is '{}'", "code_root"),
        ),
        "no_name": (pl.col("name").is_null(), pl.lit("the record has no Name")),
        "unknown_record_class": (
            ~pl.col("record_class").is_in(["RC1", "RC2"]).fill_null(False),
            pl.format("the record class is '{}'", pl.col("record_class").fill_null("")),
        ),
        "unknown_status": (
            ~pl.col("status").is_in(STATUSES).fill_null(False),
            pl.format("the status is '{}'", pl.col("status").fill_null("")),
        ),
        "primary_role_count": (
            pl.col("primaries").fill_null(0) != 1,
            pl.format("{} roles are primary, and exactly one should be", pl.col("primaries").fill_null(0)),
        ),
    }
    return [_report(looked_at.filter(broken), rule, detail) for rule, (broken, detail) in rules.items()]


def _bad_components(frames: dict[str, pl.DataFrame]) -> list[pl.DataFrame]:
    """Rules about parts of a record: what is needed for a row of its own must be there."""
    needed = {
        "roles": ["role_id", "unique_role_id"],
        "relationships": ["rel_id", "unique_rel_id", "target_ods_code"],
        "successions": ["succession_type", "target_ods_code", "legal_start"],
        "contacts": ["contact_type", "contact_value"],
    }
    content = {
        "roles": ["status", "legal_start", "operational_start"],
        "relationships": ["status", "legal_start", "operational_start", "target_ods_code"],
    }
    found = []
    for table, columns in content.items():
        nothing = pl.all_horizontal(pl.col(columns).is_null())
        detail = pl.lit(f"one of {table} has no content")
        found.append(_report(frames[table].filter(nothing), "empty_component", detail))
    for table in COMPONENTS:
        for column in needed[table]:
            found.append(
                _report(
                    frames[table].filter(pl.col(column).is_null()),
                    "incomplete_component",
                    pl.lit(f"{table} without {column}"),
                )
            )
    for table, column in (("roles", "unique_role_id"), ("relationships", "unique_rel_id")):
        found.append(_repeated_ids(frames[table], table, column))
    for table in ("roles", "relationships"):
        unknown = pl.col("status").is_not_null() & ~pl.col("status").is_in(STATUSES)
        found.append(
            _report(
                frames[table].filter(unknown),
                "unknown_status",
                pl.format("{} has the status '{}'", pl.lit(table), "status"),
            )
        )
    unknown = ~pl.col("succession_type").is_in(["Predecessor", "Successor"])
    found.append(
        _report(
            frames["successions"].filter(unknown),
            "unknown_succession_type",
            pl.format("the type is '{}'", "succession_type"),
        )
    )
    for table in ("relationships", "successions"):
        foreign = pl.col("target_code_root").is_not_null() & (pl.col("target_code_root") != ODS_CODE_ROOT)
        found.append(
            _report(
                frames[table].filter(foreign),
                "foreign_code_root",
                pl.format("the target's OrgId root is '{}'", "target_code_root"),
            )
        )
    return found


def _repeated_ids(frame: pl.DataFrame, table: str, column: str) -> pl.DataFrame:
    """Records that give one unique id to two of their parts. Only a table in which any id stands twice is
    worth a closer look; what two records share is for ``fold.py`` to see."""
    given = frame.select("record", column).drop_nulls()
    if given[column].n_unique() == given.height:
        return pl.DataFrame(schema=PROBLEM_SCHEMA)
    repeated = given.group_by("record", column).len("times").filter(pl.col("times") > 1)
    detail = pl.format("{} {} stands {} times in {}", pl.lit(column), column, "times", pl.lit(table))
    return _report(repeated, "repeated_unique_id", detail)


def _report(rows: pl.DataFrame, rule: str, detail: pl.Expr) -> pl.DataFrame:
    return rows.select(
        pl.col("record").cast(pl.UInt32), pl.lit(rule).alias("rule"), detail.cast(pl.String).alias("detail")
    )
