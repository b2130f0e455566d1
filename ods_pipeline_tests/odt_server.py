"""A local HTTP server that answers as ODT does, next to ORD and TRUD, from the same register.

    python -m ods_pipeline_tests.odt_server --folder data/sample --port 8342

Lives here: addresses, paging, errors and counts as ODT's document gives them, and the ways in which it may
differ from what is known. Does not live here: the mapping of a record (`support/odt_records.py`), ORD and
TRUD (`ord_server.py`), faults on the wire (`support/ord_wire.py`).
"""

import argparse
import contextlib
import json
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from ods_pipeline.sources.clock import uk_date
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support import odt_records as odt
from ods_pipeline_tests.support.odt_wire import Behaviour, bare, compact, contained, outcome, typed
from ods_pipeline_tests.support.ord_wire import Reply, as_json
from ods_pipeline_tests.support.worlds import Recorded, World

FHIR = "/organisation-data-terminology-api/fhir"
MOST_CONCEPTS = 50_000
DELETIONS = ("Organization", "OrganizationAffiliation", "Organization-role", "Organization-succession")
SEARCH = (
    "_id",
    "_lastUpdated",
    "active",
    "activeRoleCode",
    "identifier",
    "lastChangeDate",
    "name",
    "roleCode",
)


class OdtServer(OrdServer):
    """ORD, TRUD and ODT of one world. `odt_key` is the only key that ODT accepts (any, if None)."""

    def __init__(
        self, world: World, *, odt_key: str | None = None, behaviour: Behaviour | None = None, **options: Any
    ) -> None:
        super().__init__(world, **options)
        self.odt_key, self.behaviour = odt_key, behaviour or Behaviour()
        self.sizes: list[int] = []
        self._requests, self._cache = 0, {}

    @property
    def odt_url(self) -> str:
        return self.host + FHIR

    def reply(self, path: str, headers: dict[str, str]) -> Reply:
        parts = urlsplit(path)
        if not parts.path.startswith(FHIR):
            return super().reply(path, headers)
        return self._sized(
            self._authorised(headers)
            or self._get(
                unquote(parts.path.removeprefix(FHIR)), parse_qsl(parts.query, keep_blank_values=True)
            )
        )

    def posted(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """The reply to a POST: an expansion."""
        given = self._authorised(headers)
        if given is None:
            parameters = json.loads(body)["parameter"]
            named = {p["name"]: p for p in parameters}
            include = named["valueSet"]["resource"]["compose"]["include"][0]
            properties = [p["valueString"] for p in parameters if p["name"] == "property"]
            count, offset = (named[name]["valueInteger"] for name in ("count", "offset"))
            given = self._expansion(include["system"], include, properties, count, offset)
        return self._sized(given)

    def _authorised(self, headers: dict[str, str]) -> Reply | None:
        self._requests += 1
        if self.odt_key is not None and headers.get("apikey") != self.odt_key:
            return outcome(401, f"ACCESS_DENIED for {headers.get('apikey')}")  # a server that repeats the key
        return None

    def _sized(self, reply: Reply) -> Reply:
        if len(reply.content) > self.behaviour.largest:
            reply = outcome(422, "Response exceeds APIM size limit", "too-costly")
        self.sizes.append(len(reply.content))
        return reply

    def _day(self) -> date:
        return uk_date(self.now()) + timedelta(days=sum(self._requests > n for n in self.behaviour.loads))

    def _records(self, day: date) -> dict[str, dict[str, Any]]:
        """The listed records of the register of a day, by code."""
        register = self.world.register(day)
        codes = [row["OrgId"] for row in register.rows]
        found = {c: content for c in codes if (content := register.record(c)) is not None}
        mark = hash((frozenset(found.items()), frozenset(register.lists.items())))
        if self._cache.get("mark") != mark:
            records = {c: json.loads(content)["Organisation"] for c, content in found.items()}
            self._cache = {
                "mark": mark,
                "records": records,
                "concepts": odt.concepts_of(records.values(), register.lists),
            }
        return self._cache["records"]

    def _concepts(self) -> dict[str, odt.Concepts]:
        self._records(self._day() - timedelta(days=1 if self.behaviour.terms_behind else 0))
        return self._cache["concepts"]

    def _names(self) -> dict[str, str]:
        return {
            code: name for system in odt.LISTS for code, (name, _) in self._cache["concepts"][system].items()
        }

    def _get(self, path: str, query: list[tuple[str, str]]) -> Reply:
        asked = dict(query)
        if path == "/metadata":
            return as_json({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})
        if path == "/CodeSystem":
            days = [self._day() - timedelta(days=n) for n in (1, 0)]
            systems = [{"resourceType": "CodeSystem", "url": asked["url"], "version": str(d)} for d in days]
            return self._bundle([(s, "match") for s in systems], len(systems), path, query)
        if path == "/CodeSystem/$lookup":
            return self._look_up(asked)
        if path == "/ValueSet/$expand":
            properties = [v for k, v in query if k == "property"]
            system = asked["url"].removesuffix("/vs")
            return self._expansion(system, {}, properties, int(asked["count"]), int(asked["offset"]))
        if path.startswith("/List/"):
            return self._list(path.removeprefix("/List/"))
        if path == "/Organization":
            return self._organisations(query)
        if path == "/OrganizationAffiliation":
            return self._affiliations(query)
        return outcome(404, f"HAPI-2001: Resource {path[1:]} is not known")

    def _organisations(self, query: list[tuple[str, str]]) -> Reply:
        unknown = {k for k, _ in query if not k.startswith("_")} - {*SEARCH}
        if unknown:
            return outcome(400, f'HAPI-0524: Unknown search parameter "{min(unknown)}". Valid: {SEARCH}')
        records = self._records(self._day())
        codes = sorted(records, key=lambda c: (c[::-1], c))  # no order that a client could count on
        asked = dict(query)
        for key, value in query:
            if key == "lastChangeDate":
                sign, day = (value[:2], value[2:]) if value[:2] in ("gt", "lt", "eq") else ("eq", value)
                if len(day) != 10:
                    return outcome(400, "HAPI-1940: Invalid date/time format")
                test = {"gt": str.__gt__, "lt": str.__lt__, "eq": str.__eq__}[sign]
                codes = [c for c in codes if test(records[c]["LastChangeDate"], day)]
            elif key == "_id":
                codes = [c for c in codes if c in value.split(",")]
        if asked.get("_summary") == "count":
            return self._bundle([], len(codes), "/Organization", query)
        offset = int(asked.get("_offset", 0))
        if asked.get("_sort") == "_id":
            codes.sort()
        if self.behaviour.moving and offset and ("_sort" not in asked or self.behaviour.unsorted):
            self.behaviour.moving -= 1
            codes = codes[1:] + codes[:1]
        page = codes[offset : offset + int(asked.get("_count", 20))]
        entries = [(self._organization(records[c]), "match") for c in page]
        if "_revinclude" in asked:
            entries += [
                (a, "include")
                for c in page
                for a in self._of(records[c])
                if a["id"] not in self.behaviour.lost_includes
            ]
        return self._bundle(entries, len(codes), "/Organization", query, offset + len(page))

    def _organization(self, record: dict[str, Any]) -> dict[str, Any]:
        behaviour = self.behaviour
        resource = odt.organization(
            record, self._names(), spelling=behaviour.spelling, ended_roles=behaviour.ended_roles,
            repeat_legal=behaviour.repeat_legal,
        )  # fmt: skip
        return resource if behaviour.active else {k: v for k, v in resource.items() if k != "active"}

    def _of(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        return odt.affiliations(record, repeat_legal=self.behaviour.repeat_legal)

    def _affiliations(self, query: list[tuple[str, str]]) -> Reply:
        asked = dict(query)
        records = self._records(self._day())
        codes = asked.get("primary-organization", "").split(",")
        found = [a for c in codes if c in records for a in self._of(records[c])]
        if "_lastUpdated" in asked:
            if self.behaviour.no_last_updated:
                return outcome(400, 'HAPI-0524: Unknown search parameter "_lastUpdated"')
            day, touched = asked["_lastUpdated"].removeprefix("gt"), self.behaviour.touched
            found = [
                a
                for record in records.values()
                for a in self._of(record)
                if touched.get(a["id"], record["LastChangeDate"]) > day
            ]
        elif "primary-organization" not in asked:
            found = [a for record in records.values() for a in self._of(record)]
        if asked.get("_summary") == "count":
            return self._bundle([], len(found), "/OrganizationAffiliation", query)
        offset, count = int(asked.get("_offset", 0)), int(asked.get("_count", 20))
        page = found[offset : offset + count]
        return self._bundle(
            [(a, "match") for a in page], len(found), "/OrganizationAffiliation", query, offset + len(page)
        )

    def _bundle(
        self,
        entries: list[tuple[dict[str, Any], str]],
        total: int,
        path: str,
        query: list[tuple[str, str]],
        end: int | None = None,
    ) -> Reply:
        """A page. As in the official examples, ``total`` is there only if all that matches fits."""
        host = self.behaviour.next_host or self.host
        base = f"{host}{FHIR}{'/' if self.behaviour.double_slash else ''}{path}"
        links = [{"relation": "self", "url": f"{base}?{urlencode(query)}"}]
        is_last = end is None or end >= total
        if not is_last:
            following = [(k, v) for k, v in query if k != "_offset"] + [("_offset", str(end))]
            links.append({"relation": "next", "url": f"{base}?{urlencode(following)}"})
        fits = is_last and dict(query).get("_offset", "0") == "0"
        bundle = {
            "resourceType": "Bundle",
            "type": "searchset",
            **({"total": total} if fits else {}),
            "link": links,
            **(
                {"entry": [{"resource": r, "search": {"mode": mode}} for r, mode in entries]}
                if entries
                else {}
            ),
        }
        return compact(bundle)

    def _expansion(
        self, system: str, include: dict[str, Any], properties: list[str], count: int, offset: int
    ) -> Reply:
        systems = self._concepts()
        if system not in systems:
            return outcome(404, f"The value set {system}/vs was not found")
        concepts = systems[system]
        codes = sorted(concepts)
        for chosen in include.get("filter", []):
            if self.behaviour.unknown_filters:
                return outcome(
                    422, f"There is no declared filter called {chosen['property']} on code system {system}"
                )
            wanted = set(chosen["value"].split(","))
            codes = [
                c for c in codes if wanted & {bare(v) for k, v in concepts[c][1] if k == chosen["property"]}
            ]
        if "concept" in include:
            wanted = {c["code"] for c in include["concept"]}
            codes = [c for c in codes if c in wanted]
        if len(codes) > MOST_CONCEPTS:
            return outcome(422, "[uuid]: The expansion of value set null was too big (>50000).")
        contains = [contained(system, c, *concepts[c], properties) for c in codes[offset : offset + count]]
        expansion = {"total": len(codes), "offset": offset, **({"contains": contains} if contains else {})}
        return compact({"resourceType": "ValueSet", "expansion": expansion})

    def _look_up(self, asked: dict[str, str]) -> Reply:
        concepts = self._concepts().get(asked["system"], {})
        if asked["code"] not in concepts:
            return outcome(
                404, f"[uuid]: The code {asked['code']} ({asked['system']}) was not found.", "not-found"
            )
        name, properties = concepts[asked["code"]]
        parts = [
            {"name": "property", "part": [{"name": "code", "valueCode": k}, {"name": "value", **typed(v)}]}
            for k, v in properties
        ]
        return compact(
            {"resourceType": "Parameters", "parameter": [{"name": "display", "valueString": name}, *parts]}
        )

    def _list(self, name: str) -> Reply:
        kind = name.removesuffix("-deletion")
        if kind not in DELETIONS or kind == name:
            return outcome(404, f"HAPI-2001: Resource List/{name} is not known")
        entries = self.behaviour.other_lists.get(kind, [])
        if kind == "Organization":
            register = self.world.register(self._day())
            for notice in json.loads(register.lists["/notifications"])["DeletedOrganisations"]:
                item = {"type": kind, "identifier": {"system": odt.CODE, "value": notice["OrgID"]}}
                entries = [*entries, {"date": f"{notice['time'][:10]}T00:00:00+00:00", "item": item}]
        return compact({"resourceType": "List", "id": name, "status": "current", "entry": entries})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("data/sample"), help="ord/fetch=… and trud/*.zip")
    parser.add_argument("--port", type=int, default=8342)
    parser.add_argument("--today", type=date.fromisoformat, help="the day of the server")
    parser.add_argument("--key", help="the only key that ODT accepts (default: any)")
    options = parser.parse_args()
    ahead = options.today - datetime.now(UTC).date() if options.today else timedelta()
    server = OdtServer(
        Recorded(options.folder),
        odt_key=options.key,
        now=lambda: datetime.now(UTC) + ahead,
        port=options.port,
    )
    with server:
        print(f"ODS_ODT_URL={server.odt_url} ODS_ORD_URL={server.ord_url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
