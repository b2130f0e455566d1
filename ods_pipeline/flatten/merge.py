"""One record a code out of a release's full and archive file.

The rule (ORD reference data, full and archive files): a complete record beats a stub; full beats
archive; else the later operational start. What loses is kept with the reason, all columns and all parts.
Ties after that go to the later LastChangeDate, then to the earlier place in the file: a total order, so
that the outcome never depends on the order of reading.
"""

import numpy as np
import polars as pl

from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline.schema.identity import is_another_organisation
from ods_pipeline.schema.sorting import as_before

_RANKED = ("ref_only", "published_in", "operational_start", "last_change_date", "record_number")


def merge(
    organisations: pl.DataFrame, components: dict[str, pl.DataFrame]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Splits records into winners and losers.

    ``organisations``: stored columns plus ``record`` (unique over the release) and ``record_number`` (in its
    file); ``components``: stored columns, with ``record`` for ``ods_code``. Returns the winners (same
    columns, sorted by ``ods_code``) and ``superseded_records``.
    """
    # Most codes stand once, and need no ranking. Wide rows are moved once, when it is known where to.
    order = organisations["ods_code"].arg_sort()
    again = as_before(organisations.select("ods_code")[order], ["ods_code"])
    several = order.filter(again | again.shift(-1, fill_value=False))
    ranked = organisations.select("ods_code", *_RANKED)[several].with_columns(several.alias("row"))
    ranked = ranked.sort(
        "ods_code",
        "ref_only",
        pl.col("published_in") == "archive",
        "operational_start",
        "last_change_date",
        "record_number",
        descending=[False, False, False, True, True, False],
        nulls_last=True,
    )
    lost = ranked["row"].filter(as_before(ranked, ["ods_code"]))
    has_lost = np.zeros(organisations.height, np.bool_)
    has_lost[lost.to_numpy()] = True
    won = order.filter(pl.Series(~has_lost[order.to_numpy()]))
    winners, losers = organisations[won], organisations[lost]
    if losers.is_empty():
        return winners, TABLES["superseded_records"].empty()
    compared = ("ref_only", "published_in", "name", "operational_start", "primary_role_id")
    won_by = winners.select(
        "ods_code",
        pl.col("capture_id").alias("won_by_capture_id"),
        pl.col("record_number").alias("won_by_record_number"),
        *(pl.col(c).alias(f"{c}_won") for c in compared),
    )
    reason = (
        pl.when(pl.col("ref_only") & ~pl.col("ref_only_won"))
        .then(pl.lit("stub_beaten_by_complete"))
        .when(is_another_organisation("_won"))
        .then(pl.lit("reused_code"))
        .when(pl.col("published_in") == pl.col("published_in_won"))
        .then(pl.lit("duplicate_code"))
        .otherwise(pl.lit("archive_beaten_by_full"))
    )
    superseded = (
        losers.join(won_by, on="ods_code", how="left")
        .with_columns(reason.alias("reason"))
        .join(_parts_as_json(losers, components), on="record", how="left")
        .select(TABLES["superseded_records"].columns)
        .sort("capture_id", "record_number")
    )
    return winners, superseded


def _parts_as_json(losers: pl.DataFrame, components: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """``record, components`` for the losers: each part as a JSON list, in a fixed order."""
    out = losers.select("record")
    for name in COMPONENTS:
        columns = [c for c in TABLES[name].stored if c != "ods_code"]
        # np.isin looks numbers up in a table, which is cheaper than a join.
        is_theirs = np.isin(components[name]["record"].to_numpy(), out["record"].to_numpy())
        rows = components[name].filter(pl.Series(is_theirs)).sort("record", *columns)
        texts = rows.with_columns(pl.col(pl.Date).cast(pl.String))
        lists = texts.group_by("record", maintain_order=True).agg(pl.struct(columns).alias(name))
        out = out.join(lists, on="record", how="left")
    return out.select("record", pl.struct(COMPONENTS).struct.json_encode().alias("components"))


def collapse_successions(successions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row a succession: the same statement published twice in one record (ids apart) is one fact.

    Returns the rows kept (the lowest id) and the repeats set aside.
    """
    key = TABLES["successions"].key
    ranked = successions.sort(*key, "unique_succ_id", nulls_last=True)
    is_repeat = as_before(ranked, key)
    return ranked.filter(~is_repeat), ranked.filter(is_repeat)
