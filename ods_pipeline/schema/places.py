"""The table of where organisations are (DuckDB schema ``marts``).

Does not live here: the postcodes, areas and properties themselves (``geo.py``).
"""

from ods_pipeline.schema.base import Schema, day, flag, fraction, number, one_of, text

POSITION_BASES = ("uprn", "postcode")


class OrganisationPlaces(Schema):
    """One row per organisation with a postcode: its position, and the areas of its postcode.

    All columns except the first two are null for a postcode that the file of postcodes does not know, and for
    all if none was taken in. The macro ods_near(postcode, km, kind) searches by distance.
    """

    ods_code = text("The organisation.", key=True)
    postcode = text("Postcode as published.", required=True)
    easting = number("Metres east on the British National Grid.")
    northing = number("Metres north on the British National Grid.")
    latitude = fraction("Degrees north (WGS 84).")
    longitude = fraction("Degrees east (WGS 84), negative west of Greenwich.")
    position_basis = one_of(
        POSITION_BASES,
        "Whether the position is that of the property (OS Open UPRN) or of the middle of its postcode.",
        required=False,
    )
    postcode_terminated_on = day("First day of the month in which the postcode was terminated.")
    lsoa_code = text("GSS code of the lower layer super output area.")
    msoa_code = text("GSS code of the middle layer super output area.")
    local_authority_code = text("GSS code of the local authority district. Null before edition_day.")
    local_authority_name = text("Name of the local authority, if the file of postcodes came with one.")
    postcode_sub_icb_code = text("ODS code of the sub-ICB location of the postcode. Null before edition_day.")
    postcode_icb_code = text("ODS code of the ICB of the postcode. Null before edition_day.")
    postcode_region_code = text("ODS code of the NHS region of the postcode. Null before edition_day.")
    edition = text("Product and month of the file of postcodes: NSPL 2026-08.")
    edition_day = day("First day that the edition speaks for.")
    register_icb_code = text("The ICB in whose geography the register puts it today (RE5).")
    agrees_with_register = flag(
        "Whether both ICBs are the same. Null if one of them is not stated.", required=False
    )
