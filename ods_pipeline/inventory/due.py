"""What is due: held captures to flatten, stamps to ask for, codes to ask for again.

Does not live here: which stamps are due on a day, as a pure function (``sources/due.py``).
"""

from datetime import date

from ods_pipeline.dataroot.flat import flat_mark, release_folder
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.inventory.aside import set_aside_codes, unsettled_fetches
from ods_pipeline.inventory.held import HeldFetch, held_fetches, newest_publication
from ods_pipeline.schema.versions import FLAT_VERSION
from ods_pipeline.sources.due import LONGEST_GAP, Window, due_window
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
        root: the data root.
        today: the UK date.
        longest_gap: how many days back the source lists changes; None without a limit.

    Raises:
        OdsError: the first stamp due is further back than the source goes.
    """
    published = newest_publication(root)
    if published is None:
        return None
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


def unanswered(root: DataRoot) -> dict[str, Unanswered]:
    """Return the codes that a fetch asked for without an answer, so that the next fetch asks again.

    Codes that a later fetch has an answer for are left out. So are codes stamped before the newest release
    was published: the release covers them.
    """
    open_codes: dict[str, Unanswered] = {}
    for receipt in sorted((f.receipt for f in held_fetches(root)), key=lambda r: r.as_of):
        open_codes = {code: entry for code, entry in open_codes.items() if code not in receipt.codes}
        open_codes |= receipt.unanswered
    published = str(newest_publication(root) or "")
    return {code: open_codes[code] for code in sorted(open_codes) if open_codes[code].stamp >= published}
