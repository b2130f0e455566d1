"""`ods-pipeline probe odt`: two servers that behave differently, and a report that is right about both."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.sources import settings
from ods_pipeline.sources.odt.answers import resources
from ods_pipeline.sources.odt.translate import Context, affiliations_by_source, translated
from ods_pipeline_tests.odt_server import Behaviour, OdtServer
from ods_pipeline_tests.support import odt_records
from ods_pipeline_tests.support.builders import make_record, rel
from ods_pipeline_tests.support.fhir_resources import PRIMARY
from ods_pipeline_tests.support.odt_registers import varied
from ods_pipeline_tests.support.running import Main
from ods_pipeline_tests.support.simulated import ODT_KEY
from ods_pipeline_tests.support.worlds import Made


def this_day() -> str:
    """The day now, which may be another one later in the same run."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def today() -> Made:
    """A register of which all records are stamped today."""
    world, stamp = varied(), this_day()
    world.records = {c: {**r, "LastChangeDate": stamp} for c, r in world.records.items()}
    for n in range(12):
        code = f"RX{n:04d}"
        world.records[code] = {**world.records[code], "Rels": {"Rel": [rel(code, "RR1")]}}
    stub = {**make_record("4VE03", LastChangeDate=stamp, Contacts=None), "refOnly": True}
    world.records |= {"4VE03": stub, "FEF03": make_record("FEF03", LastChangeDate=stamp)}
    return world


def report(
    run_main: Main,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    behaviour: Behaviour,
) -> tuple[dict[str, str], OdtServer]:
    given = settings.sources_from

    def sources_from(environment: Mapping[str, str]) -> settings.Sources:
        """The sources of the environment, without the pause between two questions."""
        sources = given(environment)
        return replace(sources, manners=replace(sources.manners, interval=0.0))

    monkeypatch.setattr(settings, "sources_from", sources_from)
    with OdtServer(today(), behaviour=behaviour, odt_key=ODT_KEY.reveal()) as server:
        monkeypatch.setenv("ODS_ODT_URL", server.odt_url)
        monkeypatch.setenv("ODS_ODT_API_KEY", ODT_KEY.reveal())
        assert run_main("probe", "odt", "--out", folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ODT_KEY.reveal() not in "".join(lines)
    return {k[5:]: v for k, _, v in (line.partition(": ") for line in lines)}, server


def test_two_servers_that_behave_differently(
    run_main: Main, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    began = this_day()
    strange: list[dict[str, Any]] = [{"date": "2026-09-01", "item": {"display": "RoleID 7"}}]
    one, server = report(run_main, capsys, monkeypatch, tmp_path / "a", Behaviour())
    numbers = frozenset(a["id"] for r in today().records.values() for a in odt_records.affiliations(r))
    other, _ = report(
        run_main, capsys, monkeypatch, tmp_path / "b",
        Behaviour(
            repeat_legal=False, lost_includes=numbers, double_slash=True, unknown_filters=True, active=False,
            next_host="https://elsewhere.example", other_lists={"Organization-role": strange},
        ),
    )  # fmt: skip
    assert len(server.log) <= 35
    assert began <= one["day of the newest load"] <= this_day()
    equal, pairs = one["Legal dates that repeat the Operational ones"].removesuffix(" pairs").split(" of ")
    assert int(equal) > 0.8 * int(pairs) > 0
    assert other["Legal dates that repeat the Operational ones"].startswith("0 of ")
    assert one["relationships left out of a page"] == "none"
    assert other["relationships left out of a page"] != "none"
    assert one["link to the next page"] == "by offset, on its own host"
    assert other["link to the next page"] == "by offset, on another host, a double slash"
    assert one["organisations without active"].startswith("0 of ")
    assert not other["organisations without active"].startswith("0 of ")
    assert one["relationships by source"] == "can be asked"
    assert other["relationships by source"] == "cannot be asked"
    assert one["stub code 4VE03"].endswith("(a stub)")
    assert one["archived code D82626"] == one["concept of D82626"] == "not found"
    assert one["Organization-role-deletion"].startswith("0 entries")
    assert other["Organization-role-deletion"].startswith("1 entries")
    answers = sorted((tmp_path / "a").glob("*.json"))
    assert len(answers) == len(server.log)
    assert json.loads(answers[0].read_bytes())["resourceType"] == "Bundle"
    (page,) = (tmp_path / "a").glob("*page-1.json")
    kept = as_fixture(page)
    assert len(kept) >= 5 and not any("Refused" in record for record in kept.values())


def as_fixture(page: Path) -> dict[str, dict[str, Any]]:
    """The records on a page that the probe kept, by code: what it keeps can be a test's input."""
    bundle = json.loads(page.read_bytes())
    included = affiliations_by_source(resources(bundle, "OrganizationAffiliation"))
    return {
        r["id"]: json.loads(translated(r, included.get(r["id"], []), Context(PRIMARY)))
        for r in resources(bundle, "Organization")
    }
