"""The tables of ``geo`` for one register: what its postcodes and UPRNs need, out of what ``flat/`` holds.

Lives here: pure functions of a register and the flat files. They run at every build, so that which rows are
published depends on the register of that build alone, in whatever order files and captures arrived.
"""

import logging
from pathlib import Path

import duckdb
import polars as pl

from ods_pipeline.places.areas import AREAS_FILE, committed_areas
from ods_pipeline.places.held import PlaceFile
from ods_pipeline.places.postcodes import FILE as POSTCODES
from ods_pipeline.places.postcodes import edition_day
from ods_pipeline.places.uprns import FILE as UPRNS
from ods_pipeline.schema import TABLES

# A national register has 200,000 UPRNs: the file is read in passes of this much memory.
_MEMORY = "512MB"
log = logging.getLogger(__name__)


def area_table(folder: Path | None, file: PlaceFile | None) -> pl.DataFrame:
    """Return ``geo.areas``: the committed list, and the further areas that the zip of the postcodes names.

    Args:
        folder: The folder of the postcodes in ``flat/``; None without.
        file: The file that it was read from.
    """
    committed = committed_areas()
    frames = [committed]
    if folder is not None and file is not None:
        named = pl.read_parquet(folder / AREAS_FILE).with_columns(
            source=pl.lit(f"{file.label}, folder Documents")
        )
        frames.append(named.join(committed, on="gss_code", how="anti"))
    return pl.concat(frames, how="diagonal").select(TABLES["geo.areas"].columns).sort("gss_code")


def postcode_table(
    organisations: pl.DataFrame, areas: pl.DataFrame, folder: Path | None, file: PlaceFile | None
) -> pl.DataFrame:
    """Return ``geo.postcodes``: those that an organisation has.

    Args:
        organisations: ``ord.organisations``, of which ``postcode`` is read.
        areas: ``geo.areas``, for the ODS codes.
        folder: The folder of the postcodes in ``flat/``; None without.
        file: The file that it was read from.
    """
    table = TABLES["geo.postcodes"]
    if folder is None or file is None:
        return table.empty()
    wanted = organisations.select(postcode_key=_key(pl.col("postcode"))).drop_nulls().unique()
    rows = pl.scan_parquet(folder / POSTCODES).join(wanted.lazy(), on="postcode_key", how="semi").collect()
    codes = areas.select("gss_code", "ods_code")
    for kind in ("sub_icb", "icb", "region"):
        names = codes.rename({"gss_code": f"{kind}_gss_code", "ods_code": f"{kind}_code"})
        rows = rows.join(names, on=f"{kind}_gss_code", how="left")
    key = pl.col("postcode_key")
    return (
        rows.with_columns(
            # The second half of a postcode has three characters.
            postcode=key.str.head(-3) + " " + key.str.tail(3),
            icb_year=pl.lit(file.icb_year, pl.Int64),
            edition=pl.lit(file.label),
            edition_day=pl.lit(edition_day(file.edition)),
        )
        .select(table.columns)
        .sort("postcode")
    )


def uprn_table(organisations: pl.DataFrame, folder: Path | None, file: PlaceFile | None) -> pl.DataFrame:
    """Return ``geo.uprns``: those that an organisation has. The file is streamed, in bounded memory.

    If a UPRN has several positions, the one furthest west, then south, counts: the file does not show which
    is right, and the order of its rows must not decide. The log reports how many others there are.

    Args:
        organisations: ``ord.organisations``, of which ``uprn`` is read.
        folder: The folder of the UPRNs in ``flat/``; None without.
        file: The file that it was read from.
    """
    table = TABLES["geo.uprns"]
    if folder is None or file is None:
        return table.empty()
    wanted = organisations.select("uprn").drop_nulls().unique()
    with duckdb.connect(config={"memory_limit": _MEMORY}) as connection:
        connection.register("wanted", wanted.to_arrow())
        connection.read_parquet(str(folder / UPRNS)).create_view("properties")
        rows = connection.sql("FROM properties SEMI JOIN wanted USING (uprn)").pl()
    rows = rows.unique().sort("uprn", "easting", "northing", "latitude", "longitude", nulls_last=True)
    placed = rows.unique("uprn", keep="first", maintain_order=True)
    if more := rows.height - placed.height:
        log.warning(
            "%s has %d more positions of UPRNs that have one already: they do not count", file.label, more
        )
    return placed.with_columns(edition=pl.lit(file.label)).select(table.columns)


def _key(postcode: pl.Expr) -> pl.Expr:
    """Return the postcode without spaces and other marks, in capitals; null if nothing is left."""
    key = postcode.str.to_uppercase().str.replace_all("[^A-Z0-9]", "")
    return pl.when(key != "").then(key)
