"""Raw files of every kind: the pipeline publishes what the audit recomputes from them."""

import json
from pathlib import Path
from random import Random

import pyarrow.parquet as pq
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.audited import differing, publish
from ods_pipeline_tests.support.builders import make_record, notice, number_of, put, rel, role, stub_of, succ
from ods_pipeline_tests.support.builders import write_delta as fetch
from ods_pipeline_tests.support.builders import write_release as release
from ods_pipeline_tests.support.damage import DAMAGES
from ods_pipeline_tests.support.history.random_registers import watched
from ods_pipeline_tests.support.payloads import organisation_json, organisation_xml

pytestmark = pytest.mark.promise("audited")
ROUND = 9  # with more records set aside the release is rejected as a whole


def publish_and_audit(received: Path) -> Path:
    """Publish what was received, check that the audit finds no difference, and return the build."""
    root = DataRoot(received.parent / "data")
    build = publish(received, root)
    assert [(t.table, t.differing, t.differences[:3]) for t in differing(root, build)] == []
    return build


def rows(build: Path, table: str) -> int:
    return pq.read_metadata(build / "tables" / f"{table}.parquet").num_rows


def test_pipeline_and_audit_set_aside_every_kind_of_broken_record(tmp_path: Path) -> None:
    names = sorted(DAMAGES)
    for n in range(0, len(names), ROUND):
        broken = [
            DAMAGES[name].harm(organisation_xml(make_record(f"B{names.index(name)}")))
            for name in names[n : n + ROUND]
        ]
        day = 1 + n // ROUND
        release(
            tmp_path / "in",
            [make_record("R1A"), *broken],
            [make_record("R1B")],
            published=f"2026-08-0{day}",
            released=f"2026-08-1{day}",
        )
    assert rows(publish_and_audit(tmp_path / "in"), "quarantined_records") == len(names)


def test_superseded_records_and_unusual_xml(tmp_path: Path) -> None:
    with_unknown_target = make_record("R1A", Rels={"Rel": [rel("R1A", "R1B"), rel("R1A", "NOBODY", "RE8")]})
    accented = make_record("R1B", Name="O'BRIEN & SONS «ÉCOLE»", Status=None, Contacts=None)
    contacts = [{"type": "tel", "value": "0113 2"}, {"type": "tel", "value": "0113 1"}]
    contacts.append({"type": "fax", "value": "0113 3"})
    unusual = organisation_xml(make_record("R1C", Contacts={"Contact": contacts}), shift_address=True)
    unusual = unusual.replace("BODY R1C", "  <![CDATA[BODY & ]]>R1C<!-- a <Name> --> ", 1)
    unusual = unusual.replace("<Status ", '<Novelty kind="x"><Inner/></Novelty><Status mood="new" ', 1)
    unusual = unusual.replace('uniqueRoleId="', 'uniqueRoleId="000', 1)
    reused = make_record("R1D", Name="ANOTHER", Roles={"Role": [role("R1D", "RO198")]})
    repeated = [succ("R1E", "Successor", "R1A"), {**succ("R1E", "Successor", "R1A"), "uniqueSuccId": 5}]
    claims_id = make_record(
        "R1F", Roles={"Role": [{**role("R1F"), "uniqueRoleId": number_of("R1A", "RO197")}]}
    )
    release(
        tmp_path / "in",
        [
            with_unknown_target,
            accented,
            unusual,
            reused,
            stub_of(make_record("R1G")),
            make_record("R1E", Succs={"Succ": repeated}),
            claims_id,
        ],
        [
            make_record("R1D"),
            make_record("R1G"),
            stub_of(with_unknown_target),
            make_record("R1H"),
            make_record("R1H"),
        ],
    )
    build = publish_and_audit(tmp_path / "in")
    counts = {t: rows(build, t) for t in ("superseded_records", "repeated_ids", "unknown_elements")}
    assert counts == {"superseded_records": 4, "repeated_ids": 1, "unknown_elements": 4}
    assert rows(build, "unresolved_targets") == 1


def test_details_of_xml_and_json_mean_the_same_to_both(tmp_path: Path) -> None:
    contacts = {"Contact": [{"type": "tel", "value": ""}, {"type": "tel", "value": "1"}]}
    plain = organisation_xml(make_record("R1A", Contacts=contacts))
    odd = [
        ("BODY", "A\r\nB\rC&#13;D"),
        ('value="1"', 'value="1\r\n2\t3&#10;4"'),
        ("<Roles>", "<?a <!-- ?><Roles>"),
        ("</Roles>", "</Roles><!-- x --><?b ?>"),
        ("<Name>", "<Name xsi:nil='false' value='1'>"),
        ("</Name>", "</Name><x:Name>Z</x:Name><Odd a='1' id='2'><Town>Y</Town></Odd><Town/>"),
        ("<Status ", "<Status x:value='Inactive' version='1' "),
        ("<LastChangeDate", "<Date><Type value=''/><Start value=' '/></Date><LastChangeDate"),
        ("<Organisation ", "<HSCOrgRefData:Organisation "),
        ("</Organisation>", "</HSCOrgRefData:Organisation>"),
    ]
    texts = [plain.replace("R1A", f"R{n}A").replace(*pair, 1) for n, pair in enumerate(odd[:-2])]
    texts.append(plain.replace("R1A", "R9A").replace(*odd[-2]).replace(*odd[-1]))
    lost = plain.replace("R1A", "R9B").replace(
        "<Roles>", "<Role><Date/><Status value='Active'/></Role><Roles>"
    )
    release(tmp_path / "in", [*texts, lost, make_record("R1A")])
    folder = fetch(tmp_path / "in", [make_record("R1A", Name="A\r\nB\rC", Contacts=contacts)])
    for n, text in enumerate(('{"Organisation": {"Name": NaN}}', '{"Organisation": {"Name": 1e400}}')):
        put(folder, f"organisations/R{n}A.json", text.encode(), asked=f"R{n}A")
    twice = organisation_json(make_record("R2A")).replace(b'"Name"', b'"Name": "X", "Name"', 1)
    put(folder, "organisations/R2A.json", twice, asked="R2A")
    declared = "<?xml version='1.0' encoding='ISO-8859-1'?>" + organisation_xml(make_record("R3A"))
    put(folder, "organisations/R3A.xml", declared.encode(), asked="R3A")
    put(folder, "organisations/R4A.xml", texts[4].replace("BODY", "X\r\nY").encode(), asked="R4A")
    build = publish_and_audit(tmp_path / "in")
    assert rows(build, "quarantined_records") == 5
    names = set(pq.read_table(build / "tables" / "unknown_elements.parquet")["name"].to_pylist())
    assert {"/Contacts/Contact without value", "/Odd/Town", "/Town", "/Name/@value", "x:Name"} <= names


def test_fetches_with_every_kind_of_answer(tmp_path: Path) -> None:
    fax = {"Contact": [{"type": "fax", "value": "0113 9"}]}
    codes = ["R1A", "R1B", "R1C", "R1D", "R1E", "R1F", "R1G"]
    release(tmp_path / "in", [make_record(c, Contacts=fax) for c in codes])
    folder = fetch(
        tmp_path / "in",
        [make_record("R1A", Name="RENAMED"), stub_of(make_record("R1B")), make_record("NEW1")],
        notifications=[
            notice("R1C", "2026-08-22"),
            notice("R1A", "2026-08-20"),
            notice("NEVER", "2026-08-23"),
        ],
        gone=[make_record("R1D")],
    )
    put(
        folder,
        "organisations/R1E.xml",
        organisation_xml(make_record("R1E", Name="BY XML")).encode(),
        asked="R1E",
    )
    put(folder, "organisations/R1E.json", organisation_json(make_record("R1E")))
    put(folder, "organisations/R1F.json", b'{"Organisation": 5}', asked="R1F")
    put(folder, "organisations/R1G.json", organisation_json(make_record("R1A")), asked="R1G")
    put(folder, "organisations/R9Z.json", organisation_json(make_record("R9Z")))
    put(folder, "organisations/R8Z.xml", b"<html>down</html>", asked="R8Z")
    bare_objects = {
        "Organisation": {**make_record("R7Z"), "Roles": {"Role": role("R7Z")}, "News": [1, {"a": 2}]}
    }
    put(folder, "organisations/R7Z.json", json.dumps(bare_objects).encode(), asked="R7Z")
    control_character = {"Organisation": make_record("R6Z", Name="BELL \x07")}
    put(folder, "organisations/R6Z.json", json.dumps(control_character).encode(), asked="R6Z")
    fetch(tmp_path / "in", [make_record("R1C", Contacts=None)], stamp="20260826T043000Z")
    build = publish_and_audit(tmp_path / "in")
    assert rows(build, "quarantined_records") == 6
    assert rows(build, "deletions") == 2
    assert rows(build, "unknown_elements") == 1


@pytest.mark.parametrize("seed", [3])
def test_a_simulated_register(tmp_path: Path, seed: int) -> None:
    (tmp_path / "in").mkdir()
    watched(seed, tmp_path / "in", organisations=8, plan=["R", "D", "RD", "R"])
    publish_and_audit(tmp_path / "in")


@pytest.mark.slow
def test_many_simulated_registers(tmp_path: Path) -> None:
    for seed in range(100, 120):
        received = tmp_path / str(seed) / "in"
        received.mkdir(parents=True)
        plan = ["R", *Random(seed).choices(["R", "D", "DD", "RD", "-"], k=8)]
        watched(seed, received, organisations=12, plan=plan)
        publish_and_audit(received)
    figures.record("audited", "random registers published and recomputed alike", 20)
