"""Files of postcodes and UPRNs in the layouts of their publishers, composed for tests.

Lives here: the headers of three editions, and rows under them. Does not live here: what a reader should make
of them.
"""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Place = dict[str, Any]
# Headers as ONS published them; the directory (ONSPD) has the output areas of three censuses.
HEADERS = {
    "2023": (
        "pcd,pcd2,pcds,dointr,doterm,usertype,oseast1m,osnrth1m,osgrdind,oa21,cty,ced,laua,ward,nhser,ctry,"
        "rgn,pcon,ttwa,itl,park,lsoa21,msoa21,wz11,sicbl,bua22,ru11ind,oac11,lat,long,lep1,lep2,pfa,imd,icb"
    ),
    "2025": (
        "pcd7,pcd8,pcds,dointr,doterm,usrtypind,east1m,north1m,gridind,oa21cd,cty25cd,ced25cd,lad25cd,"
        "wd25cd,nhser24cd,ctry25cd,rgn25cd,pcon24cd,ttwa15cd,itl25cd,npark16cd,lsoa21cd,msoa21cd,wz11cd,"
        "sicbl24cd,bua24cd,ruc21ind,oac11ind,lat,long,lep21cd1,lep21cd2,pfa23cd,imd20ind,icb23cd"
    ),
    "2026": (
        "pcd7,pcd8,pcds,dointr,doterm,usrtypind,east1m,north1m,gridind,oa21cd,cty26cd,ced25cd,lad26cd,"
        "wd26cd,nhser24cd,ctry26cd,rgn26cd,pcon24cd,ttwa15cd,itl25cd,npark16cd,lsoa21cd,msoa21cd,wz11cd,"
        "sicbl26cd,bua24cd,ruc21ind,oac21ind,lat,long,lep21cd1,lep21cd2,pfa23cd,imd25ind,icb26cd"
    ),
    "ONSPD": (
        "pcd7,pcd8,pcds,dointr,doterm,cty25cd,ced25cd,lad25cd,wd25cd,parncp25cd,usrtypind,east1m,north1m,"
        "gridind,hlth19cd,nhser24cd,ctry25cd,rgn25cd,pcon24cd,ttwa15cd,itl25cd,npark16cd,oa01cd,lsoa01cd,"
        "msoa01cd,oa11cd,lsoa11cd,msoa11cd,wz11cd,sicbl24cd,bua24cd,ruc11ind,ruc21ind,lat,long,lep21cd1,"
        "lep21cd2,pfa23cd,imd20ind,icb23cd,oa21cd,lsoa21cd,msoa21cd"
    ),
}
NAMES = {
    "2023": "NSPL21_FEB_2023_UK",
    "2025": "NSPL_NOV_2025_UK",
    "2026": "NSPL_AUG_2026_UK",
    "ONSPD": "ONSPD_NOV_2025_UK",
}
# The column of each fact, by its stem: years and "cd" come and go.
_STEMS = {
    "east": ("oseast1m", "east1m"),
    "north": ("osnrth1m", "north1m"),
    "lad": ("laua", "lad25cd", "lad26cd"),
    "nhser": ("nhser", "nhser24cd"),
    "ctry": ("ctry", "ctry25cd", "ctry26cd"),
    "lsoa": ("lsoa21", "lsoa21cd"),
    "msoa": ("msoa21", "msoa21cd"),
    "sicbl": ("sicbl", "sicbl24cd", "sicbl26cd"),
    "icb": ("icb", "icb23cd", "icb26cd"),
}
_COLUMN = {column: stem for stem, columns in _STEMS.items() for column in columns}
NOWHERE = {"east": "", "north": "", "lat": "99.999999", "long": "0.000000"}


def place(postcode: str, lat: float = 54.5649, long: float = -1.3129, **changes: Any) -> Place:
    """One postcode, in Stockton-on-Tees unless another is given."""
    return {
        "pcds": postcode,
        "dointr": "198001",
        "doterm": "",
        "east": 444500,
        "north": 519100,
        "lat": lat,
        "long": long,
        "lad": "E06000004",
        "nhser": "E40000012",
        "ctry": "E92000001",
        "lsoa": "E01012259",
        "msoa": "E02002539",
        "sicbl": "E38000247",
        "icb": "E54000050",
        **changes,
    }


def nspl_text(places: Sequence[Place], layout: str = "2026", header: str | None = None) -> str:
    """The CSV of these postcodes, quoted as ONS quotes it."""
    columns = (header or HEADERS[layout]).split(",")
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    text.write(",".join(columns) + "\r\n")
    for one in places:
        key = one["pcds"].replace(" ", "")
        seven = f"{key[:-3]:<4}{key[-3:]}"
        spelt = {"pcd": seven, "pcd7": seven, "pcd8": one["pcds"]}
        writer.writerow([one.get(_COLUMN.get(c, c), spelt.get(c, "")) for c in columns])
    return text.getvalue()


def nspl_zip(
    folder: Path,
    places: Sequence[Place],
    layout: str = "2026",
    *,
    name: str = "",
    documents: Mapping[str, str] | None = None,
    header: str | None = None,
) -> Path:
    """A zip of NSPL: the whole CSV, one of its parts, lists of names, and a guide."""
    name = name or NAMES[layout]
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        f"Data/{name}.csv": nspl_text(places, layout, header),
        f"Data/multi_csv/{name}_TS.csv": nspl_text(places[:1], layout, header),
        **{
            f"Documents/{file} names and codes UK as at 04_26.csv": text
            for file, text in (documents or {}).items()
        },
        "User Guide/NSPL User Guide.pdf": "%PDF-1.4",
    }
    return write_zip(folder / f"{name}.zip", content)


def write_zip(path: Path, content: Mapping[str, str]) -> Path:
    """A zip with the same bytes every time."""
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in content.items():
            archive.writestr(
                zipfile.ZipInfo(file, (2026, 8, 27, 0, 0, 0)),
                text.encode(),
                zipfile.ZIP_DEFLATED,
                compresslevel=9,
            )
    return path


def uprn_zip(folder: Path, rows: Sequence[tuple[int, float, float]], edition: str = "202608") -> Path:
    """A zip of OS Open UPRN: UPRN, latitude and longitude."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["UPRN,X_COORDINATE,Y_COORDINATE,LATITUDE,LONGITUDE"]
    lines += [f"{uprn},444500.25,519100.5,{lat},{long}" for uprn, lat, long in rows]
    text = "\ufeff" + "\r\n".join(lines) + "\r\n"
    return write_zip(folder / f"osopenuprn_{edition}_csv.zip", {f"osopenuprn_{edition}.csv": text})
