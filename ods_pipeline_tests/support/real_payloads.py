"""The real payloads of ODS, kept next to the repository: where they are, and a release made of them.

Lives here: what several tests need of that folder (the fixture `shared`). Does not live here: the official
reports (``official_reports.py``, ``real_reports.py``).
"""

from pathlib import Path

from ods_pipeline_tests.support.builders import CODE_LISTS
from ods_pipeline_tests.support.payloads import release_xml, release_zip

EXCERPT = "ord-xml/HSCOrgRefData_Full_20171025_excerpt.xml"
JSON_CODES = ["FBL", "G6V2S", "R1G", "RA9", "RCZ", "RHC", "RJY", "RNK", "RP2", "RRP", "RRQ", "TAF"]


def excerpt_release(shared: Path, folder: Path) -> Path:
    """A release zip of the 5 real organisations, with the right count and an empty archive."""
    full = (shared / EXCERPT).read_bytes()
    assert full.count(b'RecordCount value="185921"') == 1
    archive = release_xml([], publication_date="2017-10-25", publication_type="Archive", **CODE_LISTS)
    full = full.replace(b'RecordCount value="185921"', b'RecordCount value="5"')
    return release_zip(folder, release_date="2017-10-27", full=full, archive=archive)
