"""Captures of days that have not come: what a wrong clock or a wrong date in a file leaves in a data root.

Lives here: naming them, and how they are removed. Does not live here: rejecting them on their way in
(``intake.py``, ``sources/exchange.py``, ``flatten/xml/archive.py``), and that they settle nothing
(``sources/due.py``).
"""

from datetime import date

import polars as pl

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import BadRelease, OdsError
from ods_pipeline.flatten.xml.archive import ReleaseFiles
from ods_pipeline.schema.sample import SAMPLE_MARK


def captures_ahead(captures: pl.DataFrame, today: date) -> list[tuple[str, date, str]]:
    """Return flat folder, as-of date and file name of the captures of days after ``today``, in their order.

    Those of the embedded sample are left out: they are composed, and must work on any machine.
    """
    is_ahead = (pl.col("as_of") > today) & (pl.col("publication_source") != SAMPLE_MARK).fill_null(True)
    ahead = captures.filter(is_ahead).select(
        pl.col("capture_id").str.split("/").list.first(), "as_of", "file_name"
    )
    return ahead.unique().sort("as_of", "capture_id").rows()


def problems_of_the_future(root: DataRoot, captures: pl.DataFrame | None, today: date) -> list[str]:
    """Return a line for each capture of a day after ``today`` (UK): what is wrong, and how to remove it."""
    problems = []
    for label, as_of, file_name in [] if captures is None else captures_ahead(captures, today):
        raw = root.raw_fetches / label if label.startswith("fetch=") else root.raw_releases / file_name
        receipt = "" if label.startswith("fetch=") else " with its receipt"
        problem = OdsError(
            f"it is of {as_of}, and today is {today}: it was made by a wrong clock, or its date is wrong",
            where=label,
            do=f"If the clock is right now, remove {raw}{receipt} and {root.flat / label}, and build again",
        )
        problems.append(str(problem))
    return problems


def reject_future_release(files: ReleaseFiles, name: str, today: date) -> None:
    """Raise BadRelease if a release is of a day after ``today`` (UK). The embedded sample may be."""
    if files.full.manifest.publication_source != SAMPLE_MARK and files.release_date > today.isoformat():
        raise future_release(name, files.release_date, today)


def future_release(name: str, release_date: str, today: date) -> BadRelease:
    """Return the error about a release of a day that has not come."""
    return BadRelease(
        f"it is the release of {release_date}, and today is {today}",
        where=name,
        do="Set the machine's clock if it is wrong; else take another file",
    )
