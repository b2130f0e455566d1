"""Write a made-up release as TRUD's zip, or a series of monthly releases straight to flat/.

The same scale and seed give the same bytes.
"""

import argparse
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.factory import make_register, months, write_flat_release, write_release


def main() -> None:
    """Write what the arguments ask for, and print the paths."""
    parser = argparse.ArgumentParser(prog="python -m ods_pipeline_tests.factory", description=__doc__)
    parser.add_argument(
        "--scale",
        default="national",
        help="size of the register: national (the default, about 371,000 organisations), or a share of it, "
        "such as 0.01; at least 0.002",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="another seed gives another register (default: 1)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the zip; with --months, a data root"
    )
    parser.add_argument(
        "--months",
        type=int,
        help="write this many monthly releases to OUT/flat, flattened, and no zip",
    )
    arguments = parser.parse_args()
    scale = 1.0 if arguments.scale == "national" else float(arguments.scale)
    register = make_register(scale, arguments.seed)
    if not arguments.months:
        print(write_release(register, arguments.out))
        return
    for month, _ in months(register, arguments.months):
        print(write_flat_release(month, DataRoot(arguments.out)), flush=True)


if __name__ == "__main__":
    main()
