"""Which columns of a file of the ONS hold what: names carry a year, which changes with the edition.

Lives here: the layouts of NSPL and ONSPD and of OS Open UPRN. Does not live here: reading rows
(``postcodes.py``, ``uprns.py``).

Headers seen: NSPL February 2023 to May 2025 (``pcds``, ``oseast1m``, ``laua``, ``icb``), August 2025 on
(``east1m``, ``lad25cd``, ``icb23cd``), August 2026 (``lad26cd``, ``icb26cd``). ONSPD has the same names and
more columns, among them the output areas of two or three censuses.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ods_pipeline.errors import OdsError

GIVE_NSPL = "Give the zip of NSPL or ONSPD (or its CSV) as the ONS Open Geography portal publishes it"
# What an OS Open UPRN file has, in any case and order.
UPRN_COLUMNS = {
    "uprn": "UPRN",
    "easting": "X_COORDINATE",
    "northing": "Y_COORDINATE",
    "latitude": "LATITUDE",
    "longitude": "LONGITUDE",
}


@dataclass(frozen=True)
class _Kind:
    """One kind of column: what it is called in errors, an example, the pattern of its names.

    ``newest``: a file may have several, of different censuses, and the one of the latest year counts.
    """

    what: str
    example: str
    pattern: str
    newest: bool = False


_KINDS = {
    "postcode": _Kind("postcode", "pcds", r"pcds"),
    "introduced": _Kind("month of introduction", "dointr", r"dointr"),
    "terminated": _Kind("month of termination", "doterm", r"doterm"),
    "easting": _Kind("easting", "east1m", r"(?:os)?east1m"),
    "northing": _Kind("northing", "north1m", r"north1m|osnrth1m"),
    "latitude": _Kind("latitude", "lat", r"lat"),
    "longitude": _Kind("longitude", "long", r"long"),
    "lsoa_code": _Kind("LSOA", "lsoa21cd", r"lsoa(\d\d)(?:cd)?", newest=True),
    "msoa_code": _Kind("MSOA", "msoa21cd", r"msoa(\d\d)(?:cd)?", newest=True),
    "local_authority_code": _Kind("local authority", "lad26cd", r"lad(\d\d)cd|(?:os)?laua"),
    "country_code": _Kind("country", "ctry26cd", r"ctry(?:(\d\d)cd)?"),
    "sub_icb_gss_code": _Kind("sub-ICB location", "sicbl26cd", r"sicbl(?:(\d\d)cd)?"),
    "icb_gss_code": _Kind("ICB", "icb26cd", r"icb(?:(\d\d)cd)?"),
    "region_gss_code": _Kind("NHS England region", "nhser24cd", r"nhser(?:(\d\d)cd)?"),
}


@dataclass(frozen=True)
class Layout:
    """Where a file has what.

    Attributes:
        names: The name of the column in the file, by ours.
        icb_year: The year of the ICB boundaries, from the name of the column; None if the name has no year.
    """

    names: Mapping[str, str]
    icb_year: int | None


def postcode_layout(header: Sequence[str], where: str) -> Layout:
    """Return the layout of a file of postcodes.

    Raises:
        OdsError: The file is of another product, or has no column of a kind, or two; it names the kind.
    """
    names = [name.strip().lower() for name in header]
    if "pcds" not in names:
        shown = ", ".join(header[:6]) or "nothing"
        raise OdsError(f"this is not an NSPL or ONSPD: no column is pcds (it begins with {shown})",
                       where=where, do=GIVE_NSPL)  # fmt: skip
    chosen: dict[str, str] = {}
    years: dict[str, int | None] = {}
    for ours, kind in _KINDS.items():
        matches = [re.fullmatch(kind.pattern, name) for name in names]
        candidates = [(m, name) for m, name in zip(matches, header, strict=True) if m]
        if kind.newest:
            latest = max((m[1] for m, _ in candidates), default="")
            candidates = [(m, name) for m, name in candidates if m[1] == latest]
        if not candidates:
            raise OdsError(
                f"the header has no column of the {kind.what} (such as {kind.example})",
                where=where,
                do=GIVE_NSPL,
            )
        if len(candidates) > 1:
            listed = ", ".join(name for _, name in candidates)
            raise OdsError(
                f"the header has {len(candidates)} columns of the {kind.what} ({listed}), and one is needed",
                where=where,
                do=GIVE_NSPL,
            )
        match, chosen[ours] = candidates[0]
        years[ours] = _year(match)
    return Layout(chosen, years["icb_gss_code"])


def is_uprn_header(header: Sequence[str]) -> bool:
    """Return whether this is the header of OS Open UPRN."""
    return {name.strip().upper() for name in header} >= set(UPRN_COLUMNS.values())


def uprn_layout(header: Sequence[str]) -> Mapping[str, str]:
    """Return the names of the columns in an OS Open UPRN file, by ours."""
    by_name = {name.strip().upper(): name for name in header}
    return {ours: by_name[theirs] for ours, theirs in UPRN_COLUMNS.items()}


def _year(match: re.Match[str]) -> int | None:
    digits = next((group for group in match.groups() if group), None)
    return 2000 + int(digits) if digits else None
