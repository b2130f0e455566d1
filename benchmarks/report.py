"""Costs of stages to tables: what each stage took, and how far the bars are met."""

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
    """What is read of ``run.Cost``."""

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
_CLOCKS: tuple[tuple[str, Callable[[CostLike], float]], ...] = (
    ("", lambda c: c.seconds),
    (", in CPU time", lambda c: c.cpu),
)


def as_text(costs: Costs, scale: float) -> str:
    """Everything as one Markdown text, without the head."""
    return "\n\n".join([_stages(costs), _bars(costs, scale), _parts(costs)])


def write_results(costs: Costs, scale: float, path: Path) -> None:
    """Writes the results with the day and the machine in words."""
    head = [
        "# Results",
        "",
        f"{date.today().isoformat()}, {machine()}, load at the end {os.getloadavg()[0]:.1f}, {_size(scale)}. "
        "Written by `python -m benchmarks.run`; "
        "medians over the runs, each stage in a process of its own. Ratios are of one run.",
        "",
        "",
    ]
    path.write_text("\n".join(head) + as_text(costs, scale) + "\n", encoding="utf-8")


def machine() -> str:
    """The machine in words: cores, memory, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = "a processor of unknown make"
    about = Path("/proc/cpuinfo")
    if about.exists():
        names = [x.partition(":")[2].strip() for x in about.read_text().splitlines() if "model name" in x]
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


def _median(costs: Iterable[CostLike], take: Callable[[CostLike], float]) -> float:
    return statistics.median(take(cost) for cost in costs)


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


def _ratio(
    costs: Costs, over: str, under: str, scale: float, take: Callable[[CostLike], float]
) -> float | None:
    """The median over runs of one stage's cost over another's in the same run."""
    pairs = list(zip(_of(costs, over, scale), _of(costs, under, scale), strict=False))
    return statistics.median(take(a) / take(b) for a, b in pairs) if pairs else None


def _bars(costs: Costs, scale: float) -> str:
    """Each bar, what was measured, and whether it is met."""
    found = [*_flat_bars(costs, scale), *_query_bars(costs, scale), *_fetch_bars(costs, scale)]
    rows = [(what, shown, "yes" if met else "no") for what, shown, met in found]
    return _table(["bar", "measured", "met"], rows)


def _flat_bars(costs: Costs, scale: float) -> Iterator[Bar]:
    flat = _of(costs, "flat", scale)
    grown = [cost for cost in costs if cost.stage == "flat" and cost.scale > scale and cost.ok]
    for name, take in _CLOCKS:
        for over, under, what, limit in (
            ("flat", "iterparse", "zip to flat: at most 0.5 x iterparse", 0.5),
            ("publish", "iterparse", "flat to everything else: at most 2 x iterparse", 2.0),
        ):
            ratio = _ratio(costs, over, under, scale, take)
            if ratio is not None:
                yield f"{what}{name}", f"{ratio:.2f} x", ratio <= limit
        ratio = _ratio(costs, "flattener", "flat", scale, take)
        if ratio is not None:
            what = "zip to flat: at least 6 x faster than the flattener"
            yield f"{what}{name}", f"{ratio:.1f} x", ratio >= 6
        if flat and grown:
            more = grown[0].scale / scale
            apart = _median(grown, take) / _median(flat, take) / more
            what = f"growth to {more:g} x: time per record within 25 %"
            yield f"{what}{name}", f"{apart:.2f} x", apart <= 1.25
    if flat:
        peak = _median(flat, lambda c: c.peak)
        yield "zip to flat: peak memory below 2 GB", f"{peak / 1e9:.2f} GB", peak < 2e9


def _query_bars(costs: Costs, scale: float) -> Iterator[Bar]:
    asked = _of(costs, "queries", scale)
    for call in asked[0].parts if asked else ():
        limit = 1.0 if call.startswith("ods_hierarchy") else 0.05
        spent = statistics.median(cost.parts[call] for cost in asked)
        yield f"`{call}`: at most {limit * 1000:.0f} ms", f"{spent * 1000:.0f} ms", spent <= limit


def _fetch_bars(costs: Costs, scale: float) -> Iterator[Bar]:
    twelve, three = (_of(costs, f"fetch_onto_{n}", scale) for n in (12, 3))
    if twelve:
        spent = _median(twelve, lambda c: c.seconds)
        yield "a fetch onto 12 releases: at most 60 s", f"{spent:.1f} s", spent <= 60
        outside = _median(twelve, lambda c: c.parts[OUTSIDE])
        yield "of which outside of the steps (Dagster itself): at most 8 s", f"{outside:.1f} s", outside <= 8
        if three:
            apart = spent / _median(three, lambda c: c.seconds)
            yield "the same within 20 % with 3 releases", f"{apart:.2f} x", abs(apart - 1) <= 0.2


def _parts(costs: Costs) -> str:
    """Where the next second can be won: the steps of stages that have some, the dearest first."""
    rows: list[tuple[str, str, str]] = []
    for stage, scale in dict.fromkeys((c.stage, c.scale) for c in costs if c.parts and c.stage != "queries"):
        good = _of(costs, stage, scale)
        steps: dict[str, float] = {
            step: statistics.median(cost.parts.get(step, 0.0) for cost in good) for step in good[0].parts
        }
        for step, seconds in sorted(steps.items(), key=lambda item: -item[1]):
            rows.append((f"{stage} x{scale:g}" if scale != costs[0].scale else stage, step, f"{seconds:.2f}"))
    return _table(["stage", "step", "seconds"], rows)
