"""Write the costs of stages as tables: what each stage took, the bars, and where the seconds are.

Lives here: ratios, medians and their layout. Does not live here: running a stage (`run.py`).
A bar is a limit on the clock or on memory. Processor time is information: it counts both cores, so its ratios
are shown next to the bars and are never met or missed.
"""

import os
import platform
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Protocol

MEGABYTE = 1e6
OUTSIDE = "outside of the steps"


class CostLike(Protocol):
    """The part of ``run.Cost`` that is read here."""

    @property
    def stage(self) -> str: ...
    @property
    def scale(self) -> float: ...
    @property
    def ok(self) -> bool: ...
    @property
    def seconds(self) -> float: ...
    @property
    def cpu(self) -> float: ...
    @property
    def peak(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def parts(self) -> dict[str, float]: ...
    @property
    def why(self) -> str: ...


Costs = Sequence[CostLike]
Bar = tuple[str, str, bool]
Measure = Callable[[CostLike], float]
# Each bar that is a ratio: its label, the two stages, the limit.
_AT_MOST = (
    ("zip to flat: at most 0.45 x iterparse", "flat", "iterparse", 0.45),
    ("flat to everything else: at most 2 x iterparse", "publish", "iterparse", 2.0),
)
_AT_LEAST = ("zip to flat: at least 7 x faster than the flattener", "flattener", "flat", 7.0)
_GROWTH_LIMIT = 1.25
_PEAK_LIMIT = 2e9
_FETCH_SECONDS = 32.0
_OUTSIDE_SECONDS = 8.0
_RELEASES_LIMIT = 0.2


def _seconds(cost: CostLike) -> float:
    return cost.seconds


def _processor_seconds(cost: CostLike) -> float:
    return cost.cpu


def as_text(costs: Costs, scale: float) -> str:
    """Return all tables as one Markdown text, without the head."""
    tables = [_stages(costs), _bars(costs, scale), _information(costs, scale), _parts(costs)]
    return "\n\n".join(table for table in tables if table)


def write_results(costs: Costs, scale: float, path: Path) -> None:
    """Write the results with the day and the machine in words."""
    head = [
        "# Results",
        "",
        f"{date.today().isoformat()}, {machine()}, load at the end {os.getloadavg()[0]:.1f}, {_size(scale)}. "
        "Written by `python -m benchmarks.run`; "
        "medians over the runs, each stage in its own process. Ratios are of one run.",
        "",
        "",
    ]
    path.write_text("\n".join(head) + as_text(costs, scale) + "\n", encoding="utf-8")


def machine() -> str:
    """Return the machine in words: cores, memory, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = "a processor of unknown make"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
        model = names[0] if names else model
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GB of memory, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def _size(scale: float) -> str:
    return "national size" if scale == 1 else f"{scale:g} times national size"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _of(costs: Costs, stage: str, scale: float) -> list[CostLike]:
    return [cost for cost in costs if cost.stage == stage and cost.scale == scale and cost.ok]


def _median(costs: Iterable[CostLike], measure: Measure) -> float:
    return statistics.median(measure(cost) for cost in costs)


def _stages(costs: Costs) -> str:
    rows = []
    for stage, scale in dict.fromkeys((cost.stage, cost.scale) for cost in costs):
        good = _of(costs, stage, scale)
        label = stage if scale == costs[0].scale else f"{stage}, {_size(scale)}"
        if not good:
            why = next(cost.why for cost in costs if (cost.stage, cost.scale) == (stage, scale))
            rows.append([label, f"failed: {why}", "", "", "", ""])
            continue
        rows.append(
            [
                label,
                f"{_median(good, lambda c: c.seconds):.1f}",
                f"{_median(good, lambda c: c.cpu):.1f}",
                f"{_median(good, lambda c: c.peak) / MEGABYTE:,.0f}",
                f"{good[0].rows:,}" if good[0].rows else "",
                f"{good[0].bytes:,}" if good[0].bytes else "",
            ]
        )
    return _table(["stage", "seconds", "CPU seconds", "peak MB", "rows", "bytes"], rows)


def _ratio(costs: Costs, over: str, under: str, scale: float, measure: Measure) -> float | None:
    """Return the median over runs of one stage's cost over another's in the same run."""
    pairs = list(zip(_of(costs, over, scale), _of(costs, under, scale), strict=False))
    return statistics.median(measure(a) / measure(b) for a, b in pairs) if pairs else None


def _growth(costs: Costs, scale: float, measure: Measure) -> tuple[str, float] | None:
    """Return the label and the time per record of the grown input over that of the plain one."""
    flat = _of(costs, "flat", scale)
    grown = [cost for cost in costs if cost.stage == "flat" and cost.scale > scale and cost.ok]
    if not flat or not grown:
        return None
    factor = grown[0].scale / scale
    ratio = _median(grown, measure) / _median(flat, measure) / factor
    return f"growth to {factor:g} x: time per record", ratio


def _bars(costs: Costs, scale: float) -> str:
    """Return each bar, what was measured, and whether it is met."""
    bars = [*_flat_bars(costs, scale), *_query_bars(costs, scale), *_fetch_bars(costs, scale)]
    rows = [(what, measured, "yes" if met else "no") for what, measured, met in bars]
    return _table(["bar", "measured", "met"], rows)


def _information(costs: Costs, scale: float) -> str:
    """Return the ratios in processor time of all cores; empty if there are none."""
    rows = []
    for label, over, under, _ in (*_AT_MOST, _AT_LEAST):
        ratio = _ratio(costs, over, under, scale, _processor_seconds)
        if ratio is not None:
            rows.append((f"{label.partition(':')[0]}: {over} / {under}", f"{ratio:.2f} x"))
    growth = _growth(costs, scale, _processor_seconds)
    if growth:
        rows.append((growth[0], f"{growth[1]:.2f} x"))
    return _table(["for information, in processor time of all cores", "measured"], rows) if rows else ""


def _flat_bars(costs: Costs, scale: float) -> Iterator[Bar]:
    for label, over, under, limit in _AT_MOST:
        ratio = _ratio(costs, over, under, scale, _seconds)
        if ratio is not None:
            yield label, f"{ratio:.2f} x", ratio <= limit
    label, over, under, limit = _AT_LEAST
    ratio = _ratio(costs, over, under, scale, _seconds)
    if ratio is not None:
        yield label, f"{ratio:.1f} x", ratio >= limit
    growth = _growth(costs, scale, _seconds)
    if growth:
        yield f"{growth[0]} within 25 %", f"{growth[1]:.2f} x", growth[1] <= _GROWTH_LIMIT
    flat = _of(costs, "flat", scale)
    if flat:
        peak = _median(flat, lambda cost: cost.peak)
        yield "zip to flat: peak memory below 2 GB", f"{peak / 1e9:.2f} GB", peak < _PEAK_LIMIT


def _query_bars(costs: Costs, scale: float) -> Iterator[Bar]:
    queries = _of(costs, "queries", scale)
    for call in queries[0].parts if queries else ():
        limit = 1.0 if call.startswith("ods_hierarchy") else 0.05
        seconds = statistics.median(cost.parts[call] for cost in queries)
        yield f"`{call}`: at most {limit * 1000:.0f} ms", f"{seconds * 1000:.0f} ms", seconds <= limit


def _fetch_bars(costs: Costs, scale: float) -> Iterator[Bar]:
    twelve, three = (_of(costs, f"fetch_onto_{n}", scale) for n in (12, 3))
    if twelve:
        seconds = _median(twelve, _seconds)
        label = f"a fetch onto 12 releases: at most {_FETCH_SECONDS:.0f} s"
        yield label, f"{seconds:.1f} s", seconds <= _FETCH_SECONDS
        outside = _median(twelve, lambda cost: cost.parts[OUTSIDE])
        label = f"of which outside of the steps (Dagster itself): at most {_OUTSIDE_SECONDS:.0f} s"
        yield label, f"{outside:.1f} s", outside <= _OUTSIDE_SECONDS
        if three:
            ratio = seconds / _median(three, _seconds)
            yield "the same within 20 % with 3 releases", f"{ratio:.2f} x", abs(ratio - 1) <= _RELEASES_LIMIT


def _parts(costs: Costs) -> str:
    """Return the seconds of each step, the slowest first: where the next second can be saved."""
    rows: list[tuple[str, str, str]] = []
    for stage, scale in dict.fromkeys((c.stage, c.scale) for c in costs if c.parts and c.stage != "queries"):
        good = _of(costs, stage, scale)
        steps: dict[str, float] = {
            step: statistics.median(cost.parts.get(step, 0.0) for cost in good) for step in good[0].parts
        }
        for step, seconds in sorted(steps.items(), key=lambda item: -item[1]):
            rows.append((f"{stage} x{scale:g}" if scale != costs[0].scale else stage, step, f"{seconds:.2f}"))
    return _table(["stage", "step", "seconds"], rows)
