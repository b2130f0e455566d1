"""What the local ORD and TRUD server answers with: the register of a moment, and the releases so far.

Lives here: worlds played back from recorded fetches, and worlds made of records. Does not live here: HTTP
(`ord_server.py`).
"""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from ods_pipeline.schema.sample import SAMPLE_MARK
from ods_pipeline_tests.support.builders import CODE_LISTS
from ods_pipeline_tests.support.payloads import Record, code_of, organisation_json, search_row

LISTS = {"/roles": "Roles", "/rels": "Relationships", "/recordclasses": "RecordClasses"}
ROLE_NAMES = {role["id"]: role["displayName"] for role in CODE_LISTS["roles"]}
KINDS = {"/roles": "roles", "/rels": "relationships", "/recordclasses": "record_classes"}


class Register(Protocol):
    """The register that the API shows at a moment."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The search rows of all listed codes, in order of code."""
        ...

    @property
    def lists(self) -> Mapping[str, bytes]:
        """The code lists and the notifications, by path."""
        ...

    def record(self, code: str) -> bytes | None:
        """The JSON of a record; None if the code is gone or unknown."""
        ...


@dataclass
class Fetched:
    """The register of a recorded moment."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    records: dict[str, bytes] = field(default_factory=dict)
    lists: dict[str, bytes] = field(default_factory=dict)

    def record(self, code: str) -> bytes | None:
        return self.records.get(code)


class World(Protocol):
    """The register and the releases of a day (UK)."""

    def register(self, day: date) -> Register: ...

    def releases(self, day: date) -> dict[str, bytes]:
        """File name to content of the zips that TRUD lists, in order of their dates."""
        ...


class Recorded:
    """A folder with `ord/fetch=…` and `trud/*.zip`, played back up to a day.

    Each code has the record that was fetched last. The sample's mark is taken out of its release, because the
    server plays the real services.
    """

    def __init__(self, folder: Path) -> None:
        fetches = sorted((folder / "ord").glob("fetch=*"))
        self._fetches = [(date.fromisoformat(_receipt(f)["as_of"]), f) for f in fetches]
        self._registers: dict[date, Fetched] = {}
        self._releases = {p.name: _unmarked(p.read_bytes()) for p in sorted((folder / "trud").glob("*.zip"))}

    def register(self, day: date) -> Fetched:
        """The register of a day. It is read once, and nobody changes it."""
        if day not in self._registers:
            self._registers[day] = self._read(day)
        return self._registers[day]

    def _read(self, day: date) -> Fetched:
        rows: dict[str, dict[str, Any]] = {}
        register = Fetched()
        for as_of, folder in self._fetches:
            if as_of > day and register.lists:
                break
            for page in sorted(folder.glob("search-*.json")):
                rows |= {row["OrgId"]: row for row in json.loads(page.read_bytes())["Organisations"]}
            register.records |= {
                p.stem: p.read_bytes() for p in sorted((folder / "organisations").glob("*.json"))
            }
            for gone in _receipt(folder)["gone"]:
                register.records.pop(gone["ods_code"], None)
            register.lists = {
                path: (folder / f"{path[1:]}.json").read_bytes() for path in (*LISTS, "/notifications")
            }
        register.rows = [rows[code] for code in sorted(rows)]
        return register

    def releases(self, day: date) -> dict[str, bytes]:
        return {name: content for name, content in self._releases.items() if name[-18:-10] <= f"{day:%Y%m%d}"}


class Made:
    """A world of records. Tests change it between questions, or in `before`, which each question calls."""

    def __init__(
        self,
        records: Mapping[str, Record] | None = None,
        *,
        listed_but_gone: Mapping[str, Record] | None = None,
        notices: list[dict[str, Any]] | None = None,
        releases: Mapping[str, bytes] | None = None,
    ) -> None:
        self.records: dict[str, Record] = dict(records or {})
        self.listed_but_gone: dict[str, Record] = dict(listed_but_gone or {})
        self.notices = notices or []
        self.zips: dict[str, bytes] = dict(releases or {})
        self.before: Callable[[date], None] = lambda _: None

    def put(self, *records: Record) -> None:
        self.records |= {code_of(record): record for record in records}

    def register(self, day: date) -> "Made":
        self.before(day)
        return self

    @property
    def rows(self) -> list[dict[str, Any]]:
        listed = self.records | self.listed_but_gone
        return [search_row(listed[code], ROLE_NAMES) for code in sorted(listed)]

    @property
    def lists(self) -> dict[str, bytes]:
        code_lists = {path: json.dumps({LISTS[path]: _concepts(path)}).encode() for path in LISTS}
        return code_lists | {"/notifications": json.dumps({"DeletedOrganisations": self.notices}).encode()}

    def record(self, code: str) -> bytes | None:
        return organisation_json(self.records[code]) if code in self.records else None

    def releases(self, day: date) -> dict[str, bytes]:
        return self.zips


def _concepts(path: str) -> list[dict[str, Any]]:
    concepts = CODE_LISTS[KINDS[path]]
    if path != "/roles":
        return concepts
    return [{**role, "primaryRole": str(role["primaryRole"]).lower()} for role in concepts]


def _receipt(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "receipt.json").read_bytes())


def _unmarked(content: bytes) -> bytes:
    """The same zip, with the real publication source in place of the sample's mark."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            members = {info: old.read(info) for info in old.infolist()}
    except zipfile.BadZipFile:
        return content
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info, member in members.items():
            plain = _unmarked(member) if info.filename.endswith(".zip") else member
            new.writestr(info, plain.replace(SAMPLE_MARK.encode(), b"NHS Digital"))
    return out.getvalue()
