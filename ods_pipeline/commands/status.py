"""`ods-pipeline status`: what is held, up to which day, and what is missing. Writes nothing."""

from collections.abc import Mapping
from typing import Annotated, Any

import polars as pl
from cyclopts import Parameter
from rich.console import Console

from ods_pipeline.commands.common import (
    DEFAULT_ROOT,
    EXIT_INCOMPLETE,
    Root,
    command_line,
    plain,
    shortened,
)
from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.inventory.aside import set_aside_codes
from ods_pipeline.inventory.backfill import LACKS
from ods_pipeline.inventory.due import due_fetches, due_releases, unanswered
from ods_pipeline.inventory.future import problems_of_the_future
from ods_pipeline.inventory.health import health_of, quarantined
from ods_pipeline.inventory.held import held_captures
from ods_pipeline.inventory.missing import missing_stamps
from ods_pipeline.inventory.places import places_label
from ods_pipeline.inventory.repair import damaged_receipts
from ods_pipeline.inventory.sample import holds_sample
from ods_pipeline.publish.build_info import is_published, read_build_info
from ods_pipeline.sources.clock import SystemClock, uk_date


def status(
    store: Annotated[
        str | None, Parameter(help="A store, to print what is published there: s3://BUCKET/PREFIX, …")
    ] = None,
    *,
    data_root: Root = DEFAULT_ROOT,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON object, for programs.")] = False,
) -> int:
    """Print the state of a data root, or of a store.

    Returns:
        The exit code.

    Raises:
        OdsError: The store fails, or it is not one of ours.
    """
    if store is not None:
        from ods_pipeline.commands.publish import store_status  # noqa: PLC0415 - an extra

        return store_status(store, json=json)
    if not json:
        return show_status(plain(), DataRoot(data_root))
    health = health_of(DataRoot(data_root))
    plain().print(health.as_json())
    return EXIT_INCOMPLETE if health.needs_attention else 0


def show_status(console: Console, root: DataRoot) -> int:
    """Print what a data root holds, up to which day, and what is missing.

    Returns:
        0, or 4 if something is missing, damaged, or held but not published.
    """
    captures = held_captures(root)
    if captures is None:
        console.print(f"{root.path} holds nothing yet. Run: {command_line('build', root.path)}")
        return 0
    sample = " (the embedded sample)" if holds_sample(root) else ""
    console.print(f"{root.path}{sample}")
    _print_captures(console, captures)
    build = current_build(root)
    info = {} if build is None else read_build_info(build)
    if build is None:
        console.print("  nothing is published yet")
    else:
        console.print(f"  published: build {build.name} as of {info.get('as_of')}{_other_day(info)}")
        for place in filter(None, (info.get("places") or "").split("; ")):
            console.print(f"  places: {place.rpartition(' ')[0]}")  # without its hash
    needs_attention = build is None
    missing = missing_stamps(captures)
    console.print(f"  missing stamps: {shortened(missing) or 'none'}")
    ahead = problems_of_the_future(root, captures, uk_date(SystemClock().now()))
    for problem in ahead:
        console.print(f"  of the future: {problem}")
    unanswered_codes = [*unanswered(root)]
    if unanswered_codes:
        console.print(f"  requested without an answer: {shortened(unanswered_codes)}; the next fetch retries")
    aside = [*set_aside_codes(root)]
    if aside:
        console.print(f"  newest record set aside: {shortened(aside)}; the next fetch asks for them again")
    due = [r.release_date for r in due_releases(root)] + [f.folder.name for f in due_fetches(root)]
    if due:
        console.print(f"  held but not flattened yet: {', '.join(due)}")
    damaged = [path.name for path, _ in damaged_receipts(root)]
    if damaged:
        console.print(f"  damaged receipts: {', '.join(damaged)}; run: {command_line('build', root.path)}")
    is_behind = build is not None and not is_published(root, captures, info.get("today"), places_label(root))
    if is_behind:
        console.print(f"  held but not published yet; run: {command_line('build', root.path)}")
    _print_quarantine(console, root)
    needs_attention |= bool(missing or ahead or unanswered_codes or aside or due or damaged or is_behind)
    return EXIT_INCOMPLETE if needs_attention else 0


def _other_day(info: Mapping[str, Any]) -> str:
    """That the marts describe another day than the newest (`build --today`); empty if they do not."""
    is_other = info.get("today") not in (None, info.get("as_of"))
    return f"; the marts describe {info['today']}, as build --today asked for" if is_other else ""


def _print_captures(console: Console, captures: pl.DataFrame) -> None:
    """One line for each release, oldest first, and one for all fetches."""
    kind = pl.col("kind")
    for day, records in (
        captures.filter((kind == "full") & (pl.col("source") == "odt"))
        .select("as_of", "used_records")
        .iter_rows()
    ):
        console.print(f"  the whole register from ODT on {day}: {records:,} records; {LACKS}")
    releases = captures.filter((kind == "full") & (pl.col("source") != "odt")).sort("release_date")
    columns = ("release_date", "publication_date", "parsed_records")
    for day, published, records in releases.select(columns).iter_rows():
        archive = captures.filter((pl.col("release_date") == day) & (kind == "archive"))
        archived = archive["parsed_records"].sum()
        console.print(f"  release {day}, of {published}: {records:,} full and {archived:,} archive records")
    deltas = captures.filter(kind == "delta")
    if deltas.is_empty():
        read = "release" if releases.height else "day on which it was read whole"
        console.print(f"  no deltas: the register is that of the {read}")
        return
    console.print(
        f"  {deltas.height:,} fetches: stamps {deltas['stamps_from'].min()} to {deltas['stamps_to'].max()}, "
        f"{deltas['parsed_records'].sum():,} records, the last on {deltas['as_of'].max()}"
        f"{_shares(deltas)}"
    )


def _shares(deltas: pl.DataFrame) -> str:
    """How many fetches each source has; empty if ODT has none."""
    counts = dict(deltas.group_by("source").len().sort("source").iter_rows())
    return f" ({counts['odt']:,} from ODT)" if "odt" in counts else ""


def _print_quarantine(console: Console, root: DataRoot) -> None:
    names = quarantined(root)
    if names:
        console.print(f"  set aside in quarantine/: {', '.join(names)} (a .reason.json next to each)")
