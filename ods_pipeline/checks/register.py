"""Conditions on the captures and on the tables of facts, as plain functions on frames.

Lives here: the conditions. Does not live here: which table they belong to and which of them block
(``suite.py``), and the checks of marts, which are SQL (``marts/checks/``).
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from ods_pipeline.checks.base import SAMPLE, Finding, sample, warning
from ods_pipeline.schema import TABLES

SWING_LIMIT = 0.02
FALL_LIMIT = 0.05


def declared_equals_parsed(captures: pl.DataFrame) -> Finding:
    """Check that every capture has as many records as its manifest or receipt declares."""
    wrong = captures.filter(pl.col("declared_records") != pl.col("parsed_records"))
    detail = [
        f"{c}: declared {d:,}, parsed {p:,}"
        for c, d, p in wrong.select("capture_id", "declared_records", "parsed_records").iter_rows()
    ]
    total = captures["parsed_records"].sum()
    return Finding(
        "declared_equals_parsed",
        wrong.is_empty(),
        "; ".join(detail[:SAMPLE])
        or f"all {captures.height:,} captures have the {total:,} records they declare",
        facts={"captures": captures.height, "records": total, "wrong": wrong.height},
    )


def conservation(captures: pl.DataFrame) -> Finding:
    """Check that no record is lost: parsed = used + superseded + quarantined, for each capture."""
    accounted = pl.col("used_records") + pl.col("superseded_records") + pl.col("quarantined_records")
    wrong = captures.filter(pl.col("parsed_records") != accounted)
    return Finding(
        "no_record_lost",
        wrong.is_empty(),
        f"parsed is not used + superseded + quarantined in {sample(wrong['capture_id'])}"
        if wrong.height
        else "parsed = used + superseded + quarantined in every capture",
        facts={
            n: int(captures[f"{n}_records"].sum()) for n in ("parsed", "used", "superseded", "quarantined")
        },
    )


def unique_key(table_id: str, frame: pl.DataFrame) -> Finding:
    """Check that the key of a table is unique."""
    key = TABLES[table_id].key
    # Different hashes mean different keys. Keys are counted only if two hashes are equal.
    has_equal_hashes = frame.select(key).hash_rows().n_unique() < frame.height
    repeated = (
        (frame if has_equal_hashes else frame.clear()).group_by(key).len().filter(pl.col("len") > 1).sort(key)
    )
    labels = repeated.select(
        pl.concat_str([pl.col(k).cast(pl.String) for k in key], separator="/")
    ).to_series()
    return Finding(
        "unique_key",
        repeated.is_empty(),
        f"{repeated.height:,} keys occur more than once: {sample(labels)}"
        if repeated.height
        else f"{frame.height:,} rows, one a key",
        facts={"rows": frame.height, "repeated_keys": repeated.height, "key": ", ".join(key)},
    )


def one_primary_role(organisations: pl.DataFrame, roles: pl.DataFrame, repeated: pl.DataFrame) -> Finding:
    """Check that every organisation has exactly one primary role, the one in its ``primary_role_id``.

    Organisations with a role in ``repeated_ids`` are exempt: that role is left out because another
    organisation has its id.
    """
    exempt = repeated.filter(pl.col("component") == "roles")
    organisations = organisations.join(exempt, on="ods_code", how="anti")
    primary = (
        roles.filter("is_primary")
        .group_by("ods_code")
        .agg(pl.len().alias("primaries"), pl.col("role_id").min())
    )
    joined = organisations.select("ods_code", "primary_role_id").join(primary, on="ods_code", how="left")
    wrong = joined.filter(
        (pl.col("primaries").fill_null(0) != 1) | (pl.col("role_id") != pl.col("primary_role_id"))
    )
    return Finding(
        "one_primary_role",
        wrong.is_empty(),
        f"{wrong.height:,} organisations have none, several or another: {sample(wrong['ods_code'])}"
        if wrong.height
        else f"all {organisations.height:,} organisations have exactly one",
        facts={"organisations": organisations.height, "wrong": wrong.height},
    )


def targets_known_or_listed(
    pointing: pl.DataFrame, organisations: pl.DataFrame, unresolved: pl.DataFrame
) -> Finding:
    """Check that every target of a relationship is an organisation held or is in ``unresolved_targets``."""
    targets = pointing.select("target_ods_code").unique()
    missing = targets.join(organisations, left_on="target_ods_code", right_on="ods_code", how="anti").join(
        unresolved, on="target_ods_code", how="anti"
    )
    return Finding(
        "targets_known_or_listed",
        missing.is_empty(),
        f"{missing.height:,} targets are neither held nor listed: {sample(missing.to_series().sort())}"
        if missing.height
        else f"all {targets.height:,} targets are held or listed ({unresolved.height:,} listed)",
        facts={"targets": targets.height, "listed": unresolved.height, "missing": missing.height},
    )


def nothing_quarantined(quarantined: pl.DataFrame) -> Finding:
    """Warn if a record was set aside. The register is published without it."""
    count = quarantined.height
    rules = ", ".join(
        f"{rule} {n:,}" for rule, n in quarantined["rule"].value_counts().sort("rule").iter_rows()
    )
    problem = f"{count:,} records were set aside ({rules}): {sample(quarantined['ods_code'].drop_nulls())}"
    return warning(
        "nothing_quarantined", problem if count else "", "no record broke a rule", quarantined=count
    )


def nothing_unknown(unknown: pl.DataFrame) -> Finding:
    """Warn if ODS sent an element or attribute that the path maps lack."""
    names, times = unknown["name"].unique().sort(), int(unknown["occurrences"].sum())
    problem = f"ODS sends {len(names):,} names we do not read: {sample(names)}" if len(names) else ""
    return warning("nothing_unknown", problem, "every name is known", names=len(names), occurrences=times)


def nothing_repeated(repeated: pl.DataFrame) -> Finding:
    """Warn if the records of two organisations have the same unique id of a role or relationship."""
    count = repeated.height
    codes = sample(repeated["ods_code"])
    problem = f"{count:,} rows are left out because another organisation has their id: {codes}"
    return warning("nothing_repeated", problem if count else "", "every id occurs once", repeated=count)


def nothing_unresolved(unresolved: pl.DataFrame) -> Finding:
    """Warn if a target of a relationship or succession is not held."""
    count = unresolved.height
    problem = f"{count:,} targets are not held: {sample(unresolved['target_ods_code'])}"
    return warning("nothing_unresolved", problem if count else "", "every target is held", unresolved=count)


def ids_have_names(frame: pl.DataFrame, id_column: str, name_column: str) -> Finding:
    """Warn if a role or relationship id has no name in the code systems held; ids can arrive first."""
    nameless = frame.filter(pl.col(name_column).is_null())[id_column].unique().sort()
    problem = f"{len(nameless):,} ids have no name in the code systems: {sample(nameless)}"
    facts = {"ids": frame[id_column].n_unique(), "unknown": len(nameless)}
    return warning(
        f"{id_column}s_known", problem if len(nameless) else "", "every id has its NHS name", **facts
    )


def no_new_ids(frame: pl.DataFrame, before: pl.DataFrame | None, id_column: str) -> Finding:
    """Warn if a role or relationship id is in use that the last build did not have."""
    new = frame.select(id_column).unique().to_series().sort()
    if before is not None:
        new = new.filter(~new.is_in(before[id_column].unique().implode()))
    return Finding(
        f"no_new_{id_column}s",
        before is None or new.is_empty(),
        "first build: nothing to compare with"
        if before is None
        else (f"new since the last build: {sample(new)}" if len(new) else "none since the last build"),
        blocking=False,
        facts={"new": 0 if before is None else len(new)},
    )


def row_count_swing(rows: int, before: int | None) -> Finding:
    """Warn if the number of rows differs from the last build's by more than 2 %."""
    swing = 0.0 if not before else abs(rows - before) / before
    summary = (
        "first build: nothing to compare with"
        if before is None
        else f"{before:,} rows before, {rows:,} now ({swing:.1%})"
    )
    return Finding(
        "row_count_swing",
        swing <= SWING_LIMIT,
        summary,
        blocking=False,
        facts={"rows": rows, "rows_before": before or 0, "limit": SWING_LIMIT},
    )


def geography_is_not_retired(links: list[tuple[date, int]]) -> Finding:
    """Warn if the number of open RE5 falls by more than 5 % from one release to the next.

    ODS is retiring RE5 (IS LOCATED IN THE GEOGRAPHY OF). An organisation without another link to an ICB loses
    its ICB with it.

    Args:
        links: PublicationDate and number of open RE5 of each release held; the two newest are compared.
    """
    if len(links) < 2:
        return warning("re5_not_falling", "", "one release held: nothing to compare with")
    (day_before, before), (day, now) = sorted(links)[-2:]
    fall = (before - now) / before if before else 0.0
    summary = f"{before:,} open RE5 on {day_before}, {now:,} on {day} ({-fall:+.1%})"
    problem = f"{summary}: ODS retires this link, and organisations without another lose their ICB"
    return warning(
        "re5_not_falling",
        problem if fall > FALL_LIMIT else "",
        summary,
        before=before,
        now=now,
        limit=FALL_LIMIT,
    )


def no_stamp_missing(missing: Sequence[date]) -> Finding:
    """Warn if stamps since the newest release were never asked for.

    Args:
        missing: These stamps, in order (``inventory.missing.missing_stamps``).
    """
    return Finding(
        "no_stamp_missing",
        not missing,
        f"{len(missing):,} stamps were never asked for: {sample(pl.Series([*missing]))}; "
        "fetch them, or take the next release"
        if missing
        else "every stamp since the newest release was asked for",
        blocking=False,
        facts={"missing": len(missing)},
    )
