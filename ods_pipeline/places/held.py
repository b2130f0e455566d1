"""Files of postcodes and UPRNs that are held in ``raw/places``, with receipts, and their form in ``flat/``.

Lives here: taking a file in, and which one counts: the newest edition of each kind. Does not live here:
reading rows (``postcodes.py``, ``uprns.py``).
"""

import json
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from ods_pipeline.dataroot.files import file_sha256, flush, whole_folder
from ods_pipeline.dataroot.flat import flat_mark, write_mark
from ods_pipeline.dataroot.layout import RECEIPT_SUFFIX, DataRoot, receipt_path
from ods_pipeline.errors import OdsError
from ods_pipeline.places import postcodes, uprns
from ods_pipeline.places.areas import AREAS_FILE, write_areas
from ods_pipeline.places.columns import is_uprn_header
from ods_pipeline.places.streams import csv_files, header_of
from ods_pipeline.schema.derive import PLACES_ATTRIBUTION

Kind = Literal["postcodes", "uprns"]
# Raise it if the same file gives another Parquet file in flat/: it is then read again.
READER_VERSION = 2
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlaceFile:
    """What is known of a file of places without reading it again.

    Attributes:
        kind: postcodes or uprns.
        file_name: The name it came with.
        product: NSPL, ONSPD or OS Open UPRN.
        edition: Its month, such as 2026-08.
        bytes: Its size.
        sha256: Its hash, lower-case hex.
        icb_year: The year of its ICB boundaries; None if its header names none.
        licence: The lines of attribution that its publishers ask for.
        counts: Rows by what became of them.
    """

    kind: Kind
    file_name: str
    product: str
    edition: str
    bytes: int
    sha256: str
    icb_year: int | None = None
    licence: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The name of its folder in flat/."""
        return f"{self.kind}={self.edition}"

    @property
    def label(self) -> str:
        """Its product and edition, as tables name it: NSPL 2026-08."""
        return f"{self.product} {self.edition}"


def take_places(
    root: DataRoot, path: Path, edition: str = "", fits: Callable[[Path, "PlaceFile"], None] | None = None
) -> PlaceFile:
    """Read a file into ``flat/``, and copy it into ``raw/places`` with a receipt.

    The same file again changes nothing.

    Args:
        root: The data root.
        path: A zip or CSV of NSPL, ONSPD or OS Open UPRN.
        edition: Its month (2026-08), for a file that was renamed.
        fits: Is called with the folder of what was read, and raises OdsError if the file is of no use here.

    Raises:
        OdsError: The file cannot be used, or a newer edition, or another file of the same, is held. Nothing
            changes.
    """
    described, read = _described(path, edition)
    held = next((f for f in held_files(root) if f.sha256 == described.sha256), None)
    if held is not None and flat_mark(root, held.folder) is not None:
        log.info("%s is already held (%s)", path.name, held.label)
        return held
    _reject_older(root, described)
    taken = _write_flat(root, described, read, fits)
    target = _target(root, path, taken)
    taken = replace(taken, file_name=target.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.resolve() != target.resolve():
        partial = target.with_name(target.name + ".partial")
        shutil.copyfile(path, partial)
        flush(partial)
        partial.replace(target)
    _write_receipt(target, taken)
    return taken


def flatten_places(root: DataRoot, file: PlaceFile, path: Path) -> PlaceFile:
    """Read a file that is held into ``flat/``, unless this version did so already.

    Returns what is known of it.
    """
    mark = flat_mark(root, file.folder)
    if mark is not None and mark.get("input_sha256") == file.sha256 and mark.get("version") == READER_VERSION:
        return file
    return _write_flat(root, *_described(path, file.edition))


def held_files(root: DataRoot) -> list[PlaceFile]:
    """Return the files held, oldest edition first.

    A file with a damaged receipt, or without one, does not count.
    """
    files: list[PlaceFile] = []
    for receipt in sorted(root.raw_places.glob(f"*{RECEIPT_SUFFIX}")):
        with suppress(ValueError, TypeError, OSError, KeyError, AttributeError):
            content = json.loads(receipt.read_bytes())
            file = PlaceFile(**(content["file"] | {"licence": tuple(content["file"]["licence"])}))
            if (root.raw_places / file.file_name).is_file():
                files.append(file)
    return sorted(files, key=lambda f: (f.kind, f.edition, f.sha256))


def newest_of(root: DataRoot, kind: Kind) -> PlaceFile | None:
    """Return the newest edition held of a kind; None if there is none."""
    return next((f for f in reversed(held_files(root)) if f.kind == kind), None)


def described(path: Path) -> PlaceFile:
    """Return what can be known of a file before it is read. Raises OdsError as ``take_places`` does."""
    return _described(path, "")[0]


Reader = Callable[[Path], dict[str, int]]


def _described(path: Path, edition: str) -> tuple[PlaceFile, Reader]:
    files = csv_files(path)
    uprn_csv = next((f for f in files if is_uprn_header(header_of(f))), None) if len(files) == 1 else None
    size = path.stat().st_size
    if uprn_csv is not None:
        uprn_file = uprns.open_uprns(uprn_csv, edition)
        file = PlaceFile(
            kind="uprns",
            file_name=path.name,
            product="OS Open UPRN",
            edition=uprn_file.edition,
            bytes=size,
            sha256=file_sha256(path),
            licence=uprns.LICENCE,
        )
        return file, lambda folder: uprns.write_uprns(uprn_file, folder)
    postcode_file = postcodes.open_postcodes(path, edition)

    def read(folder: Path) -> dict[str, int]:
        write_areas(files, folder / AREAS_FILE)
        return postcodes.write_postcodes(postcode_file, folder)

    file = PlaceFile(
        kind="postcodes",
        file_name=path.name,
        product=postcode_file.product,
        edition=postcode_file.edition,
        bytes=size,
        sha256=file_sha256(path),
        icb_year=postcode_file.layout.icb_year,
        licence=PLACES_ATTRIBUTION,
    )
    return file, read


def _reject_older(root: DataRoot, file: PlaceFile) -> None:
    held = newest_of(root, file.kind)
    if held is None or held.edition < file.edition or held.sha256 == file.sha256:
        return
    older = held.edition > file.edition
    raise OdsError(
        f"it is of {file.edition}, and a newer edition, of {held.edition}, is held"
        if older
        else f"another file of the edition {held.edition} is held ({held.file_name})",
        where=file.file_name,
        do=f"To use it all the same, remove {root.raw_places / held.file_name} and its receipt first",
    )


def _target(root: DataRoot, path: Path, file: PlaceFile) -> Path:
    """Return where the file goes: under its name, with its edition in front if another file has that name."""
    target = root.raw_places / path.name
    is_other = target.exists() and file_sha256(target) != file.sha256
    return target.with_name(f"{file.edition}_{path.name}") if is_other else target


def _write_flat(
    root: DataRoot,
    file: PlaceFile,
    read: Reader,
    fits: Callable[[Path, PlaceFile], None] | None = None,
) -> PlaceFile:
    with whole_folder(root.flat / file.folder) as partial:
        counts = read(partial)
        if fits is not None:
            fits(partial, file)
        mark = {"input_sha256": file.sha256, "version": READER_VERSION, "counts": counts}
        write_mark(partial, mark, (p.stem for p in partial.glob("*.parquet")))
    return replace(file, counts=counts)


def _write_receipt(target: Path, file: PlaceFile) -> None:
    content = {"shape": 1, "file": asdict(file)}
    path = receipt_path(target)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    flush(partial)
    partial.replace(path)
    flush(path.parent)
