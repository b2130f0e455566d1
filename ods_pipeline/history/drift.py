"""Where a release contradicts what was held before it. A release comes once a month and holds everything, so
it is the proof of the deltas: what they should have shown, and did not, shows here.

What lives here: the comparison of observations. What does not: what a release says beyond that (it speaks for
its own day only, and never overrules a later observation).

A release is compared where deltas were held before it and after the release before. Equal rows of releases
one after another are one observation, so only two kinds of code can drift in a release: those whose
observation begins there, and those that a delta showed since the release before.
"""

import polars as pl

from ods_pipeline.history.tables import History, release_files
from ods_pipeline.schema import COMPONENTS, TABLES

# Columns of a version that are content: what can differ.
_NOT_CONTENT = (
    "ods_code",
    "known_from",
    "known_to",
    "content_hash",
    "is_unstamped",
    "stamped_on",
    "last_change_date",
    "published_in",
    "capture_id",
    "last_capture_id",
    "gone_by",
    "status_is_inferred",
)
_SEEN = ["ods_code", "as_of", "last_change_date", "content_hash", "capture_id"]
WHOLE_RECORD = "record"


def drift(history: History) -> pl.DataFrame:
    """The rows of ``marts.drift``, in its columns and order. Pure and without a clock."""
    said = _said_by_releases(history)
    held = _held_before(said, history)
    fetches = history.captures.filter(pl.col("kind") == "delta")
    missed = _missed(held, history, fetches).with_columns(pl.lit("missed").alias("drift_kind"))
    different = held.filter(
        (pl.col("last_change_date") == pl.col("held_stamp")) & (pl.col("content_hash") != pl.col("held_hash"))
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


def _said_by_releases(history: History) -> pl.DataFrame:
    """What each release that can be compared says of each code that can drift in it: the columns of _SEEN and
    ``published_in``, with the release's own ``as_of``."""
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
            runs.rename({"as_of": "run_as_of"}).sort("run_as_of"),
            by="ods_code",
            left_on="as_of",
            right_on="run_as_of",
            strategy="backward",
            coalesce=False,
            check_sortedness=False,
        )
        .filter((pl.col("run_as_of") < pl.col("as_of")) & (pl.col("as_of") <= pl.col("as_of_last")))
    )
    columns = [*_SEEN, "published_in"]
    return pl.concat([begun.select(columns), going_on.select(columns)])


def _compared_releases(captures: pl.DataFrame) -> pl.DataFrame:
    """``as_of`` of the releases that have a delta between the release before and themselves, the days of both
    included."""
    days = captures.filter(pl.col("kind") != "delta").select("as_of").unique().sort("as_of")
    fetched = captures.filter(pl.col("kind") == "delta").select("as_of").unique().sort("as_of")
    return (
        days.with_columns(pl.col("as_of").shift(1).alias("release_before"))
        .join_asof(fetched.rename({"as_of": "fetched_on"}), left_on="as_of", right_on="fetched_on")
        .filter(pl.col("fetched_on").is_not_null())
        .filter((pl.col("fetched_on") >= pl.col("release_before")).fill_null(True))
        .select("as_of")
    )


def _held_before(said: pl.DataFrame, history: History) -> pl.DataFrame:
    """Adds what was held when the release came, the newest observation of an earlier release or of a delta up
    to the release's own day: ``held_stamp, held_hash, held_as_of, held_capture_id``; and ``newest_stamp`` of
    all of them. Null where the code was not held."""
    asked_of = said.select("ods_code").unique()
    complete = history.observations.filter(~pl.col("ref_only")).join(asked_of, on="ods_code", how="semi")
    deltas = (
        complete.filter("is_delta")
        .sort("ods_code", "as_of", "capture_id")
        .unique(["ods_code", "as_of"], keep="last", maintain_order=True)
    )
    runs = complete.filter(~pl.col("is_delta")).with_columns(
        pl.col("as_of_last").alias("as_of"), pl.col("last_capture_id").alias("capture_id")
    )
    rows = said.sort("as_of")
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
    held = ("stamp", "hash", "as_of", "capture_id")
    return rows.with_columns(
        *(pl.when(by_delta).then(f"delta_{c}").otherwise(f"release_{c}").alias(f"held_{c}") for c in held),
        pl.max_horizontal("delta_newest", "release_newest").alias("newest_stamp"),
    ).drop([f"{n}_{c}" for n in ("delta", "release") for c in (*held, "newest")])


def _points(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return (
        rows.sort("ods_code", "as_of")
        .with_columns(pl.col("last_change_date").cum_max().over("ods_code").alias("newest"))
        .select(
            "ods_code",
            *(
                pl.col(c).alias(f"{name}_{short}")
                for c, short in (
                    ("last_change_date", "stamp"),
                    ("content_hash", "hash"),
                    ("as_of", "as_of"),
                    ("capture_id", "capture_id"),
                    ("newest", "newest"),
                )
            ),
        )
        .sort(f"{name}_as_of")
    )


def _missed(held: pl.DataFrame, history: History, fetches: pl.DataFrame) -> pl.DataFrame:
    """Records whose stamp is newer than all that was held, although a fetch up to the release's day had asked
    for that stamp, and no fetch that asked for it ever showed the record.

    A fetch made on the very day of the stamp and of the release proves nothing: the record may have been
    edited later that day.
    """
    newer = held.filter(
        pl.col("newest_stamp").is_null() | (pl.col("last_change_date") > pl.col("newest_stamp"))
    )
    windows = fetches.select(pl.col("as_of").alias("fetched_on"), "stamps_from", "stamps_to")
    stamps = newer.select("as_of", "last_change_date").drop_nulls().unique()
    asked = (
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
        .agg(pl.col("proves").any(), pl.col("fetched_on").max().alias("last_asked"))
        .filter("proves")
    )
    suspects = newer.join(asked, on=["as_of", "last_change_date"])
    shown = (
        history.observations.filter(pl.col("is_delta") & ~pl.col("ref_only"))
        .select(
            "ods_code", pl.col("as_of").alias("shown_on"), pl.col("last_change_date").alias("shown_stamp")
        )
        .join(suspects.select("ods_code", "as_of", "last_change_date", "last_asked"), on="ods_code")
        .filter(
            (pl.col("shown_stamp") >= pl.col("last_change_date"))
            & (pl.col("shown_on") <= pl.max_horizontal("last_asked", "as_of"))
        )
    )
    return suspects.join(shown, on=["ods_code", "as_of"], how="anti").drop("last_asked", "proves")


def _with_fields(rows: pl.DataFrame, history: History) -> pl.DataFrame:
    """Adds ``fields``: the columns and components in which what the release says and what was held differ.
    ``record`` where nothing was held, or where the content of either is held no more."""
    key = ["ods_code", "content_hash"]
    wanted = pl.concat([rows.select(key), rows.select("ods_code", pl.col("held_hash").alias("content_hash"))])
    content = [c for c in TABLES["history.organisations"].columns if c not in _NOT_CONTENT]
    versions = (
        history.organisations.join(wanted.unique(), on=key, how="semi")
        .sort(*key, "known_from")
        .unique(key, keep="first", maintain_order=True)
        .select(*key, "known_from", *content)
    )
    for name in COMPONENTS:
        versions = versions.join(_component_text(history, versions, name), on=key, how="left")
    told = [*content, *COMPONENTS]
    beside = versions.select(
        "ods_code",
        pl.col("content_hash").alias("held_hash"),
        pl.lit(True).alias("is_held"),
        *(pl.col(c).alias(f"{c}_held") for c in told),
    )
    now = versions.select(*key, pl.lit(True).alias("is_said"), *told)
    both = rows.join(now, on=key, how="left").join(beside, on=["ods_code", "held_hash"], how="left")
    differing = pl.concat_list(
        pl.when(pl.col(c).ne_missing(pl.col(f"{c}_held"))).then(pl.lit(c)) for c in told
    ).list.drop_nulls()
    known = pl.col("is_held") & pl.col("is_said")
    return both.with_columns(
        pl.when(known).then(differing).otherwise(pl.concat_list(pl.lit(WHOLE_RECORD))).alias("fields")
    )


def _component_text(history: History, versions: pl.DataFrame, name: str) -> pl.DataFrame:
    """All rows of a component of each version as one text, so that two can be compared; fax numbers, which
    the API may leave out, are no part."""
    table = TABLES[f"history.{name}"]
    columns = [c for c in table.columns if c not in ("ods_code", "known_from", "known_to", "ordinal")]
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
