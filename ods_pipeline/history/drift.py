"""Drift: where a release contradicts what was held before it.

A release comes once a month and holds every record, so it tests the deltas: what they should have shown, and
did not, appears here. A release speaks for its own day only, and never overrules a later observation.

Lives here: the comparison of a release with earlier observations. Does not live here: the versions that all
observations make (``fold.py``).

A release is compared only if at least one delta was held since the release before it. Equal observations of
consecutive releases are one row. So only two kinds of code can drift in a release: those whose row begins
there, and those that a delta showed since the release before.
"""

import polars as pl

from ods_pipeline.history.columns import RECORD, VERSION
from ods_pipeline.history.tables import History, release_files
from ods_pipeline.schema import COMPONENTS, TABLES

# What is compared of an observation.
_COMPARED = ["ods_code", "as_of", "last_change_date", "content_hash", "core_hash", "is_partial", "capture_id"]
# The value of ``fields`` where there are no two contents to compare column by column.
WHOLE_RECORD = "record"


def drift(history: History) -> pl.DataFrame:
    """Return the rows of ``marts.drift``, in its columns and order. Pure, and without a clock."""
    released = _released(history)
    held = _held_before(released, history)
    fetches = history.captures.filter(pl.col("kind") == "delta")
    missed = _missed(held, history, fetches).with_columns(pl.lit("missed").alias("drift_kind"))
    # If a record leaves fields out, only its core can be compared.
    compared = pl.when("held_partial").then(pl.col("core_hash") != pl.col("held_core"))
    different = held.filter(
        pl.col("last_change_date") == pl.col("held_stamp"),
        compared.otherwise(pl.col("content_hash") != pl.col("held_hash")),
    ).with_columns(pl.lit("different").alias("drift_kind"))
    rows = pl.concat([missed, different], how="diagonal")
    table = TABLES["drift"]
    return (
        _with_fields(rows, history)
        .join(release_files(history.captures), on=["as_of", "published_in"], how="left")
        .with_columns(pl.coalesce("release_id", "capture_id").alias("capture_id"))
        .rename({"as_of": "release_as_of", "last_change_date": "release_stamp"})
        .select(table.columns)
        .cast(pl.Schema(table.dtypes))
        .sort(table.key)
    )


def _released(history: History) -> pl.DataFrame:
    """Return what each compared release shows of each code that can drift in it.

    Returns:
        The columns of ``_COMPARED``, with the release's own ``as_of``, and ``published_in``.
    """
    complete = history.observations.filter(~pl.col("ref_only"))
    runs = complete.filter(~pl.col("is_delta"))
    releases = _compared_releases(history.captures)
    begun = runs.join(releases, on="as_of", how="semi")
    later = (
        complete.filter("is_delta")
        .select("ods_code", pl.col("as_of").alias("delta_as_of"))
        .sort("delta_as_of")
        .join_asof(
            releases.sort("as_of"),
            left_on="delta_as_of",
            right_on="as_of",
            strategy="forward",
            coalesce=False,
        )
        .filter(pl.col("as_of").is_not_null())
        .select("ods_code", "as_of")
        .unique()
    )
    going_on = (
        later.sort("as_of")
        .join_asof(
            runs.rename({"as_of": "run_as_of"}).sort("run_as_of", maintain_order=True),
            by="ods_code",
            left_on="as_of",
            right_on="run_as_of",
            strategy="backward",
            coalesce=False,
            check_sortedness=False,
        )
        .filter((pl.col("run_as_of") < pl.col("as_of")) & (pl.col("as_of") <= pl.col("as_of_last")))
    )
    columns = [*_COMPARED, "published_in"]
    return pl.concat([begun.select(columns), going_on.select(columns)])


def _compared_releases(captures: pl.DataFrame) -> pl.DataFrame:
    """Return ``as_of`` of each release with a delta since the release before; the days of both count."""
    days = captures.filter(pl.col("kind") != "delta").select("as_of").unique().sort("as_of")
    fetched = captures.filter(pl.col("kind") == "delta").select("as_of").unique().sort("as_of")
    return (
        days.with_columns(pl.col("as_of").shift(1).alias("release_before"))
        .join_asof(fetched.rename({"as_of": "fetched_on"}), left_on="as_of", right_on="fetched_on")
        .filter(pl.col("fetched_on").is_not_null())
        .filter((pl.col("fetched_on") >= pl.col("release_before")).fill_null(True))
        .select("as_of")
    )


def _held_before(released: pl.DataFrame, history: History) -> pl.DataFrame:
    """Add what was held of each code when the release came.

    That is the newest observation among those of earlier releases and those of deltas up to the release's own
    day: ``held_stamp, held_hash, held_core, held_partial, held_as_of, held_capture_id``. ``newest_stamp`` is
    the newest stamp among
    all of them. All are null if the code was not held.
    """
    codes = released.select("ods_code").unique()
    complete = history.observations.filter(~pl.col("ref_only")).join(codes, on="ods_code", how="semi")
    deltas = (
        complete.filter("is_delta")
        .sort("ods_code", "as_of", "capture_id")
        .unique(["ods_code", "as_of"], keep="last", maintain_order=True)
    )
    runs = complete.filter(~pl.col("is_delta")).with_columns(
        pl.col("as_of_last").alias("as_of"), pl.col("last_capture_id").alias("capture_id")
    )
    rows = released.sort("as_of")
    for name, points, same_day in (("delta", deltas, True), ("release", runs, False)):
        rows = rows.join_asof(
            _points(points, name),
            left_on="as_of",
            right_on=f"{name}_as_of",
            by="ods_code",
            strategy="backward",
            allow_exact_matches=same_day,
            coalesce=False,
            check_sortedness=False,
        )
    # On one day a delta counts after a release, so it is the newer one.
    by_delta = (pl.col("delta_as_of") >= pl.col("release_as_of")).fill_null(
        pl.col("delta_as_of").is_not_null()
    )
    held = ("stamp", "hash", "core", "partial", "as_of", "capture_id")
    return rows.with_columns(
        *(pl.when(by_delta).then(f"delta_{c}").otherwise(f"release_{c}").alias(f"held_{c}") for c in held),
        pl.max_horizontal("delta_newest", "release_newest").alias("newest_stamp"),
    ).drop([f"{n}_{c}" for n in ("delta", "release") for c in (*held, "newest")])


def _points(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return observations with their columns prefixed by ``name``, and the newest stamp up to each one."""
    return (
        # If two releases speak for one day, the later one counts, so the order is kept below.
        rows.sort("ods_code", "as_of", "capture_id")
        .with_columns(pl.col("last_change_date").cum_max().over("ods_code").alias("newest"))
        .select(
            "ods_code",
            *(
                pl.col(c).alias(f"{name}_{short}")
                for c, short in (
                    ("last_change_date", "stamp"),
                    ("content_hash", "hash"),
                    ("core_hash", "core"),
                    ("is_partial", "partial"),
                    ("as_of", "as_of"),
                    ("capture_id", "capture_id"),
                    ("newest", "newest"),
                )
            ),
        )
        .sort(f"{name}_as_of", maintain_order=True)
    )


def _missed(held: pl.DataFrame, history: History, fetches: pl.DataFrame) -> pl.DataFrame:
    """Return the records that the deltas missed.

    A record is missed if its stamp is newer than every stamp held, a fetch up to the release's day had
    requested that stamp, and no fetch that requested it ever showed the record. A fetch on the day that is
    both the day of the stamp and of the release proves nothing: the record may have been edited later that
    day.
    """
    newer = held.filter(
        pl.col("newest_stamp").is_null() | (pl.col("last_change_date") > pl.col("newest_stamp"))
    )
    windows = fetches.select(pl.col("as_of").alias("fetched_on"), "stamps_from", "stamps_to")
    stamps = newer.select("as_of", "last_change_date").drop_nulls().unique()
    requests = (
        stamps.join(windows, how="cross")
        .filter(
            pl.col("last_change_date").is_between("stamps_from", "stamps_to"),
            pl.col("fetched_on") >= pl.col("last_change_date"),
        )
        .with_columns(
            (
                (pl.col("fetched_on") <= pl.col("as_of"))
                & (
                    (pl.col("fetched_on") > pl.col("last_change_date"))
                    | (pl.col("last_change_date") < pl.col("as_of"))
                )
            ).alias("proves")
        )
        .group_by("as_of", "last_change_date")
        .agg(pl.col("proves").any(), pl.col("fetched_on").max().alias("last_requested"))
        .filter("proves")
    )
    suspects = newer.join(requests, on=["as_of", "last_change_date"])
    shown = (
        history.observations.filter(pl.col("is_delta") & ~pl.col("ref_only"))
        .select(
            "ods_code", pl.col("as_of").alias("shown_on"), pl.col("last_change_date").alias("shown_stamp")
        )
        .join(suspects.select("ods_code", "as_of", "last_change_date", "last_requested"), on="ods_code")
        .filter(
            (pl.col("shown_stamp") >= pl.col("last_change_date"))
            & (pl.col("shown_on") <= pl.max_horizontal("last_requested", "as_of"))
        )
    )
    return suspects.join(shown, on=["ods_code", "as_of"], how="anti").drop("last_requested", "proves")


def _with_fields(rows: pl.DataFrame, history: History) -> pl.DataFrame:
    """Add ``fields``: the columns and components in which the release and the held record differ.

    It is ``WHOLE_RECORD`` if the code was not held, or if the content of either side is no longer kept.
    """
    key = ["ods_code", "content_hash"]
    wanted = pl.concat([rows.select(key), rows.select("ods_code", pl.col("held_hash").alias("content_hash"))])
    versions = (
        history.organisations.join(wanted.unique(), on=key, how="semi")
        .sort(*key, "known_from")
        .unique(key, keep="first", maintain_order=True)
        .select(*key, "known_from", *RECORD)
    )
    for name in COMPONENTS:
        versions = versions.join(_component_text(history, versions, name), on=key, how="left")
    compared = [*RECORD, *COMPONENTS]
    held = versions.select(
        "ods_code",
        pl.col("content_hash").alias("held_hash"),
        pl.lit(True).alias("is_held"),
        *(pl.col(c).alias(f"{c}_held") for c in compared),
    )
    now = versions.select(*key, pl.lit(True).alias("is_released"), *compared)
    both = rows.join(now, on=key, how="left").join(held, on=["ods_code", "held_hash"], how="left")
    differing = pl.concat_list(
        pl.when(pl.col(c).ne_missing(pl.col(f"{c}_held"))).then(pl.lit(c)) for c in compared
    ).list.drop_nulls()
    known = pl.col("is_held") & pl.col("is_released")
    return both.with_columns(
        pl.when(known).then(differing).otherwise(pl.concat_list(pl.lit(WHOLE_RECORD))).alias("fields")
    )


def _component_text(history: History, versions: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return all rows of one component of each version as one text, so that two versions can be compared.

    Fax numbers are left out, because the API may leave them out.
    """
    table = TABLES[f"history.{name}"]
    columns = [c for c in table.columns if c not in (*VERSION, "ordinal")]
    rows = history.parts[name]
    if name == "contacts":
        rows = rows.filter(pl.col("contact_type") != "fax")
    line = pl.concat_str([pl.col(c).cast(pl.String).fill_null("\x00") for c in columns], separator="\x1f")
    keys = versions.lazy().select("ods_code", "known_from", "content_hash")
    return (
        rows.join(keys, on=["ods_code", "known_from"])
        .select("ods_code", "content_hash", line.alias(name))
        .sort("ods_code", "content_hash", name)
        .group_by("ods_code", "content_hash", maintain_order=True)
        .agg(pl.col(name).str.join("\x1d"))
        .collect()
    )
