"""Run the stages, each in its own process, and print and write what they cost.

    python -m benchmarks.run [--scale national] [--runs 3] [--only flat,publish] [--no-growth]

Within a run every stage runs once, one after the other, so that other load on the machine affects all of them
alike. Ratios are of one run; the results show the median over the runs.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.report import as_text, write_results

REPOSITORY = Path(__file__).resolve().parent.parent
MEASURED = ("iterparse", "flattener", "flat", "publish", "queries", "fetch_onto_12", "fetch_onto_3")
GROWN = 3.0


@dataclass(frozen=True)
class Cost:
    """The cost of one stage, run once.

    ``seconds`` are wall clock, ``cpu`` seconds of all cores together, ``peak`` is memory in bytes. ``ok`` is
    false if the stage failed, and ``why`` is then its last line; ``rows`` and ``bytes`` count its output.
    """

    stage: str
    scale: float
    ok: bool
    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    rows: int = 0
    bytes: int = 0
    parts: dict[str, float] = field(default_factory=dict)
    why: str = ""


def measure(stage: str, room: Path, scale: float) -> Cost:
    """Run one stage in its own process and measure it from outside."""
    command = [sys.executable, "-m", "benchmarks.stages", stage, str(room), str(scale)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    out, errors = room / "stage.out", room / "stage.err"
    with out.open("wb") as stdout, errors.open("wb") as stderr:
        started = os.times().elapsed
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=stdout, stderr=stderr)
        _, status, used = os.wait4(process.pid, 0)
        seconds = os.times().elapsed - started
        process.returncode = os.waitstatus_to_exitcode(status)
    common = {
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }
    if process.returncode:
        why = errors.read_text(errors="replace").strip().splitlines()
        return Cost(stage, scale, ok=False, why=why[-1] if why else f"exit {process.returncode}", **common)
    result = json.loads(out.read_text().strip().splitlines()[-1])
    return Cost(stage, scale, ok=True, **common, **result)


def main() -> None:
    """Make the input if it is missing, run the stages, print and write ``RESULTS.md``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--scale", default="national", help="national, or a multiple of it such as 0.05")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help=f"stages, separated by commas: {','.join(MEASURED)}")
    parser.add_argument("--room", type=Path, default=REPOSITORY / ".benchmarks", help="where input is kept")
    parser.add_argument("--growth", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "RESULTS.md")
    arguments = parser.parse_args()
    scale = 1.0 if arguments.scale == "national" else float(arguments.scale)
    stages = tuple(arguments.only.split(",")) if arguments.only else MEASURED
    unknown = sorted(set(stages) - set(MEASURED))
    if unknown:
        parser.error(f"--only: no such stage: {', '.join(unknown)}. Choose from {', '.join(MEASURED)}")
    costs = [cost for run in range(arguments.runs) for cost in _one_run(run, arguments.room, scale, stages)]
    if arguments.growth and "flat" in stages:
        for run in range(arguments.runs):
            costs += _one_run(run, arguments.room, scale * GROWN, ("flat",))
    print(as_text(costs, scale))
    write_results(costs, scale, arguments.results)


def _one_run(run: int, room: Path, scale: float, stages: tuple[str, ...]) -> list[Cost]:
    place = room / f"scale-{scale:g}"
    place.mkdir(parents=True, exist_ok=True)
    needed = ["make_release"] + ["make_series"] * any(stage.startswith("fetch") for stage in stages)
    if run == 0:
        for stage in needed:
            _printed(measure(stage, place, scale))
    return [_printed(measure(stage, place, scale)) for stage in stages]


def _printed(cost: Cost) -> Cost:
    outcome = f"{cost.seconds:8.1f} s  {cost.cpu:8.1f} s of CPU" if cost.ok else f"failed: {cost.why}"
    print(f"{cost.stage:14s} x{cost.scale:<5g} {outcome}", flush=True)
    return cost


if __name__ == "__main__":
    main()
