"""Time and memory of files of places of national size, composed: 2.7 million postcodes, 41 million UPRNs.

    python -m benchmarks.places [--postcodes 2700000] [--uprns 41000000] [--folder DIR]

The files are composed by DuckDB, read in a process of their own, and removed. Prints seconds and peak memory.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import duckdb

_READ = """
import json, resource, sys, time
from pathlib import Path
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.places.held import take_places
began = time.monotonic()
file = take_places(DataRoot(Path(sys.argv[1])), Path(sys.argv[2]))
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": round(time.monotonic() - began, 1),
    "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
    "peak_mb": used.ru_maxrss // 1024, "counts": file.counts,
}))
"""
_HEADER = (
    "pcd7,pcd8,pcds,dointr,doterm,usrtypind,east1m,north1m,gridind,oa21cd,cty26cd,ced25cd,lad26cd,wd26cd,nhser24cd,"
    "ctry26cd,rgn26cd,pcon24cd,ttwa15cd,itl25cd,npark16cd,lsoa21cd,msoa21cd,wz11cd,sicbl26cd,bua24cd,ruc21ind,oac21ind,"
    "lat,long,lep21cd1,lep21cd2,pfa23cd,imd25ind,icb26cd"
)


def compose_postcodes(path: Path, count: int) -> Path:
    """Write a CSV of postcodes in the layout of NSPL, each one different."""
    digit = "(i // {} % 10)::VARCHAR"
    letter = "chr((65 + i // {} % {})::INTEGER)"
    parts = [
        letter.format(676000, 26),
        letter.format(67600, 10),
        digit.format(6760),
        "' '",
        digit.format(676),
    ]
    code = " || ".join([*parts, letter.format(26, 26), letter.format(1, 26)])
    gss = "'{}' || lpad((i // {} % {})::VARCHAR, 6, '0')"
    fixed = {
        "pcd7": "replace(p, ' ', '')",
        "pcd8": "p",
        "pcds": "p",
        "dointr": "'198001'",
        "doterm": "if(i % 3 = 0, '201506', NULL)",
        "east1m": "(100000 + i % 500000)::VARCHAR",
        "north1m": "(100000 + i // 7 % 900000)::VARCHAR",
        "lat": "50 + i % 800000 / 100000",
        "long": "-5 + i % 600000 / 100000",
        "icb26cd": gss.format("E54", 64000, 42),
    }
    columns = ", ".join(
        f"{fixed.get(name) or gss.format('E0' + str(n % 10), 1 + n, 9000)} AS {name}"
        for n, name in enumerate(_HEADER.split(","))
    )
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {columns} FROM (SELECT i, {code} AS p FROM range({count}) t(i))) "
            f"TO '{path}' (HEADER, FORCE_QUOTE *)"
        )
    return path


def compose_uprns(path: Path, count: int) -> Path:
    """Write a CSV of UPRNs in the layout of OS Open UPRN."""
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 1 + i * 5 AS UPRN, 100000 + i % 500000 + 0.5 AS X_COORDINATE, "
            "100000 + i % 900000 + 0.25 AS Y_COORDINATE, 50 + i % 8000000 / 1000000 AS LATITUDE, "
            f"-5 + i % 6000000 / 1000000 AS LONGITUDE FROM range({count}) t(i)) TO '{path}' (HEADER)"
        )
    return path


def zipped(csv: Path) -> Path:
    """Put a CSV into a zip of its own, and remove it."""
    path = csv.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(csv, csv.name)
    csv.unlink()
    return path


def measured(root: Path, path: Path) -> dict[str, object]:
    """Take a file in, in a process of its own, and return its seconds and peak memory."""
    command = [sys.executable, "-c", _READ, str(root), str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    return json.loads(ran.stdout.splitlines()[-1])


def main() -> None:
    """Compose, measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--postcodes", type=int, default=2_700_000)
    parser.add_argument("--uprns", type=int, default=0, help="41000000 is all of Great Britain")
    parser.add_argument("--folder", type=Path, default=None, help="where the files are composed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        here = Path(folder)
        if given.postcodes:
            path = zipped(compose_postcodes(here / "NSPL_AUG_2026_UK.csv", given.postcodes))
            print("postcodes", path.stat().st_size >> 20, "MB zip:", measured(here / "data", path))
        if given.uprns:
            path = zipped(compose_uprns(here / "osopenuprn_202608.csv", given.uprns))
            print("uprns", path.stat().st_size >> 20, "MB zip:", measured(here / "data", path))


if __name__ == "__main__":
    main()
