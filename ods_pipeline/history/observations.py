"""What each capture saw of each code, and the order in which captures count.

An observation is (code, as-of date, content, capture). As-of is PublicationDate for a release and the UK
date of the fetch for a delta. On one day a delta beats a release, and the later fetch the earlier. That
order is total, so nothing depends on the order in which captures arrived.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.source.receipt import SAMPLE_MARK

_SEEN = [
    "ods_code",
    "name",
    "primary_role_id",
    "ref_only",
    "last_change_date",
    "content_hash",
    "fax_hash",
    "capture_id",
    "is_xml",
]


@dataclass(frozen=True)
class Observed:
    """All captures held.

    ``captures``: rows of the table of that name, and ``folder, seq`` (the order that counts; both files
    of a release share one). ``seen``: one row an observation: ``ods_code, name, primary_role_id, ref_only,
    last_change_date, content_hash, fax_hash, capture_id, is_xml, seq, as_of, is_release``; ``is_xml`` is of
    the very record, as a fetch may hold both forms.
    ``notices``: deletion notices with ``seq`` of the fetch that brought them.
    ``quarantined``: ``ods_code`` (null where it had none) and ``seq`` of records set aside.
    ``folders``: the flat folder of each seq.
    """

    captures: pl.DataFrame
    seen: pl.DataFrame
    notices: pl.DataFrame
    quarantined: pl.DataFrame
    folders: dict[int, Path]


def observe(folders: Sequence[Path]) -> Observed:
    """Reads what the flat folders saw. Raises OdsError if there is no release among them, or if the
    composed sample and the real register would be mixed."""
    if not folders:
        raise OdsError(
            "nothing has been flattened yet", do="Give a release: ods-pipeline build --release FILE"
        )
    captures = _ordered(list(dict.fromkeys(folders)))
    if captures.filter(pl.col("kind") == "full").is_empty():
        raise OdsError(
            "only deltas are held, and the register cannot be told from deltas alone",
            do="Give the newest release too: ods-pipeline build --release FILE",
        )
    sample = (captures["publication_source"] == SAMPLE_MARK).fill_null(False)
    if sample.any() and not sample.all():
        real = captures.filter(~sample)["capture_id"][0]
        raise OdsError(
            f"the embedded sample, which is partly composed, would be mixed with real data ({real})",
            do="Keep the real register in a place of its own: --data-root DIR, or set ODS_DATA_ROOT",
        )
    by_seq = {
        seq: Path(folder) for seq, folder in captures.select("seq", "folder").unique().sort("seq").iter_rows()
    }
    facts = captures.group_by("seq").agg(
        pl.col("as_of").first(),
        (pl.col("kind") != "delta").any().alias("is_release"),
    )
    seen, notices, quarantined = [], [], []
    for seq, folder in by_seq.items():
        number = pl.lit(seq, pl.Int64).alias("seq")
        seen.append(pl.scan_parquet(folder / "organisations.parquet").select(*_SEEN, number))
        notices.append(pl.scan_parquet(folder / "notices.parquet").with_columns(number))
        quarantined.append(pl.scan_parquet(folder / "quarantined_records.parquet").select("ods_code", number))
    observations = pl.concat(seen).collect().join(facts, on="seq", how="left")
    return Observed(
        captures, observations, pl.concat(notices).collect(), pl.concat(quarantined).collect(), by_seq
    )


def _ordered(folders: Sequence[Path]) -> pl.DataFrame:
    frames = [
        pl.read_parquet(f / "captures.parquet").with_columns(pl.lit(str(f)).alias("folder")) for f in folders
    ]
    captures = pl.concat(frames)
    order = (
        captures.with_columns(
            (pl.col("kind") == "delta").alias("is_delta"),
            pl.col("folder").str.split("/").list.last().alias("label"),
        )
        .select("folder", "as_of", "is_delta", "label")
        .unique()
        .sort("as_of", "is_delta", "label")
        .with_row_index("seq")
        .select("folder", pl.col("seq").cast(pl.Int64))
    )
    return captures.join(order, on="folder").sort("seq", "capture_id")
