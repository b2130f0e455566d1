"""Reads a file of postcodes (NSPL, ONSPD) into one Parquet file with the few columns that are needed.

Lives here: which CSV of a zip is meant, its edition, what a row becomes, and what is counted. Does not live
here: the names of columns (``columns.py``), and which of the rows a register needs (``tables.py``): all are
kept here, so that the order in which files and captures arrive changes nothing.

Northern Ireland's postcodes (BT) are left out: ONS publishes them under other terms (Land & Property
Services; internal business use), which do not allow what we publish to be passed on.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ods_pipeline.errors import OdsError
from ods_pipeline.places.columns import GIVE_NSPL, Layout, postcode_layout
from ods_pipeline.places.streams import CsvFile, batches, csv_files, header_of
from ods_pipeline.progress import progress

FILE = "postcodes.parquet"
BT_TERMS = (
    "postcodes of Northern Ireland (BT) are left out: their terms allow internal business use only, and "
    "need a licence "
    "of Land & Property Services for more"
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NAME = re.compile(rf"(NSPL|ONSPD)\w*?_({'|'.join(_MONTHS)})\w*?_(20\d\d)", re.IGNORECASE)
_NUMBERS = {
    "easting": pa.int64(),
    "northing": pa.int64(),
    "latitude": pa.float64(),
    "longitude": pa.float64(),
}
_GSS = (
    "lsoa_code",
    "msoa_code",
    "local_authority_code",
    "country_code",
)
# ONS writes the health boards of Wales and Scotland into the same columns.
_ENGLAND_ONLY = ("sub_icb_gss_code", "icb_gss_code", "region_gss_code")
# The United Kingdom without Northern Ireland, in degrees: a position outside it does not count.
SOUTH, NORTH, WEST, EAST = 49.0, 61.5, -9.5, 2.5
STORED = {
    "postcode_key": pl.String(),
    "introduced_on": pl.Date(),
    "terminated_on": pl.Date(),
    "easting": pl.Int64(),
    "northing": pl.Int64(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    **dict.fromkeys((*_GSS, *_ENGLAND_ONLY), pl.String()),
}


@dataclass(frozen=True)
class PostcodeFile:
    """A file of postcodes before it is read.

    Attributes:
        csv: The CSV.
        product: NSPL or ONSPD.
        edition: Its month, such as 2026-08.
        layout: Where it has what.
    """

    csv: CsvFile
    product: str
    edition: str
    layout: Layout


def is_postcode_name(name: str) -> bool:
    """Return whether a file name is one of NSPL or ONSPD."""
    return _NAME.search(name) is not None


def open_postcodes(path: Path, edition: str = "") -> PostcodeFile:
    """Find the CSV of the whole country in a zip, or take the CSV itself, and understand its header.

    Args:
        path: The zip or CSV.
        edition: Its month (2026-08), for a file that was renamed; otherwise the name has it.

    Raises:
        OdsError: It is another product, damaged, or its edition is unknown.
    """
    files = csv_files(path)
    if len(files) > 1 or path.suffix.lower() == ".zip":
        files = [
            f for f in files if "multi_csv" not in f.name.lower() and is_postcode_name(Path(f.name).name)
        ]
        if len(files) != 1:
            listed = ", ".join(f.name for f in files) or "none"
            raise OdsError(
                f"the zip must hold one CSV of all postcodes, such as Data/NSPL_AUG_2026_UK.csv, and it "
                f"holds {listed}",
                where=path.name,
                do=GIVE_NSPL,
            )
    csv = files[0]
    layout = postcode_layout(header_of(csv), Path(csv.name).name)
    named = next((m for name in (Path(csv.name).name, path.name) if (m := _NAME.search(name))), None)
    month = edition or (f"{named[3]}-{_MONTHS.index(named[2].upper()) + 1:02d}" if named else "")
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
        raise OdsError(
            f"its edition cannot be read from the name ({edition or csv.name})",
            where=path.name,
            do="Give it with --edition, such as --edition 2026-08",
        )
    return PostcodeFile(csv, named[1].upper() if named else "NSPL", month, layout)


def edition_day(edition: str) -> date:
    """Return the first day that an edition (2026-08) speaks for: the first of its month."""
    return date.fromisoformat(f"{edition}-01")


def write_postcodes(file: PostcodeFile, folder: Path) -> dict[str, int]:
    """Read all postcodes into ``folder``.

    Returns:
        The numbers of rows: read, kept, of Northern Ireland, terminated, without a position, and unreadable.

    Raises:
        OdsError: A row cannot be read, a postcode is there twice, or nothing is left.
    """
    counts: Counter[str] = Counter()
    keys: list[pl.Series] = []
    schema = pl.DataFrame(schema=STORED).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    with (
        progress(f"reading {Path(file.csv.name).name}", counted=True, logged_above=10_000_000) as step,
        pq.ParquetWriter(folder / FILE, schema, compression="zstd") as writer,
    ):
        for batch in batches(file.csv, file.layout.names, _NUMBERS):
            rows = _rows(batch, counts)
            keys.append(rows["postcode_key"].hash())
            writer.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema))
            step(counts["read"], max(counts["read"], 2_700_000))
    _reject_unusable(file, counts, keys)
    return {name: counts[name] for name in _COUNTED}


_COUNTED = ("read", "kept", "northern_ireland", "terminated", "without_position", "unreadable")


def _rows(batch: pl.DataFrame, counts: Counter[str]) -> pl.DataFrame:
    """Return the rows to keep of a batch, as they are stored, and add to the counts."""
    key = pl.col("postcode").str.to_uppercase().str.replace_all(" ", "", literal=True)
    frame = batch.with_columns(postcode_key=key)
    usable = (
        pl.col("postcode_key").str.contains(r"^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$").fill_null(value=False)
    )
    is_bt = pl.col("postcode_key").str.starts_with("BT")
    read, unreadable, bt = frame.select(
        pl.len(), (~usable).sum().alias("u"), (usable & is_bt).sum().alias("b")
    ).row(0)
    counts.update(read=read, unreadable=unreadable, northern_ireland=bt)
    kept = frame.filter(usable & ~is_bt)
    # 0/0 and 99.999999 are how ONS writes that there is no position.
    placed = (
        pl.col("latitude").is_between(SOUTH, NORTH)
        & pl.col("longitude").is_between(WEST, EAST)
        & (pl.col("easting") > 0)
        & (pl.col("northing") > 0)
    ).fill_null(value=False)
    position = ("easting", "northing", "latitude", "longitude")
    month = [
        pl.col(name)
        .str.replace_all("[^0-9]", "")
        .str.slice(0, 6)
        .str.to_date("%Y%m", strict=False)
        .alias(f"{name}_on")
        for name in ("introduced", "terminated")
    ]
    shaped = kept.select(
        "postcode_key",
        *month,
        *(pl.when(placed).then(pl.col(name)).alias(name) for name in position),
        # Codes of nines mean that there is none.
        *(pl.when(~pl.col(name).str.ends_with("999999")).then(pl.col(name)).alias(name) for name in _GSS),
        *(
            pl.when(pl.col(name).str.starts_with("E") & ~pl.col(name).str.ends_with("999999"))
            .then(pl.col(name))
            .alias(name)
            for name in _ENGLAND_ONLY
        ),
    ).cast(pl.Schema(STORED))
    ended, lost = shaped.select(
        pl.col("terminated_on").is_not_null().sum(), pl.col("latitude").is_null().sum()
    ).row(0)
    counts.update(kept=shaped.height, terminated=ended, without_position=lost)
    return shaped


def _reject_unusable(file: PostcodeFile, counts: Counter[str], keys: list[pl.Series]) -> None:
    where = Path(file.csv.name).name
    if not counts["kept"]:
        raise OdsError(f"none of its {counts['read']:,} rows has a postcode of Great Britain", where=where,
                       do=GIVE_NSPL)  # fmt: skip
    if counts["without_position"] == counts["kept"]:
        raise OdsError(f"none of its {counts['kept']:,} postcodes has a position", where=where, do=GIVE_NSPL)
    repeated = counts["kept"] - pl.concat(keys).n_unique()
    if repeated:
        raise OdsError(f"{repeated:,} of its rows repeat a postcode", where=where, do=GIVE_NSPL)
