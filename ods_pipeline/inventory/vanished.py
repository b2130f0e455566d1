"""Mass disappearance: a capture by which a good part of the register would be deleted is rejected.

Absence from a release deletes a code, and so does a notice. A file that was cut, an archive without records,
or a release of another register look the same as many deletions. Real months lose some 60 of 370,917 codes.

Lives here: how much may vanish at once, and the captures that a person accepted. Does not live here: the
rules of a single deletion (``history/deletions.py``).
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl

from ods_pipeline.checks.base import sample
from ods_pipeline.dataroot.flat import each_flat_folder
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import BadFetch, BadRelease, OdsError
from ods_pipeline.flatten.flat import Flat
from ods_pipeline.history.columns import NOTICE_SOURCES

# This many codes, or this share of those held, may vanish from one release to the next; for releases further
# apart, so much for each year begun between them.
FEW, SHARE = 10, 0.01
DO = "If ODS did delete them, take it again with: ods-pipeline build --accept-deletions"


@contextmanager
def accepting(root: DataRoot, *, accept: bool) -> Generator[None]:
    """Accept, while the run lasts, that captures delete any number of codes; or do not."""
    marker = root.accept_deletions
    marker.unlink(missing_ok=True)  # a run that was killed may have left it
    if accept:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    try:
        yield
    finally:
        marker.unlink(missing_ok=True)


def reject_mass_disappearance(root: DataRoot, flat: Flat) -> None:
    """Compare a capture with the releases held before and after it.

    A capture that was accepted once is accepted again, when another version flattens it.

    Raises:
        BadRelease: A release lacks too many codes of the release before it, all of them, or its whole
            archive; or the release after it does.
        BadFetch: The notices of a fetch delete too many codes of the newest release.
    """
    why = _why_not(root, flat)
    if why is None:
        return
    accepted = _accepted(root)
    if flat.folder in accepted:
        return
    if not root.accept_deletions.exists():
        raise why
    _remember(root, [*accepted, flat.folder])


def _why_not(root: DataRoot, flat: Flat) -> OdsError | None:
    as_of = flat.captures["as_of"][0]
    held = {f: _as_of(f) for f in each_flat_folder(root, "release") if f.name != flat.folder}
    earlier = [f for f in held if held[f] <= as_of]
    later = [f for f in held if held[f] > as_of]
    before = max(earlier, key=lambda f: (held[f], f.name), default=None)
    if flat.folder.startswith("fetch="):
        return _notices_of_too_many(before, flat) if before else None
    if before:
        why = _too_many_lost(_Codes.in_folder(before), _Codes.of(flat), flat.folder, (held[before], as_of))
        if why:
            return why
    if later:
        after = min(later, key=lambda f: (held[f], f.name))
        return _too_many_lost(_Codes.of(flat), _Codes.in_folder(after), flat.folder, (as_of, held[after]))
    return None


class _Codes:
    """The codes of a release: ``used``, and ``known`` with those set aside; and its ``archived`` records."""

    def __init__(self, name: str, organisations: pl.Series, aside: pl.Series, captures: pl.DataFrame) -> None:
        self.name, self.used = name, organisations.unique().sort()
        self.known = pl.concat([organisations, aside.drop_nulls()]).unique()
        self.archived = int(captures.filter(pl.col("kind") == "archive")["parsed_records"].sum())

    @classmethod
    def of(cls, flat: Flat) -> "_Codes":
        frames = flat.frames
        aside = frames["quarantined_records"]["ods_code"]
        return cls(flat.folder, frames["organisations"]["ods_code"], aside, flat.captures)

    @classmethod
    def in_folder(cls, folder: Path) -> "_Codes":
        codes = (
            pl.read_parquet(folder / f"{name}.parquet", columns=["ods_code"])["ods_code"]
            for name in ("organisations", "quarantined_records")
        )
        return cls(folder.name, *codes, pl.read_parquet(folder / "captures.parquet"))


def _too_many_lost(before: _Codes, after: _Codes, where: str, days: tuple[date, date]) -> BadRelease | None:
    lost = before.used.filter(~before.used.is_in(after.known.implode()))
    years = (days[1] - days[0]).days // 366 + 1
    is_emptied = before.archived > 0 and after.archived == 0 and len(lost) > 0
    is_another = len(lost) == len(before.used) > 1
    if len(lost) <= max(FEW, SHARE * years * len(before.used)) and not is_emptied and not is_another:
        return None
    empty = ", and its archive file is empty" if is_emptied else ""
    return BadRelease(
        f"{after.name} lacks {len(lost):,} of the {len(before.used):,} organisations of {before.name} "
        f"({sample(lost)}){empty}: it is not whole, or of another register",
        where=where,
        do=DO,
    )


def _notices_of_too_many(release: Path, flat: Flat) -> BadFetch | None:
    notices = flat.frames["notices"].filter(
        pl.col("source").is_in(NOTICE_SOURCES) & (pl.col("deleted_on") >= _as_of(release))
    )
    codes = pl.read_parquet(release / "organisations.parquet", columns=["ods_code"])["ods_code"]
    deleted = codes.filter(codes.is_in(notices["ods_code"].implode())).unique().sort()
    if len(deleted) <= max(FEW, SHARE * len(codes)):
        return None
    return BadFetch(
        f"its notices delete {len(deleted):,} of the {len(codes):,} organisations of {release.name} "
        f"({sample(deleted)})",
        where=flat.folder,
        do=DO,
    )


def _as_of(folder: Path) -> date:
    return pl.read_parquet(folder / "captures.parquet", columns=["as_of"])["as_of"][0]


def _accepted(root: DataRoot) -> list[str]:
    try:
        content = json.loads(root.accepted_deletions.read_bytes())
        return [str(label) for label in content]
    except (FileNotFoundError, ValueError, TypeError, RecursionError):
        return []


def _remember(root: DataRoot, labels: list[str]) -> None:
    path = root.accepted_deletions
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(sorted(set(labels)), indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
