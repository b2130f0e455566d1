"""The state of a data root in figures and names: what is held and published, and what needs attention.

Lives here: collecting it, as JSON and as Prometheus reads it. Does not live here: printing
(``commands/status.py``) and who is alerted (``defs/alerts.py``).
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq

from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.inventory.aside import set_aside_codes
from ods_pipeline.inventory.due import due_fetches, due_releases, unanswered
from ods_pipeline.inventory.future import problems_of_the_future
from ods_pipeline.inventory.held import held_captures, held_fetches
from ods_pipeline.inventory.missing import missing_stamps
from ods_pipeline.inventory.places import places_label
from ods_pipeline.inventory.repair import damaged_receipts
from ods_pipeline.inventory.sample import holds_sample
from ods_pipeline.publish.build_info import is_published, read_build_info
from ods_pipeline.schema import TABLES
from ods_pipeline.sources.clock import SystemClock, uk_date

METRICS = "metrics.prom"


@dataclass(frozen=True)
class Health:
    """The state of a data root. Days are ISO; ``as_of`` is the newest day that the published set covers.

    ``of_the_future`` has a line for each capture of a day that has not come, ``newest_record_set_aside`` the
    codes whose newest record is in quarantine. ``drift`` is the number of rows of ``marts.drift``; ``rows``
    those of every published table.
    """

    data_root: str
    sample: bool = False
    build: str | None = None
    as_of: str | None = None
    is_behind: bool = False
    releases: list[str] = field(default_factory=list)
    fetches: int = 0
    missing_stamps: list[str] = field(default_factory=list)
    unanswered_codes: list[str] = field(default_factory=list)
    held_but_not_flattened: list[str] = field(default_factory=list)
    damaged_receipts: list[str] = field(default_factory=list)
    of_the_future: list[str] = field(default_factory=list)
    newest_record_set_aside: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    drift: int = 0
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def needs_attention(self) -> bool:
        """Whether something is missing, damaged, or held but not published."""
        return bool(
            self.missing_stamps
            or self.unanswered_codes
            or self.held_but_not_flattened
            or self.damaged_receipts
            or self.of_the_future
            or self.newest_record_set_aside
            or self.is_behind
        )

    def as_json(self) -> str:
        """Return the state as one JSON object, keys in a fixed order."""
        return json.dumps(asdict(self) | {"needs_attention": self.needs_attention}, indent=2)


def health_of(root: DataRoot) -> Health:
    """Return the state of a data root today, from receipts, marks, quarantine and published footers."""
    captures, build = held_captures(root), current_build(root)
    if captures is None:
        return Health(str(root.path))
    info = {} if build is None else read_build_info(build)
    rows = {} if build is None else _rows_of(build)
    return Health(
        data_root=str(root.path),
        sample=holds_sample(root),
        build=None if build is None else build.name,
        as_of=info.get("as_of"),
        is_behind=build is None or not is_published(root, captures, info.get("today"), places_label(root)),
        releases=sorted(captures["release_date"].drop_nulls().unique().cast(str).to_list()),
        fetches=len(held_fetches(root)),
        missing_stamps=[day.isoformat() for day in missing_stamps(captures)],
        unanswered_codes=[*unanswered(root)],
        held_but_not_flattened=[r.release_date for r in due_releases(root)]
        + [f.folder.name for f in due_fetches(root)],
        damaged_receipts=[path.name for path, _ in damaged_receipts(root)],
        of_the_future=problems_of_the_future(root, captures, uk_date(SystemClock().now())),
        newest_record_set_aside=[*set_aside_codes(root)],
        quarantined=quarantined(root),
        drift=rows.get("marts.drift", 0),
        rows=rows,
    )


def quarantined(root: DataRoot) -> list[str]:
    """Return the names of the files and folders that were set aside with a reason."""
    return sorted(p.name.removesuffix(".reason.json") for p in root.quarantine.glob("*.reason.json"))


def write_metrics(root: DataRoot) -> Path:
    """Write the state next to ``datapackage.json``, as the textfile collector of Prometheus reads it."""
    path = root.path / METRICS
    partial = path.with_name(f"{METRICS}.partial")
    partial.write_text(metrics_text(health_of(root)), encoding="utf-8")
    partial.replace(path)
    return path


def metrics_text(health: Health) -> str:
    """Return the state in the text format of Prometheus. When it was written is the time of its file."""
    figures: list[tuple[str, str, int | None]] = [
        (
            "as_of_timestamp_seconds",
            "The newest day that the published set covers, at 00:00 UTC.",
            _second(health),
        ),
        (
            "published_build",
            "The number of the published build.",
            int(health.build) if health.build else None,
        ),
        ("unpublished", "1 if something is held that is not published.", int(health.is_behind)),
        (
            "needs_attention",
            "1 if something is missing, damaged, set aside or not published.",
            int(health.needs_attention),
        ),
        ("missing_stamps", "Stamps that no fetch asked for.", len(health.missing_stamps)),
        ("unanswered_codes", "Codes that the ORD API gave no answer for.", len(health.unanswered_codes)),
        ("quarantined", "Files and folders that were set aside.", len(health.quarantined)),
        ("drift_rows", "Rows of marts.drift.", health.drift),
    ]
    lines = []
    for name, help_text, value in figures:
        if value is not None:
            lines += [f"# HELP ods_{name} {help_text}", f"# TYPE ods_{name} gauge", f"ods_{name} {value}"]
    lines += ["# HELP ods_rows Rows of a published table.", "# TYPE ods_rows gauge"]
    lines += [f'ods_rows{{table="{table}"}} {rows}' for table, rows in health.rows.items()]
    return "\n".join(lines) + "\n"


def _second(health: Health) -> int | None:
    if health.as_of is None:
        return None
    day = date.fromisoformat(health.as_of)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _rows_of(build: Path) -> dict[str, int]:
    files = {f"{t.schema}.{t.name}": build / t.path for t in TABLES.values()}
    return {name: pq.read_metadata(file).num_rows for name, file in files.items() if file.exists()}
