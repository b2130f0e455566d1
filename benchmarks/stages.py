"""Run one stage: ``python -m benchmarks.stages NAME ROOM SCALE``, in its own process.

A stage prints one line of JSON: ``rows`` and ``bytes`` of its output and, if it has steps, ``parts``: the
seconds of each step. Its input comes from the stage before or from ``inputs.py`` (not measured). Only the
module of the stage is imported: a yardstick must not pay for what it does not use.
"""

import importlib
import json
import sys
from pathlib import Path

STAGES = {
    "make_release": "benchmarks.flattening",
    "make_series": "benchmarks.publishing",
    "iterparse": "benchmarks.bare",
    "flattener": "benchmarks.flattener",
    "flat": "benchmarks.flattening",
    "publish": "benchmarks.publishing",
    "queries": "benchmarks.publishing",
    "fetch_onto_12": "benchmarks.publishing",
    "fetch_onto_3": "benchmarks.publishing",
}


def main() -> None:
    """Run the stage named on the command line."""
    name, room, scale = sys.argv[1:4]
    stage = getattr(importlib.import_module(STAGES[name]), name)
    print(json.dumps(stage(Path(room), float(scale))))


if __name__ == "__main__":
    main()
