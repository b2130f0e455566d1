"""Three records of one document, and the rows that each of them gives alone."""

from ods_pipeline.flatten.xml.document import Document, read_document
from ods_pipeline.flatten.xml.segments import RECORDS_CLOSE, RECORDS_OPEN
from ods_pipeline_tests.support.builders import COMPONENTS, make_record, rel
from ods_pipeline_tests.support.payloads import organisation_xml

RECORDS = {
    code: organisation_xml(make_record(code, Rels={"Rel": [rel(code, "Q1")]}))
    for code in ("R1A", "R1B", "R1C")
}


def read(*texts: str) -> Document:
    """Read a document of these records."""
    return read_document(RECORDS_OPEN + "".join(texts).encode() + RECORDS_CLOSE, "records.xml")


def rows_of(document: Document, code: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of one code, by table, without the number of its record."""
    frames = document.frames
    number = frames["organisations"].filter(ods_code=code).select("record")
    tables = ("organisations", *COMPONENTS)
    return {
        t: sorted(frames[t].join(number, on="record", how="semi").drop("record").rows(), key=repr)
        for t in tables
    }


ALONE = {code: rows_of(read(text), code) for code, text in RECORDS.items()}
