"""One delta fetch as flat frames: its records, its deletion notices and its code lists.

Lives here: reading a complete fetch folder of any source. Does not live here: one payload
(``json/record.py``), the lists (``json/lists.py``), XML (``xml/``), asking (``sources/``). The source is
known by its receipt only.
"""

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
from ods_pipeline.schema.silence import FAX
from ods_pipeline.sources.fields import Form, is_partial, silent_by_form
from ods_pipeline.sources.receipt import RECORDS, FetchFile, FetchReceipt, read_fetch_receipt

# The file does not exist, or no file can have that path. Any other error is the machine's, not the fetch's.
_NO_SUCH_FILE = (
    None, errno.EINVAL, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG,
)  # fmt: skip


@dataclass
class _Payload:
    """One record of a fetch. ``has_fax_field``: it can hold a fax number; ``rule``: the rule it breaks."""

    path: str
    raw: bytes
    has_fax_field: bool
    xml: str | None = None
    rule: str | None = None
    detail: str = ""

    @property
    def form(self) -> Form:
        return _form_of(self.path)

    @property
    def code_asked(self) -> str:
        return PurePosixPath(self.path).stem

    def reject(self, rule: str, detail: str) -> None:
        """Note the rule that the payload breaks. The first rule counts."""
        if self.rule is None:
            self.rule, self.detail = rule, detail


def flatten_fetch(folder: Path) -> Flat:
    """Flatten a complete fetch folder (``fetch=<UTC stamp>`` with a receipt).

    A payload is quarantined alone if it is not a record, breaks a rule, holds another code, is a second
    answer for its code, or was not asked for.

    Raises:
        BadFetch: The files are not those of the receipt, or a list cannot be read. Nothing is flattened then.
    """
    receipt = read_fetch_receipt(folder)
    unknown: dict[str, int] = {}
    rules: dict[str, int] = {}
    payloads = _payloads(folder, receipt, unknown, rules)
    readable, document = _read_payloads(payloads, folder.name)
    for record, rule, detail in document.problems.select("record", "rule", "detail").iter_rows():
        readable[record].reject(rule, detail)
    records = document.frames["organisations"]
    for record, code in records.select("record", "ods_code").iter_rows():
        if code != readable[record].code_asked:
            readable[record].reject(
                "other_code", f"{readable[record].code_asked} was asked for and {code} came"
            )
    _reject_second_answers(readable)
    usable = [n for n, p in enumerate(readable) if p.rule is None]
    places = {id(p): n for n, p in enumerate(payloads, start=1)}
    numbers = pl.DataFrame(
        {
            "record": usable,
            "record_number": [places[id(readable[n])] for n in usable],
            # The column has the name of the first form that has a fax field. A JSON record has none
            # (``sources/fields.py``), so that one without a fax number proves nothing about fax numbers.
            "is_xml": [readable[n].has_fax_field for n in usable],
        },
        schema={"record": records.schema["record"], "record_number": pl.Int64, "is_xml": pl.Boolean},
    )
    organisations = records.join(numbers, on="record", how="inner").sort("ods_code")
    organisations = organisations.with_columns(
        pl.lit(folder.name).alias("capture_id"),
        pl.lit(_kind_of(receipt)).alias("published_in"),
        pl.lit(is_partial(receipt.silent or ())).alias("is_partial"),
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
    frames["captures"] = _capture(folder, receipt, frames, payloads, rules)
    return Flat(folder.name, frames)


def _kind_of(receipt: FetchReceipt) -> str:
    """``full`` for a fetch of the whole register, which counts as a release does; ``delta`` for any other."""
    return "full" if receipt.whole else "delta"


def _is_answer(entry: FetchFile) -> bool:
    """Return whether a file of the receipt is the record of one organisation."""
    return entry.path.startswith(f"{RECORDS}/")


def _form_of(path: str) -> Form:
    return "xml" if path.endswith(".xml") else "json"


def _has_fax_field(receipt: FetchReceipt, form: Form) -> bool:
    silent = silent_by_form(form) if receipt.silent is None else receipt.silent
    return FAX not in silent


def _payloads(
    folder: Path, receipt: FetchReceipt, unknown: dict[str, int], rules: dict[str, int]
) -> list[_Payload]:
    """Return all records in order of their paths. Every file of the fetch is compared with the receipt.

    ``unknown`` and ``rules`` are added to (``json/record.py``).
    """
    payloads: list[_Payload] = []
    codes = set(receipt.codes)
    for entry in sorted(receipt.files, key=lambda f: f.path):
        raw = _read(folder, entry.path, entry.sha256)
        if _is_answer(entry):
            payload = _Payload(entry.path, raw, _has_fax_field(receipt, _form_of(entry.path)))
            payloads.append(payload)
            if payload.code_asked not in codes:
                payload.reject("not_asked_for", f"{payload.code_asked} is not among the codes asked for")
                continue
            try:
                payload.xml = xml_to_xml(raw) if payload.form == "xml" else json_to_xml(raw, unknown, rules)
            except BadRecord as bad:
                payload.reject(bad.rule, bad.detail)
    missing = sorted(codes - {p.code_asked for p in payloads} - set(receipt.gone))
    if missing:
        raise BadFetch(
            f"{len(missing)} codes were asked for and have no answer ({', '.join(missing[:5])})",
            where=folder.name,
            do=FETCH_AGAIN,
        )
    return payloads


def _read_payloads(payloads: list[_Payload], name: str) -> tuple[list[_Payload], Document]:
    """Return the payloads that can be read, and the document that they make, in the same order.

    All are read at once. If that fails, each is read alone, and those that are not one well-formed record are
    rejected.
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
                payload.reject("not_one_record", f"{records} records are in it")
        except BadRelease as error:
            payload.reject("damaged_record", error.what)
    readable = [p for p in readable if p.rule is None]
    return readable, fingerprinted(_as_document(readable, name))


def _as_document(payloads: list[_Payload], name: str) -> Document:
    text = "".join(p.xml or "" for p in payloads)
    return read_document(RECORDS_OPEN + text.encode() + RECORDS_CLOSE, name)


def _reject_second_answers(readable: list[_Payload]) -> None:
    """Reject all but the first usable answer for a code, in order of path (there may be JSON and XML)."""
    taken: set[str] = set()
    for payload in (p for p in readable if p.rule is None):
        if payload.code_asked in taken:
            payload.reject("second_answer", f"{payload.code_asked} has an answer already")
        taken.add(payload.code_asked)


def _read(folder: Path, path: str, sha256: str) -> bytes:
    try:
        payload = (folder / path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: no file can have this path
        if isinstance(error, OSError) and error.errno not in _NO_SUCH_FILE:
            raise
        raise BadFetch(
            f"{path!r} is named in the receipt and cannot be read ({error})",
            where=folder.name,
            do=FETCH_AGAIN,
        ) from error
    if hashlib.sha256(payload).hexdigest() != sha256.lower():
        raise BadFetch(
            f"{path} is not what the receipt records: its SHA-256 differs", where=folder.name, do=FETCH_AGAIN
        )
    return payload


def _payload_format(payloads: list[_Payload]) -> str:
    forms = {p.form for p in payloads}
    return "mixed" if len(forms) == 2 else "xml" if "xml" in forms else "json"


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
    folder: Path,
    receipt: FetchReceipt,
    frames: dict[str, pl.DataFrame],
    payloads: list[_Payload],
    rules: dict[str, int],
) -> pl.DataFrame:
    return capture_row(
        {
            "capture_id": folder.name,
            "kind": _kind_of(receipt),
            "source": receipt.source,
            "publication_date": receipt.as_of if receipt.whole else None,
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
            "applied_rules": ", ".join(f"{name} {count}" for name, count in sorted(rules.items())) or None,
            "file_name": folder.name,
            "bytes": sum(entry.bytes for entry in receipt.files),
            "sha256": receipt.sha256,
            "sha256_verified": True,
        }
    )
