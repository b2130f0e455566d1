"""How fast organisations near a postcode are found, on a register of national size with composed positions.

    python -m benchmarks.nearby [--scale 1] [--calls 200] [--room DIR]

The factory makes the register; every postcode of it gets a position near the others of its district, in the
layout of NSPL. The build is kept in the room and used again. Prints the median, the 95th percentile and the
slowest call of ``ods_near`` in milliseconds, and the same for the command line with everything around it.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import polars as pl

from benchmarks import inputs
from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.build import build
from ods_pipeline.places.areas import committed_areas
from ods_pipeline.places.held import take_places

_CALLS = {
    "2 km, pharmacy": "FROM ods_near(?, 2, 'pharmacy')",
    "2 km, any kind": "FROM ods_near(?, 2, NULL)",
    "10 km, gp_practice": "FROM ods_near(?, 10, 'gp_practice')",
    "50 km, any kind": "FROM ods_near(?, 50, NULL)",
}


def compose(organisations: Path, path: Path) -> Path:
    """Write a CSV in the layout of NSPL with every postcode of a register; places follow from the postcodes.

    A postcode area has a middle somewhere in England, its districts lie within 25 km of it, sectors within 3
    km of theirs, and postcodes within 1 km of theirs: town and country as dense as they are.
    """
    icbs = committed_areas().filter((pl.col("kind") == "icb") & pl.col("source").str.contains("2026"))
    near = "(hash({0} || '{1}') % 20001 / 10000.0 - 1)"
    lat = f"50.6 + 4.6 * (hash(area || 'n') % 10001 / 10000) + 0.22 * {near.format('district', 'n')}"
    long = f"-3.6 + 4.2 * (hash(area || 'e') % 10001 / 10000) + 0.36 * {near.format('district', 'e')}"
    lat += f" + 0.027 * {near.format('sector', 'n')} + 0.009 * {near.format('p', 'n')}"
    long += f" + 0.045 * {near.format('sector', 'e')} + 0.015 * {near.format('p', 'e')}"
    with duckdb.connect() as connection:
        connection.register("icbs", icbs.select("gss_code").with_row_index("n").to_arrow())
        connection.execute(f"""
            COPY (
                SELECT
                    p AS pcds, '198001' AS dointr, NULL AS doterm, 400000 AS east1m, 300000 AS north1m,
                    'E01000001' AS lsoa21cd, 'E02000001' AS msoa21cd, 'E06000004' AS lad26cd,
                    'E92000001' AS ctry26cd, 'E38000247' AS sicbl26cd, 'E40000012' AS nhser24cd,
                    i.gss_code AS icb26cd, round({lat}, 6) AS lat, round({long}, 6) AS long
                FROM (
                    SELECT DISTINCT
                        postcode AS p, regexp_extract(postcode, '^[A-Z]+') AS area,
                        split_part(postcode, ' ', 1) AS district, left(postcode, -2) AS sector
                    FROM '{organisations}'
                    WHERE regexp_full_match(postcode, '[A-Z]{{1,2}}[0-9][A-Z0-9]? [0-9][A-Z]{{2}}')
                )
                JOIN icbs AS i ON i.n = hash(area) % 36
                ORDER BY p
            ) TO '{path}' (HEADER)
        """)
    return path


def national(room: Path, scale: float) -> DataRoot:
    """Return a data root with a published register and its positions; it is made if it is not there."""
    root = DataRoot(room / "nearby")
    if not (root.path / "done").exists():
        if current_build(root) is None:
            build(root, releases=[inputs.release(room, scale)])
        published = current_build(root)
        assert published is not None, "nothing is published"
        path = compose(published / "tables" / "organisations.parquet", room / "NSPL_AUG_2026_UK.csv")
        take_places(root, path)
        build(root)
        (root.path / "done").touch()
    return root


def main() -> None:
    """Make what is missing, measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--room", type=Path, default=None)
    given = parser.parse_args()
    root = national(given.room or Path(".benchmarks") / f"scale-{given.scale:g}", given.scale)
    published = current_build(root)
    assert published is not None, "nothing is published"
    with duckdb.connect(str(published / "ods.duckdb"), read_only=True) as connection:
        postcodes = connection.execute(
            "SELECT postcode FROM geo.postcodes ORDER BY hash(postcode), postcode LIMIT ?", [given.calls]
        ).fetchall()
        for name, call in _CALLS.items():
            times, found = [], 0
            for (postcode,) in postcodes:
                started = time.perf_counter()
                found += len(connection.execute(call, [postcode]).fetchall())
                times.append((time.perf_counter() - started) * 1000)
            _print(name, times, found)
    program, times = str(Path(sys.executable).with_name("ods-pipeline")), []
    for (postcode,) in postcodes[:10]:
        words = ["find", "--near", postcode, "--within", "2km", "--kind", "pharmacy", "--open"]
        started = time.perf_counter()
        command = [program, *words, "--data-root", str(root.path)]
        subprocess.run(command, capture_output=True, check=False, timeout=60)
        times.append((time.perf_counter() - started) * 1000)
    _print("command", times, 0)


def _print(name: str, times: list[float], found: int) -> None:
    ordered = sorted(times)
    figures = statistics.median(times), ordered[int(len(ordered) * 0.95)], ordered[-1]
    print(
        f"{name}: median {figures[0]:.0f}, 95 % {figures[1]:.0f}, slowest {figures[2]:.0f} ms; {found} rows"
    )


if __name__ == "__main__":
    main()
