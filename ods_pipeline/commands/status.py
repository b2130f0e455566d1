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
from ods_pipeline.inventory.backfill import LACKS
from ods_pipeline.inventory.health import health_of, quarantined
from ods_pipeline.inventory.held import held_captures
from ods_pipeline.inventory.sample import holds_sample
from ods_pipeline.publish.build_info import read_build_info


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
    health = health_of(root)
    console.print(f"  missing stamps: {shortened(health.missing_stamps) or 'none'}")
    for problem in health.of_the_future:
        console.print(f"  of the future: {problem}")
    if codes := health.unanswered_codes:
        console.print(f"  requested without an answer: {shortened(codes)}; the next fetch retries")
    if codes := health.newest_record_set_aside:
        console.print(f"  newest record set aside: {shortened(codes)}; the next fetch asks for them again")
    if due := health.held_but_not_flattened:
        console.print(f"  held but not flattened yet: {', '.join(due)}")
    again = command_line("build", root.path)
    if damaged := health.damaged_receipts:
        console.print(f"  damaged receipts: {', '.join(damaged)}; run: {again}")
    if build is not None and health.is_behind:
        console.print(f"  held but not published yet; run: {again}")
    _print_quarantine(console, root)
    return EXIT_INCOMPLETE if health.needs_attention else 0


def _other_day(info: Mapping[str, Any]) -> str:
    """Return that the marts describe another day than the newest (`build --today`); empty if they do not."""
    is_other = info.get("today") not in (None, info.get("as_of"))
    return f"; the marts describe {info['today']}, as build --today asked for" if is_other else ""


def _print_captures(console: Console, captures: pl.DataFrame) -> None:
    """Print one line for each release, oldest first, and one for all fetches."""
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
    """Return how many fetches each source has; empty if ODT has none."""
    counts = dict(deltas.group_by("source").len().sort("source").iter_rows())
    return f" ({counts['odt']:,} from ODT)" if "odt" in counts else ""


def _print_quarantine(console: Console, root: DataRoot) -> None:
    names = quarantined(root)
    if names:
        console.print(f"  set aside in quarantine/: {', '.join(names)} (a .reason.json next to each)")
