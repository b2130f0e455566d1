"""The rule about the embedded sample: it is never mixed with real data, nor are real sources asked for it.

Lives here: whether a data root holds the sample, the rule and its one sentence, and the sample's files. Does
not live here: the mark that the sample's records carry (``schema/sample.py``), and the check of the same rule
when captures are ordered (``history/order.py``).
"""

import logging
from itertools import islice
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.flat import each_flat_folder
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.held import captures_in, held_fetches
from ods_pipeline.schema.sample import SAMPLE_MARK

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
SAMPLE_IS_HERE = "the embedded sample is here, so the real services are not asked"
log = logging.getLogger(__name__)


def holds_sample(root: DataRoot) -> bool:
    """Return whether the data root holds the embedded sample, or has begun to load it."""
    captures = _some_captures(root)
    if captures is None:
        return root.sample_wanted.exists() or any(f.receipt.sample for f in held_fetches(root))
    return bool((captures["publication_source"] == SAMPLE_MARK).any())


def reject_real_sources_for_sample(root: DataRoot) -> None:
    """Raise OdsError if the data root holds the sample. Call it before asking TRUD or the ORD API."""
    if holds_sample(root):
        raise OdsError(
            SAMPLE_IS_HERE,
            where=root.path,
            do="Give the real register its own place with --data-root DIR (or ODS_DATA_ROOT)",
        )


def reject_mixture(root: DataRoot, captures: pl.DataFrame, where: str) -> None:
    """Raise OdsError if these captures and those held would mix the sample with real data.

    Args:
        root: The data root.
        captures: The new captures, with ``publication_source``.
        where: The name of the new captures, for the error.
    """
    held = _some_captures(root)
    if held is None:
        return
    is_sample = (pl.col("publication_source") == SAMPLE_MARK).fill_null(False)
    new_has_sample, held_has_sample = (
        captures.select(is_sample.any()).item(),
        held.select(is_sample.any()).item(),
    )
    if new_has_sample != held_has_sample:
        held_is, new_is = (
            ("the embedded sample", "real data")
            if held_has_sample
            else ("the real register", "the embedded sample")
        )
        raise OdsError(
            f"{root.path} holds {held_is}, and this is {new_is}: they are never mixed",
            where=where,
            do="Give the other one its own place with --data-root DIR (or ODS_DATA_ROOT)",
        )


def sample_files() -> tuple[list[Path], list[Path]]:
    """Return the sample's release zips and its folders of fetches.

    Raises:
        OdsError: The sample is missing, e.g. because the package was installed without its repository.
    """
    releases = sorted((SAMPLE / "trud").glob("*.zip"))
    if not releases:
        raise OdsError(
            "there is nothing to build: no release is held or given, and the embedded sample is missing",
            where=SAMPLE,
            do="Give a TRUD zip: ods-pipeline build --release FILE",
        )
    return releases, [SAMPLE / "ord"]


def begin_sample(root: DataRoot) -> None:
    """Record that the sample is wanted, so that an interrupted build of it is completed by the next run."""
    if not root.sample_wanted.exists():
        log.info("no release is given or held: taking the embedded sample (partly composed, to try out)")
        root.sample_wanted.parent.mkdir(parents=True, exist_ok=True)
        root.sample_wanted.touch()


def _some_captures(root: DataRoot) -> pl.DataFrame | None:
    """Return the captures of one flat folder. A data root is never mixed, so one is enough."""
    return captures_in(islice(each_flat_folder(root), 1))
