"""One delta fetch to flat frames: the records, the deletion notices and the code lists it brought."""

import errno
import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl

from ods_pipeline.errors import BadFetch, BadRelease
from ods_pipeline.flatten.flat import (
    ORGANISATION_COLUMNS,
    Flat,
    capture_row,
    fingerprinted,
    with_codes,
)
from ods_pipeline.flatten.json.lists import FETCH_AGAIN, code_systems_of, notices_of
from ods_pipeline.flatten.json.record import BadRecord, json_to_xml, xml_to_xml
from ods_pipeline.flatten.merge import collapse_successions
from ods_pipeline.flatten.xml.document import Document, read_document
from ods_pipeline.flatten.xml.segments import RECORDS_CLOSE, RECORDS_OPEN
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline.sources.receipt import FetchFile, FetchReceipt, read_fetch_receipt

# The file is not there, or no file can have that path. Any other number is the machine's, not the fetch's.
_NO_SUCH_FILE = (
    None, errno.EINVAL, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG,
)  # fmt: skip


@dataclass
class _Payload:
    """One answer to ``/organisations/{code}``: as XML, or with the rule it breaks."""

    path: str
    raw: bytes
    xml: str | None = None
    rule: str | None = None
    detail: str = ""

    @property
    def is_xml(self) -> bool:
        return self.path.endswith(".xml")

    @property
    def code_asked(self) -> str:
        return PurePosixPath(self.path).stem

    def refuse(self, rule: str, detail: str) -> None:
        if self.rule is None:
            self.rule, self.detail = rule, detail


def flatten_fetch(folder: Path) -> Flat:
    """Flattens a complete fetch folder (``fetch=<UTC stamp>`` with a receipt).

    Payloads that are no records, break a rule, answer for another code or answer a second time or unasked
    are quarantined one by one.
    Raises BadFetch, and gives nothing, if the folder is not what its receipt says or if its lists cannot
    be read.
    """
    receipt = read_fetch_receipt(folder)
    unknown: dict[str, int] = {}
    payloads = _payloads(folder, receipt, unknown)
    readable, document = _read_payloads(payloads, folder.name)
    for record, rule, detail in document.problems.select("record", "rule", "detail").iter_rows():
        readable[record].refuse(rule, detail)
    found = document.frames["organisations"]
    for record, code in found.select("record", "ods_code").iter_rows():
        if code != readable[record].code_asked:
            readable[record].refuse(
                "other_code", f"{readable[record].code_asked} was asked for and {code} came"
            )
    _refuse_second_answers(readable)
    usable = [n for n, p in enumerate(readable) if p.rule is None]
    places = {id(p): n for n, p in enumerate(payloads, start=1)}
    numbers = pl.DataFrame(
        {
            "record": usable,
            "record_number": [places[id(readable[n])] for n in usable],
            "is_xml": [readable[n].is_xml for n in usable],
        },
        schema={"record": found.schema["record"], "record_number": pl.Int64, "is_xml": pl.Boolean},
    )
    organisations = found.join(numbers, on="record", how="inner").sort("ods_code")
    organisations = organisations.with_columns(
        pl.lit(folder.name).alias("capture_id"), pl.lit("delta").alias("published_in")
    )
    frames = {name: with_codes(document.frames[name], organisations, name) for name in COMPONENTS}
    frames["successions"], repeats = collapse_successions(frames["successions"])
    frames |= {
        "organisations": organisations.select(ORGANISATION_COLUMNS),
        "code_systems": code_systems_of(folder),
        "superseded_records": TABLES["superseded_records"].empty(),
        "quarantined_records": _quarantined(folder.name, payloads),
        "unknown_elements": pl.DataFrame(
            [(folder.name, name, count) for name, count in sorted((unknown | document.unknown).items())],
            schema=TABLES["unknown_elements"].dtypes,
            orient="row",
        ),
        "notices": notices_of(folder, receipt),
        "collapsed_successions": repeats,
    }
    frames["captures"] = _capture(folder, receipt, frames, payloads)
    return Flat(folder.name, frames)


def _is_answer(entry: FetchFile) -> bool:
    """Whether a file of the receipt is an answer about one organisation."""
    return entry.path.startswith("organisations/")


def _payloads(folder: Path, receipt: FetchReceipt, unknown: dict[str, int]) -> list[_Payload]:
    """Every organisation payload, in order of its path; every file is compared with the receipt."""
    found: list[_Payload] = []
    asked = set(receipt.codes)
    for entry in sorted(receipt.files, key=lambda f: f.path):
        raw = _read(folder, entry.path, entry.sha256)
        if _is_answer(entry):
            payload = _Payload(entry.path, raw)
            found.append(payload)
            if payload.code_asked not in asked:
                payload.refuse("not_asked_for", f"{payload.code_asked} is not among the codes asked for")
                continue
            try:
                payload.xml = xml_to_xml(raw) if payload.is_xml else json_to_xml(raw, unknown)
            except BadRecord as bad:
                payload.refuse(bad.rule, bad.detail)
    missing = sorted(asked - {p.code_asked for p in found} - set(receipt.gone))
    if missing:
        raise BadFetch(
            f"{len(missing)} codes were asked for and have no answer ({', '.join(missing[:5])})",
            where=folder.name,
            do=FETCH_AGAIN,
        )
    return found


def _read_payloads(payloads: list[_Payload], name: str) -> tuple[list[_Payload], Document]:
    """The payloads that can be read, and the document they make, in the same order.

    All are read at once. If one of them spoils that, each is read by itself, and those that are not
    one well-formed record are refused.
    """
    readable = [p for p in payloads if p.rule is None]
    try:
        document = _as_document(readable, name)
        if document.records == len(readable):
            return readable, fingerprinted(document)
    except BadRelease:
        pass
    for payload in readable:
        try:
            records = _as_document([payload], payload.path).records
            if records != 1:
                payload.refuse("not_one_record", f"{records} records are in it")
        except BadRelease as error:
            payload.refuse("damaged_record", error.what)
    readable = [p for p in readable if p.rule is None]
    return readable, fingerprinted(_as_document(readable, name))


def _as_document(payloads: list[_Payload], name: str) -> Document:
    text = "".join(p.xml or "" for p in payloads)
    return read_document(RECORDS_OPEN + text.encode() + RECORDS_CLOSE, name)


def _refuse_second_answers(readable: list[_Payload]) -> None:
    """Of two usable answers for one code (say as JSON and as XML) the first in order of path is taken."""
    taken: set[str] = set()
    for payload in (p for p in readable if p.rule is None):
        if payload.code_asked in taken:
            payload.refuse("second_answer", f"{payload.code_asked} has an answer already")
        taken.add(payload.code_asked)


def _read(folder: Path, path: str, sha256: str) -> bytes:
    try:
        payload = (folder / path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        if isinstance(error, OSError) and error.errno not in _NO_SUCH_FILE:
            raise
        raise BadFetch(
            f"{path!r} is named in the receipt and cannot be read ({error})",
            where=folder.name,
            do=FETCH_AGAIN,
        ) from error
    if hashlib.sha256(payload).hexdigest() != sha256.lower():
        raise BadFetch(
            f"{path} is not what the receipt says: its SHA-256 differs", where=folder.name, do=FETCH_AGAIN
        )
    return payload


def _payload_format(payloads: list[_Payload]) -> str:
    forms = {p.is_xml for p in payloads}
    return "mixed" if len(forms) == 2 else "xml" if True in forms else "json"


def _quarantined(capture_id: str, payloads: list[_Payload]) -> pl.DataFrame:
    table = TABLES["quarantined_records"]
    rows = [
        (
            capture_id,
            number,
            p.code_asked,
            None,
            p.path,
            p.rule,
            p.detail,
            p.raw.decode("utf-8", "replace").replace("\0", "\ufffd"),
        )
        for number, p in enumerate(payloads, start=1)
        if p.rule is not None
    ]
    return pl.DataFrame(rows, schema=table.dtypes, orient="row")


def _capture(
    folder: Path, receipt: FetchReceipt, frames: dict[str, pl.DataFrame], payloads: list[_Payload]
) -> pl.DataFrame:
    return capture_row(
        {
            "capture_id": folder.name,
            "kind": "delta",
            "source": receipt.source,
            "as_of": receipt.as_of,
            "stamps_from": receipt.stamps_from,
            "stamps_to": receipt.stamps_to,
            "payload_format": _payload_format(payloads),
            "publication_source": "ods_pipeline sample" if receipt.sample else None,
            "declared_records": sum(map(_is_answer, receipt.files)),
            "parsed_records": len(payloads),
            "stub_records": frames["organisations"]["ref_only"].sum(),
            "used_records": frames["organisations"].height,
            "superseded_records": 0,
            "quarantined_records": frames["quarantined_records"].height,
            "unknown_elements": frames["unknown_elements"]["occurrences"].sum(),
            "file_name": folder.name,
            "bytes": sum(entry.bytes for entry in receipt.files),
            "sha256": receipt.sha256,
            "sha256_verified": True,
        }
    )
