"""What must hold of the captures and of the tables of facts, as plain functions on frames.

Lives here: the conditions. Does not live here: when they run and what they stop (``assets/``), and the checks
of marts, which are SQL (``marts/checks/``).
"""

from datetime import date, timedelta

import polars as pl

from ods_pipeline.checks.base import SAMPLE, Finding, sample, warning
from ods_pipeline.schema import TABLES

SWING_LIMIT = 0.02
FALL_LIMIT = 0.05


def declared_equals_parsed(captures: pl.DataFrame) -> Finding:
    """Every capture has as many records as its manifest or receipt declares."""
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
    """parsed = used + superseded + quarantined, for each capture: no record is lost."""
    kept = pl.col("used_records") + pl.col("superseded_records") + pl.col("quarantined_records")
    wrong = captures.filter(pl.col("parsed_records") != kept)
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
    """The key of a table is unique."""
    key = TABLES[table_id].key
    # Where all hashes differ all keys do; only where some do not is it worth counting keys.
    doubtful = frame.select(key).hash_rows().n_unique() < frame.height
    repeated = (frame if doubtful else frame.clear()).group_by(key).len().filter(pl.col("len") > 1).sort(key)
    labels = repeated.select(
        pl.concat_str([pl.col(k).cast(pl.String) for k in key], separator="/")
    ).to_series()
    return Finding(
        "unique_key",
        repeated.is_empty(),
        f"{repeated.height:,} keys stand more than once: {sample(labels)}"
        if repeated.height
        else f"{frame.height:,} rows, one a key",
        facts={"rows": frame.height, "repeated_keys": repeated.height, "key": ", ".join(key)},
    )


def one_primary_role(organisations: pl.DataFrame, roles: pl.DataFrame, repeated: pl.DataFrame) -> Finding:
    """Every organisation has exactly one primary role, and its primary_role_id is that role; but for those
    of which a role is left out because another organisation has its id (``repeated_ids``)."""
    left_out = repeated.filter(pl.col("component") == "roles")
    organisations = organisations.join(left_out, on="ods_code", how="anti")
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
    """Every target of a relationship is an organisation held, or stands in unresolved_targets."""
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
    """No record was set aside (a warning: the register goes on without them)."""
    count = quarantined.height
    rules = ", ".join(
        f"{rule} {n:,}" for rule, n in quarantined["rule"].value_counts().sort("rule").iter_rows()
    )
    told = f"{count:,} records were set aside ({rules}): {sample(quarantined['ods_code'].drop_nulls())}"
    return warning("nothing_quarantined", told if count else "", "no record broke a rule", quarantined=count)


def nothing_unknown(unknown: pl.DataFrame) -> Finding:
    """ODS sent no element or attribute that the path maps lack (a warning)."""
    names, times = unknown["name"].unique().sort(), int(unknown["occurrences"].sum())
    told = f"ODS sends {len(names):,} names we do not read: {sample(names)}" if len(names) else ""
    return warning("nothing_unknown", told, "every name is known", names=len(names), occurrences=times)


def nothing_repeated(repeated: pl.DataFrame) -> Finding:
    """No unique id of a role or relationship stands in the records of two organisations (a warning)."""
    count = repeated.height
    told = f"{count:,} rows are left out, another organisation has their id: {sample(repeated['ods_code'])}"
    return warning("nothing_repeated", told if count else "", "every id stands once", repeated=count)


def nothing_unresolved(unresolved: pl.DataFrame) -> Finding:
    """Every target of a relationship or succession is held (a warning)."""
    count = unresolved.height
    told = f"{count:,} targets are not held: {sample(unresolved['target_ods_code'])}"
    return warning("nothing_unresolved", told if count else "", "every target is held", unresolved=count)


def ids_have_names(frame: pl.DataFrame, id_column: str, name_column: str) -> Finding:
    """Every role or relationship id is in the code systems held (a warning: ids can come ahead of names)."""
    nameless = frame.filter(pl.col(name_column).is_null())[id_column].unique().sort()
    told = f"{len(nameless):,} ids have no name in the code systems: {sample(nameless)}"
    facts = {"ids": frame[id_column].n_unique(), "unknown": len(nameless)}
    return warning(f"{id_column}s_known", told if len(nameless) else "", "every id has its NHS name", **facts)


def no_new_ids(frame: pl.DataFrame, before: pl.DataFrame | None, id_column: str) -> Finding:
    """No role or relationship id is in use that was not in use at the last build (a warning)."""
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
    """The number of rows is within 2 % of the last build's (a warning)."""
    swing = 0.0 if not before else abs(rows - before) / before
    told = (
        "first build: nothing to compare with"
        if before is None
        else f"{before:,} rows before, {rows:,} now ({swing:.1%})"
    )
    return Finding(
        "row_count_swing",
        swing <= SWING_LIMIT,
        told,
        blocking=False,
        facts={"rows": rows, "rows_before": before or 0, "limit": SWING_LIMIT},
    )


def open_links(relationships: pl.LazyFrame, rel_id: str, day: date) -> int:
    """How many relationships of a type hold on a day by their operational dates (ends inclusive)."""
    start, end = pl.col("operational_start"), pl.col("operational_end")
    holds = (start <= day) & (end.is_null() | (end >= day))
    return relationships.filter((pl.col("rel_id") == rel_id) & holds).select(pl.len()).collect().item()


def geography_is_not_retired(links: list[tuple[date, int]]) -> Finding:
    """RE5 (IS LOCATED IN THE GEOGRAPHY OF) is being retired, and with it goes the ICB of whoever has no other
    link to one. ``links`` holds the PublicationDate of each release held and how many RE5 held on it; a fall
    of more than 5 % from the release before to the newest one warns."""
    if len(links) < 2:
        return warning("re5_not_falling", "", "one release held: nothing to compare with")
    (day_before, before), (day, now) = sorted(links)[-2:]
    fall = (before - now) / before if before else 0.0
    told = f"{before:,} open RE5 on {day_before}, {now:,} on {day} ({-fall:+.1%})"
    trouble = f"{told}: ODS retires this link, and the ICB of bodies without another goes with it"
    return warning(
        "re5_not_falling",
        trouble if fall > FALL_LIMIT else "",
        told,
        before=before,
        now=now,
        limit=FALL_LIMIT,
    )


def missing_stamps(captures: pl.DataFrame) -> list[date]:
    """The LastChangeDate stamps, from the newest release's PublicationDate to the newest delta, that no fetch
    asked for. Empty without deltas."""
    deltas = captures.filter(pl.col("kind") == "delta")
    releases = captures.filter(pl.col("kind") == "full")
    if deltas.is_empty() or releases.is_empty():
        return []
    first, last = releases["publication_date"].max(), deltas["as_of"].max()
    assert isinstance(first, date) and isinstance(last, date)
    asked: set[date] = set()
    for start, end in deltas.select("stamps_from", "stamps_to").iter_rows():
        asked.update(start + timedelta(days=n) for n in range((end - start).days + 1))
    span = last.toordinal() - first.toordinal()
    return [d for n in range(span + 1) if (d := first + timedelta(days=n)) not in asked]


def no_stamp_missing(captures: pl.DataFrame) -> Finding:
    """Every stamp since the newest release was asked for (a warning)."""
    missing = missing_stamps(captures)
    return Finding(
        "no_stamp_missing",
        not missing,
        f"{len(missing):,} stamps were never asked for: {sample(pl.Series(missing))}; "
        "fetch them, or take the next release"
        if missing
        else "every stamp since the newest release was asked for",
        blocking=False,
        facts={"missing": len(missing)},
    )
