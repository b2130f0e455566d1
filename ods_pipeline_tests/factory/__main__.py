"""The factory as a command: one release as TRUD's zip, or a series of months straight to ``flat/``."""

import argparse
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.factory import make_register, months, write_flat_release, write_release


def main() -> None:
    """Writes what was asked for and prints the paths."""
    parser = argparse.ArgumentParser(prog="python -m ods_pipeline_tests.factory", description=__doc__)
    parser.add_argument("--scale", default="national", help="national, or a multiple of it such as 0.01")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the zip; with --months a data root"
    )
    parser.add_argument("--months", type=int, help="write so many monthly releases to OUT/flat, and no zip")
    asked = parser.parse_args()
    scale = 1.0 if asked.scale == "national" else float(asked.scale)
    register = make_register(scale, asked.seed)
    if not asked.months:
        print(write_release(register, asked.out))
        return
    for one, _ in months(register, asked.months):
        print(write_flat_release(one, DataRoot(asked.out)), flush=True)


if __name__ == "__main__":
    main()
