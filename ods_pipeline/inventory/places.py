"""Which files of places a build uses, and the tables of ``geo`` that come from them.

Lives here: the choice. Does not live here: reading such files and joining them to a register (``places/``).
The newest edition held of each kind counts. The embedded sample brings its own extract: a register of the
sample without a file held uses it, whichever way it came in.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from ods_pipeline.checks import Finding
from ods_pipeline.dataroot.builds import current_build, require_build
from ods_pipeline.dataroot.files import file_sha256
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.sample import SAMPLE, holds_sample
from ods_pipeline.places.checking import place_findings
from ods_pipeline.places.columns import GIVE_NSPL
from ods_pipeline.places.held import Kind, PlaceFile, described, flatten_places, newest_of, take_places
from ods_pipeline.places.tables import area_table, postcode_table, uprn_table
from ods_pipeline.publish.build_info import origin_of
from ods_pipeline.publish.files import write_tables
from ods_pipeline.schema import GEO, TABLES

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UsedFile:
    """A file that a build uses, and where it lies."""

    file: PlaceFile
    path: Path


@dataclass(frozen=True)
class BuiltPlaces:
    """The tables of ``geo`` of a build, the outcomes of their checks and the file sizes, by table id."""

    frames: Mapping[str, pl.DataFrame]
    findings: Mapping[str, list[Finding]]
    sizes: Mapping[str, int]


def used_files(root: DataRoot) -> dict[Kind, UsedFile]:
    """Return the files of places that a build of this data root uses, by kind; empty if there are none."""
    used: dict[Kind, UsedFile] = {}
    for kind in ("postcodes", "uprns"):
        file = newest_of(root, kind)
        if file is not None:
            used[kind] = UsedFile(file, root.raw_places / file.file_name)
    extract = sample_extract()
    if "postcodes" not in used and extract is not None and holds_sample(root):
        used["postcodes"] = UsedFile(described(extract), extract)
    return used


def sample_extract() -> Path | None:
    """Return the sample's file of postcodes; None if the package was installed without its repository."""
    return next(iter(sorted((SAMPLE / "places").glob("NSPL_*.zip"))), None)


def places_label(root: DataRoot) -> str:
    """Return what ``build.json`` records of the files of places; empty without any.

    It has the product, edition, name and hash of each.
    """
    files = [used.file for used in used_files(root).values()]
    return "; ".join(f"{f.label} ({f.file_name}) {f.sha256}" for f in files)


def take_in(root: DataRoot, path: Path, edition: str = "") -> PlaceFile:
    """Take a file of places into the data root.

    Raises:
        OdsError: It cannot be used, it fits no organisation of the published register, or it is the extract
            of the sample and the register is real. Nothing changes.
    """
    extract = sample_extract()
    if extract is not None and path.is_file() and not holds_sample(root) and _are_equal(path, extract):
        raise OdsError(
            "this is the extract of the embedded sample: most of its rows are composed",
            where=path,
            do=GIVE_NSPL,
        )
    return take_places(root, path, edition, fits=lambda folder, file: _reject_misfit(root, folder, file))


def build_places(root: DataRoot) -> BuiltPlaces:
    """Make, check and write the tables of ``geo`` for the build under way.

    Raises:
        OdsError: A file that is held cannot be read, or rows break the rules of their table.
    """
    build = require_build(root)
    origin = origin_of(build)
    organisations = pl.read_parquet(
        build / TABLES["organisations"].path, columns=["ods_code", "status", "postcode", "uprn"]
    )
    flat = {kind: _flattened(root, used) for kind, used in used_files(root).items()}
    folder, file = flat.get("postcodes", (None, None))
    areas = area_table(folder, file)
    postcodes = postcode_table(organisations, areas, folder, file)
    uprns = uprn_table(organisations, *flat.get("uprns", (None, None)))
    today = date.fromisoformat(origin["today"])
    findings = place_findings(organisations, postcodes, areas, uprns, today)
    frames = {"geo.postcodes": postcodes, "geo.areas": areas, "geo.uprns": uprns}
    return BuiltPlaces(frames, findings, write_tables(GEO, frames, build, origin))


def _are_equal(a: Path, b: Path) -> bool:
    return a.stat().st_size == b.stat().st_size and file_sha256(a) == file_sha256(b)


def _flattened(root: DataRoot, used: UsedFile) -> tuple[Path, PlaceFile]:
    return root.flat / used.file.folder, flatten_places(root, used.file, used.path)


def _reject_misfit(root: DataRoot, folder: Path, file: PlaceFile) -> None:
    """Raise OdsError if the published register has postcodes, and the file knows none of them."""
    build = current_build(root)
    if build is None or file.kind != "postcodes":
        return
    organisations = pl.read_parquet(build / TABLES["organisations"].path, columns=["postcode"])
    count = organisations["postcode"].drop_nulls().n_unique()
    rows = postcode_table(organisations, area_table(folder, file), folder, file)
    if count and rows.is_empty():
        raise OdsError(
            f"it knows none of the {count:,} postcodes of the register, so no row would be kept",
            where=file.file_name,
            do=GIVE_NSPL,
        )
