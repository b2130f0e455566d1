"""The tables of places (DuckDB schema ``geo``): postcodes, areas and properties, as ONS and OS publish them.

They have rows only if a file of places was taken in (``ods-pipeline postcodes FILE``), and only those that
the register of the build needs. Does not live here: what they mean for an organisation
(``OrganisationPlaces`` in ``places.py``).
"""

from ods_pipeline.schema.base import Column, Schema, day, fraction, number, one_of, text

AREA_KINDS = ("icb", "sub_icb", "region", "local_authority")


def edition() -> Column:
    """Describe the edition of a file."""
    return text("Product and month of the file: NSPL 2026-08.", required=True)


def edition_day() -> Column:
    """Describe the first day of an edition."""
    return day(
        "First day that the edition speaks for: the first of its month. It does not cover days before it.",
        required=True,
    )


class Postcodes(Schema):
    """One row per postcode that an organisation of the register has and the file of postcodes knows.

    From NSPL or ONSPD of the Office for National Statistics, with terminated postcodes and without those of
    Northern Ireland. Empty if no such file was taken in.
    """

    postcode = text("The postcode, with one space.", key=True)
    postcode_key = text("The postcode without its space.", required=True)
    introduced_on = day("First day of the month in which it was introduced.")
    terminated_on = day("First day of the month in which it was terminated. Null: in use.")
    easting = number("Metres east on the British National Grid; null without a position.")
    northing = number("Metres north on the British National Grid; null without a position.")
    latitude = fraction("Degrees north (WGS 84) of a point in the middle of the postcode.")
    longitude = fraction("Degrees east (WGS 84), negative west of Greenwich.")
    lsoa_code = text("GSS code of the lower layer super output area of the latest census in the file.")
    msoa_code = text("GSS code of the middle layer super output area of the latest census in the file.")
    local_authority_code = text("GSS code of the local authority district.")
    country_code = text("GSS code of the country.")
    sub_icb_gss_code = text("GSS code of the sub-ICB location. Null outside England.")
    sub_icb_code = text("ODS code of the sub-ICB location; null if no list of areas has it.")
    icb_gss_code = text("GSS code of the ICB. Null outside England.")
    icb_code = text(
        "ODS code of the ICB, as its boundaries are in icb_year; null if no list of areas has it."
    )
    region_gss_code = text("GSS code of the NHS England region. Null outside England.")
    region_code = text("ODS code of the NHS England region.")
    icb_year = number(
        "Year of the ICB boundaries, from the name of the column (icb26cd: 2026). Null: not named."
    )
    edition = edition()
    edition_day = edition_day()


class Areas(Schema):
    """One row per area with a GSS code: ICBs, sub-ICB locations, NHS regions and local authorities.

    Those of the NHS since July 2022 are a committed list with sources. Local authorities, and what is newer,
    come from the folder Documents of the zip that was taken in.
    """

    gss_code = text("The nine-character code of the Government Statistical Service.", key=True)
    kind = one_of(AREA_KINDS, "What kind of area.")
    ods_code = text("ODS code of the same area, for kinds that have one.")
    name = text("Name, as ONS writes it.", required=True)
    source = text("Where the row comes from.", required=True)


class Uprns(Schema):
    """One row per property (UPRN) that an organisation of the register has and OS Open UPRN knows.

    Empty if no such file was taken in.
    """

    uprn = number("Unique Property Reference Number.", key=True)
    easting = fraction("Metres east on the British National Grid.", required=True)
    northing = fraction("Metres north on the British National Grid.", required=True)
    latitude = fraction("Degrees north (WGS 84).", required=True)
    longitude = fraction("Degrees east (WGS 84), negative west of Greenwich.", required=True)
    edition = edition()
