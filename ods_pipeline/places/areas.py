"""Names and ODS codes of areas, by their GSS codes: the committed list, and the lists in a zip of the ONS.

Lives here: reading both. Does not live here: which postcode is in which area (``postcodes.py``). The
committed list (``areas.csv``) has the ICBs, sub-ICB locations and NHS regions since July 2022, each row with
its source: a code that a change of boundaries retired has the name it had then, and one in use that of April
2026. The zips of NSPL and ONSPD have a folder Documents with lists of every kind, which add local authorities
and whatever is newer.
"""

import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from ods_pipeline.places.streams import CsvFile, batches, header_of

AREAS_FILE = "areas.parquet"
AREA_KINDS = ("icb", "sub_icb", "region", "local_authority")
STORED = {"gss_code": pl.String(), "kind": pl.String(), "ods_code": pl.String(), "name": pl.String()}
_KINDS = {"ICB": "icb", "SICBL": "sub_icb", "NHSER": "region", "LAD": "local_authority"}
_CODE = re.compile(rf"({'|'.join(_KINDS)})(\d\d)CD", re.IGNORECASE)
# Lists are a few kilobytes; what is larger is not a list.
_LIMIT = 10 << 20


def committed_areas() -> pl.DataFrame:
    """Return the committed list: ``gss_code, kind, ods_code, name, source``."""
    with resources.as_file(resources.files("ods_pipeline.places") / "areas.csv") as path:
        return pl.read_csv(path, infer_schema=False)


def write_areas(files: Sequence[CsvFile], path: Path) -> None:
    """Write the areas that the lists in a zip name (``gss_code, kind, ods_code, name``), in order of code.

    A list without the expected columns is left out: names are a convenience, and no reason to reject a
    file.
    """
    frames = [
        frame
        for file in files
        if "names and codes" in file.name.lower()
        if (frame := _list(file)) is not None
    ]
    whole = pl.concat([pl.DataFrame(schema=STORED), *frames]).unique(
        "gss_code", keep="last", maintain_order=True
    )
    pq.write_table(whole.sort("gss_code").to_arrow(compat_level=pl.CompatLevel.oldest()), path)


def _list(file: CsvFile) -> pl.DataFrame | None:
    if file.size > _LIMIT:
        return None
    header = {name.upper(): name for name in header_of(file)}
    match = next((m for name in header if (m := _CODE.fullmatch(name))), None)
    if match is None:
        return None
    stem = match[0].upper().removesuffix("CD")
    names = {
        "gss_code": header[f"{stem}CD"],
        "name": header.get(f"{stem}NM"),
        "ods_code": header.get(f"{stem}CDH"),
    }
    if names["name"] is None:
        return None
    present = {ours: theirs for ours, theirs in names.items() if theirs is not None}
    frame = pl.concat(list(batches(file, present, {})))
    if "ods_code" not in frame.columns:
        frame = frame.with_columns(ods_code=pl.lit(None, pl.String))
    is_code = pl.col("gss_code").str.contains("^[A-Z][0-9]{8}$") & ~pl.col("gss_code").str.contains("9{6}$")
    return (
        frame.with_columns(pl.col(pl.String).str.strip_chars())
        .filter(is_code & pl.col("name").is_not_null())
        .select(
            "gss_code",
            pl.lit(_KINDS[match[1].upper()]).alias("kind"),
            pl.col("ods_code").str.to_uppercase(),
            "name",
        )
    )
