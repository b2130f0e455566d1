"""One record for each code out of a release's full and archive file.

The rule (ORD reference data, full and archive files): a complete record beats a stub; full beats archive;
else the later operational start wins. Ties after that go to the later LastChangeDate, then to the earlier
place in the file. The order is total, so the outcome never depends on the order of reading.

Lives here: which record wins, and what happens to the others: they are kept with the reason, all columns and
all components. Does not live here: reading the records (``release.py``).
"""

import polars as pl

from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline.schema.identity import is_another_organisation
from ods_pipeline.schema.sorting import repeats_key

_RANKED = ("ref_only", "published_in", "operational_start", "last_change_date", "record_number")


def merge(
    organisations: pl.DataFrame, components: dict[str, pl.DataFrame]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split records into winners and losers.

    Args:
        organisations: Stored columns, ``record`` (unique in a release), ``record_number`` (in its file).
        components: Stored columns, with ``record`` in place of ``ods_code``.

    Returns:
        The winners (same columns, sorted by ``ods_code``), and ``superseded_records``.
    """
    winner_rows, loser_rows = _ranked(organisations)
    # Wide rows are moved once, when their order is known.
    winners, losers = organisations[winner_rows], organisations[loser_rows]
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
        .join(_components_as_json(losers, components), on="record", how="left")
        .select(TABLES["superseded_records"].columns)
        .sort("capture_id", "record_number")
    )
    return winners, superseded


def _ranked(organisations: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return the row numbers of the winners, in order of ``ods_code``, and those of the losers."""
    order = organisations["ods_code"].arg_sort()
    repeats = repeats_key(organisations.select("ods_code")[order], ["ods_code"])
    # Most codes occur once and need no ranking.
    contested = order.filter(repeats | repeats.shift(-1, fill_value=False))
    ranked = organisations.select("ods_code", *_RANKED)[contested].with_columns(contested.alias("row"))
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
    losers = ranked["row"].filter(repeats_key(ranked, ["ods_code"]))
    return order.filter(~order.is_in(losers.implode())), losers


def _components_as_json(losers: pl.DataFrame, components: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return ``record, components`` for the losers: JSON with a list for each component, in a fixed order."""
    out = losers.select("record")
    for name in COMPONENTS:
        columns = [c for c in TABLES[name].stored if c != "ods_code"]
        rows = components[name].filter(pl.col("record").is_in(out["record"].implode()))
        texts = rows.sort("record", *columns).with_columns(pl.col(pl.Date).cast(pl.String))
        lists = texts.group_by("record", maintain_order=True).agg(pl.struct(columns).alias(name))
        out = out.join(lists, on="record", how="left")
    return out.select("record", pl.struct(COMPONENTS).struct.json_encode().alias("components"))


def collapse_successions(successions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep one row for each succession: a statement published twice in a record under two ids is one fact.

    Returns:
        The rows kept (the lowest id of each), and the repeats.
    """
    key = TABLES["successions"].key
    # Statements that share an id stay in the order in which they come.
    ranked = successions.sort(*key, "unique_succ_id", nulls_last=True, maintain_order=True)
    is_repeat = repeats_key(ranked, key)
    return ranked.filter(~is_repeat), ranked.filter(is_repeat)
