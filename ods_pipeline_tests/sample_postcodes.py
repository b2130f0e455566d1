"""Write the sample's file of postcodes from ``data/sample/facts``, in the layout of NSPL of August 2026.

Lives here: how rows become the zip. Does not live here: facts (edit the CSV files) and the layout
(``support/postcodes.py``). No clock, no chance: the same tables give the same bytes.
"""

import csv
import io
from pathlib import Path

from ods_pipeline_tests.support.postcodes import NOWHERE, nspl_zip, place

# Rows of kinds that the register has no organisation of: what a reader leaves out or counts.
_ODDITIES = [
    place("BT1 5GS", 54.5973, -5.9301, ctry="N92000002", icb="", sicbl="", nhser=""),
    place("JE2 3QA", **NOWHERE, ctry="L93000001", icb="", sicbl="", nhser="", lad="L99999999"),
]


def write_postcodes(facts: Path, folder: Path) -> Path:
    """Write the zip into a folder, and return its path."""
    places = [
        place(
            row["postcode"],
            doterm=row["terminated"],
            dointr=row["introduced"],
            east=row["easting"],
            north=row["northing"],
            lat=row["latitude"],
            long=row["longitude"],
            lad=row["local_authority_code"],
            lsoa=row["lsoa_code"],
            msoa=row["msoa_code"],
            icb=row["icb_code"],
            nhser=row["region_code"],
            ctry=row["country_code"],
            sicbl=row["sub_icb_code"] or f"{row['country_code'][0]}99999999",
        )
        for row in _read(facts / "postcodes.csv")
    ]
    names = io.StringIO()
    rows = [[row["gss_code"], row["name"]] for row in _read(facts / "local_authorities.csv")]
    csv.writer(names).writerows([["LAD26CD", "LAD26NM"], *rows])
    return nspl_zip(folder, [*places, *_ODDITIES], documents={"LA_UA": names.getvalue()})


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
