"""Find the full and the archive register file in a release from TRUD.

A release is a zip that holds ``fullfile.zip`` and ``archive.zip``, each with one XML file. Two accidents are
on record: two XML files in ``fullfile.zip`` (May 2019), and the archive XML loose in a folder (December
2018). So the XML files are found at any place in the zip, and the pair with the same PublicationDate is
taken. A bare ``fullfile.zip`` or XML file is opened too, so that the checks can report what is wrong with it.
Nothing is ever unpacked to disk, so a name inside a zip cannot point outside it.

Lives here: which files a release consists of. Does not live here: what is in a zip (``members.py``), the head
of a file (``manifest.py``).
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.xml.manifest import Manifest, read_manifest
from ods_pipeline.flatten.xml.members import GIVE_TRUD_ZIP, ZIP_DAMAGE, Opener, is_damage, xml_files
from ods_pipeline.flatten.xml.segments import FETCH_AGAIN, RegisterStream

# The PublicationDate is 3 to 11 days before the release (96 releases). Above the first bound it is reported,
# above the second it is rejected.
OLDEST_USUAL, OLDEST_POSSIBLE = timedelta(days=60), timedelta(days=366)
_TRUD_NAME = re.compile(r"_(\d{4})(\d{2})(\d{2})\d{6}\.zip$", re.IGNORECASE)
_XML_NAME = re.compile(r"_(\d{4})(\d{2})(\d{2})\D*\.xml$", re.IGNORECASE)


@dataclass(frozen=True)
class RegisterFile:
    """One XML file of a release: its manifest, and how to open it from the start; ``size`` is in bytes."""

    name: str
    size: int
    manifest: Manifest
    open: Opener

    @property
    def is_archive(self) -> bool:
        """Whether it is an archive file, by its PublicationType or else by its name."""
        kind = (self.manifest.publication_type or "").lower()
        return kind.startswith("arch") or (not kind.startswith("full") and "archive" in self.name.lower())


@dataclass(frozen=True)
class ReleaseFiles:
    """The files of one release; ``archive`` is None if there is none, ``notes`` reports oddities."""

    release_date: str
    full: RegisterFile
    archive: RegisterFile | None
    notes: tuple[str, ...]


def open_release(path: Path) -> ReleaseFiles:
    """Find the full and the archive file in ``path``.

    Raises:
        BadRelease: There is no full file, no single pair of files fits together, nothing can be read, or the
            PublicationDate cannot be that of this release.
    """
    files: list[RegisterFile] = []
    others: dict[str, BadRelease] = {}
    try:
        for name, size, opener in xml_files(path):
            try:
                files.append(_describe(name, size, opener))
            except BadRelease as error:
                others[name] = error
    except (*ZIP_DAMAGE, RuntimeError, UnicodeDecodeError) as error:
        if not is_damage(error):
            raise
        raise BadRelease(
            f"the zip is damaged or cut short: {error}", where=path.name, do=FETCH_AGAIN
        ) from error
    full = [f for f in files if not f.is_archive]
    archives = [f for f in files if f.is_archive]
    if others and not (full and archives):  # one of them may be the file that is missing
        raise next(iter(others.values()))
    if not full:
        inside = ", ".join(f.name for f in files) or "no XML"
        raise BadRelease(
            f"there is no full register file in it (it has {inside})", where=path.name, do=GIVE_TRUD_ZIP
        )
    chosen, archive, notes = _choose(full, archives, path.name)
    notes += tuple(f"{path.name}: {name} is left out: {error.what}" for name, error in others.items())
    release_date = _release_date(path.name, chosen)
    notes += _judge_date(chosen.manifest.publication_date, date.fromisoformat(release_date), path.name)
    return ReleaseFiles(release_date, chosen, archive, notes)


def _choose(
    full: list[RegisterFile], archives: list[RegisterFile], where: str
) -> tuple[RegisterFile, RegisterFile | None, tuple[str, ...]]:
    if len(full) == 1 and len(archives) <= 1:
        if archives and archives[0].manifest.publication_date != full[0].manifest.publication_date:
            raise BadRelease(
                f"the full file is of {full[0].manifest.publication_date} and the archive file of "
                f"{archives[0].manifest.publication_date}; one release has one PublicationDate",
                where=where,
                do=FETCH_AGAIN,
            )
        return full[0], archives[0] if archives else None, ()
    pairs = [
        (f, a) for f in full for a in archives if f.manifest.publication_date == a.manifest.publication_date
    ]
    if len(pairs) != 1:
        listed = ", ".join(f"{f.name} of {f.manifest.publication_date}" for f in [*full, *archives])
        counted = f"{len(full)} full and {len(archives)} archive files, and {len(pairs)} pairs"
        raise BadRelease(
            f"the zip holds {counted} with one PublicationDate; exactly one pair is needed ({listed})",
            where=where,
            do="Use the release before or after this one",
        )
    taken, archive = pairs[0]
    note = (
        f"{where} holds {len(full)} full and {len(archives)} archive files; {taken.name} and {archive.name} "
        f"agree on PublicationDate {taken.manifest.publication_date} and are used"
    )
    return taken, archive, (note,)


def _judge_date(published: date, released: date, where: str) -> tuple[str, ...]:
    """Compare the PublicationDate with the date of the release; return a note if it is unusually old.

    Raises:
        BadRelease: It is later, or so much earlier that it cannot be right. A wrong one would move "now".
    """
    before = released - published
    if timedelta(0) <= before <= OLDEST_USUAL:
        return ()
    if timedelta(0) <= before <= OLDEST_POSSIBLE:
        return (f"{where}: its PublicationDate, {published}, is {before.days} days before its release",)
    how = f"{before.days:,} days before" if before > timedelta(0) else "after"
    raise BadRelease(
        f"its PublicationDate, {published}, is {how} the day of the release, {released}; "
        "ODS publishes 3 to 11 days before it",
        where=where,
        do=FETCH_AGAIN,
    )


def _describe(name: str, size: int, opener: Opener) -> RegisterFile:
    with opener() as stream:
        manifest = read_manifest(RegisterStream(stream, name).head, name)
    return RegisterFile(name, size, manifest, opener)


def _release_date(file_name: str, full: RegisterFile) -> str:
    """Return the date in the TRUD file name, else the one in the XML's name, else the PublicationDate."""
    for match in (_TRUD_NAME.search(file_name), _XML_NAME.search(full.name)):
        try:
            if match:
                return date(*map(int, match.groups())).isoformat()
        except ValueError:  # eight digits that are not a date
            continue
    return full.manifest.publication_date.isoformat()
