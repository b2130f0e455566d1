"""What is due: held captures to flatten and publish, stamps to ask for, codes to ask for again.

Does not live here: which stamps are due on a day, as a pure function (``sources/due.py``).
"""

from datetime import date, timedelta

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.flat import each_flat_folder, flat_mark, release_folder
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.inventory.aside import set_aside_codes, unsettled_fetches
from ods_pipeline.inventory.held import HeldFetch, held_captures, held_fetches, newest_publication
from ods_pipeline.publish.build_info import is_published, provenance, read_build_info
from ods_pipeline.schema.versions import FLAT_VERSION
from ods_pipeline.sources.due import LONGEST_GAP, SETTLED_AFTER, Window, due_window
from ods_pipeline.sources.receipt import CODE, FetchReceipt, ReleaseReceipt, Unanswered
from ods_pipeline.sources.recorded import held_releases


def mark_of(sha256: str) -> dict[str, object]:
    """Return the mark of a flat folder that this version makes from a file (or receipt) with this SHA-256."""
    return {"flat_version": FLAT_VERSION, "input_sha256": sha256}


def due_releases(root: DataRoot) -> list[ReleaseReceipt]:
    """Return the releases held that this version has not flattened yet."""
    return [
        r for r in held_releases(root) if flat_mark(root, release_folder(r.release_date)) != mark_of(r.sha256)
    ]


def due_fetches(root: DataRoot) -> list[HeldFetch]:
    """Return the fetches held that this version has not flattened yet."""
    return [f for f in held_fetches(root) if flat_mark(root, f.folder.name) != mark_of(f.receipt.sha256)]


def due_stamps(root: DataRoot, today: date, longest_gap: int | None = LONGEST_GAP) -> Window | None:
    """Return the stamps to ask the delta source for, first and last inclusive.

    None if no release is held, or if today's stamps have been asked for. The stamps of a fetch of which a
    good part was set aside (``aside.py``) are due again, from the next day on.

    Args:
        root: The data root.
        today: The UK date.
        longest_gap: How many days back the source lists changes; None without a limit.

    Raises:
        OdsError: The first stamp due is further back than the source goes.
    """
    published = newest_publication(root)
    if published is None:
        return None
    if not any(each_flat_folder(root, "release")):
        # A day of a whole read is not settled: what is edited on it, and the day before, comes out later.
        published -= timedelta(days=SETTLED_AFTER)
    unsettled = unsettled_fetches(root)
    fetches = {f.folder.name: _days(f.receipt) for f in held_fetches(root)}
    windows = [days for name, days in fetches.items() if name not in unsettled]
    window = due_window(published, windows, today, longest_gap=longest_gap)
    asked_today = [days for name, days in fetches.items() if name in unsettled and days[2] == today]
    if window is None or any(first <= window[0] for first, _, _ in asked_today):
        return None  # the same answers would come again
    return window


def _days(receipt: FetchReceipt) -> tuple[date, date, date]:
    first, last, as_of = receipt.stamps_from, receipt.stamps_to, receipt.as_of
    return date.fromisoformat(first), date.fromisoformat(last), date.fromisoformat(as_of)


def to_ask_again(root: DataRoot) -> dict[str, str]:
    """Return the codes that the next fetch asks for again, each with its stamp (ISO).

    They got no answer, or one that was set aside.
    """
    aside = {code: entry.as_of for code, entry in set_aside_codes(root).items() if CODE.fullmatch(code)}
    return aside | {code: entry.stamp for code, entry in unanswered(root).items()}


def unpublished(root: DataRoot) -> str | None:
    """Return what waits to be published: one SHA-256 over the captures held. None if nothing waits.

    A set that was published for a certain day is up to date as long as its captures are.
    """
    captures = held_captures(root)
    if captures is None:
        return None
    build = current_build(root)
    today = None if build is None else read_build_info(build).get("today")
    if is_published(root, captures, today):
        return None
    as_of = captures["as_of"].max()
    assert isinstance(as_of, date)
    return provenance(captures, as_of)["inputs_sha256"]


def needs_flattening_again(root: DataRoot) -> bool:
    """Return whether a capture held was flattened by another version, so that a fold would mix versions."""
    folders = [release_folder(r.release_date) for r in due_releases(root)]
    folders += [f.folder.name for f in due_fetches(root)]
    return any(flat_mark(root, folder) is not None for folder in folders)


def unanswered(root: DataRoot) -> dict[str, Unanswered]:
    """Return the codes that a fetch asked for without an answer, so that the next fetch asks again.

    Codes that a later fetch has an answer for are left out. So are codes stamped before the newest release
    was published: the release covers them.
    """
    open_codes: dict[str, Unanswered] = {}
    for receipt in sorted((f.receipt for f in held_fetches(root)), key=lambda r: r.as_of):
        open_codes = {code: entry for code, entry in open_codes.items() if code not in receipt.codes}
        open_codes |= receipt.unanswered
    # A read of the whole register covers nothing that got no answer in it.
    published = str(newest_publication(root) or "") if any(each_flat_folder(root, "release")) else ""
    return {code: open_codes[code] for code in sorted(open_codes) if open_codes[code].stamp >= published}
