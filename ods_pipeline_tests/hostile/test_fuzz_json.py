"""Damaged JSON of the ORD API and of a receipt is rejected, set aside or read, and no answer is lost."""

import json
import re
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.json.record import BadRecord, json_to_xml
from ods_pipeline.sources.exchange import NotTheAnswer
from ods_pipeline.sources.http import Answer
from ods_pipeline.sources.ord.client import OrdApi
from ods_pipeline.sources.settings import Sources
from ods_pipeline_tests.hostile.json_mutants import NOTICES, RECORD, ROLES, mutant
from ods_pipeline_tests.hostile.running import IN_MEMORY, deadline, outcome, try_many
from ods_pipeline_tests.support.builders import assert_conserved, make_record, put, receipt_of, write_delta
from ods_pipeline_tests.support.payloads import code_of
from ods_pipeline_tests.support.times import TIMES

pytestmark = pytest.mark.promise("hostile")
ANSWERS = 25
SOUND = [make_record(f"RY{n}") for n in range(3)]


def a_record(random: Random) -> bytes:
    return mutant(RECORD, random)


def one_record(payload: bytes) -> str:
    """Convert a payload: it becomes one well-formed Organisation element, or breaks a named rule."""
    try:
        xml = json_to_xml(payload, {})
    except BadRecord as bad:
        assert re.fullmatch(r"[a-z_]+", bad.rule)
        return f"set aside: {bad.rule}"
    assert ElementTree.fromstring(xml).tag == "Organisation"
    return "read"


def some_answers(random: Random) -> list[bytes]:
    return [mutant(RECORD, random) for _ in range(ANSWERS)]


def a_fetch(payloads: list[bytes]) -> str:
    """Flatten a fetch: every answer is used or set aside, and the sound ones are used."""
    with TemporaryDirectory(dir=IN_MEMORY) as folder:
        fetch = write_delta(Path(folder), SOUND)
        for number, payload in enumerate(payloads):
            put(fetch, f"organisations/RX{number}.json", payload, asked=f"RX{number}")
        flat = flatten_fetch(fetch)
    assert_conserved(flat)
    used = flat.frames["organisations"]["ods_code"].to_list()
    aside = flat.frames["quarantined_records"]
    assert set(map(code_of, SOUND)) <= set(used)
    assert len(used) + aside.height == len(SOUND) + len(payloads)
    codes = {*map(code_of, SOUND), *(f"RX{n}" for n in range(len(payloads)))}
    assert {*used, *aside["ods_code"]} == codes
    return "read"


def a_list(random: Random) -> tuple[str, bytes]:
    which = random.randrange(3)
    if which == 0:
        return "notifications.json", mutant(NOTICES, random)
    return (
        ("roles.json", mutant(ROLES, random))
        if which == 1
        else ("receipt.json", b"%d" % random.getrandbits(60))
    )


@pytest.fixture(scope="module")
def kept_fetch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_delta(
        tmp_path_factory.mktemp("fetch"), SOUND[:1], notifications=NOTICES["DeletedOrganisations"]
    )


class Lists:
    """Reads one fetch many times, each time with one of its lists or its receipt damaged."""

    def __init__(self, fetch: Path) -> None:
        self.fetch, self.receipt = fetch, receipt_of(fetch)
        self.kept = {e["path"]: (fetch / e["path"]).read_bytes() for e in self.receipt["files"]}

    def __call__(self, damaged: tuple[str, bytes]) -> str:
        name, payload = damaged
        for path, content in self.kept.items():
            (self.fetch / path).write_bytes(content)
        receipt = json.dumps(self.receipt).encode()
        if name == "receipt.json":
            receipt = mutant(self.receipt, Random(int(payload)))
        (self.fetch / "receipt.json").write_bytes(receipt)
        if name != "receipt.json":
            put(self.fetch, name, payload)
        flat = flatten_fetch(self.fetch)
        assert_conserved(flat)
        return "read"


def an_answer(random: Random) -> tuple[int, Answer]:
    """Return an answer of the API to one of our requests; its headers may be wrong."""
    row = {"OrgId": "RX1", "LastChangeDate": "2026-09-01", "Name": "X"}
    payloads = [
        {"Organisations": [{"OrgLink": "https://x/ORD/2-0-0/organisations/RX1"}]},
        {"Organisations": [row, {**row, "OrgId": "RX2"}]},
        RECORD,
        ROLES,
    ]
    which = random.randrange(len(payloads))
    payload = mutant(payloads[which], random)
    total = random.choice(["1", "2", "02", "-1", "٢", "9" * 20, "1e3", ""])
    headers = {"X-Total-Count": total.encode(), "returned-records": random.choice([b"2", b"1", b"\xff"])}
    return which, Answer(200, httpx.Headers(headers), payload)


class _OneAnswer(OrdApi):
    """A client that gets one answer to every request, so that only the reading of answers is tested."""

    def __init__(self) -> None:
        super().__init__(Sources())
        self.answer: Answer | None = None
        self._asker.ask = lambda _url, _path, accept, **_options: accept(self.answer)  # ty: ignore


API = _OneAnswer()


def read_answer(request: tuple[int, Answer]) -> str:
    which, API.answer = request
    try:
        if which == 0:
            assert all(re.fullmatch(r"[A-Za-z0-9-]{1,20}", c) for c in API.sync("2026-09-01").codes)
        elif which == 1:
            assert all(len(stamp) == 10 for _, stamp in API.search("2026-09-01", 1).rows)
        elif which == 2:
            assert API.organisation("RX1").code == "RX1"
        else:
            API.whole_list("/roles")
    except NotTheAnswer as rejected:
        assert len(str(rejected)) < 300
        return "rejected"
    return "read"


RANDOMS = st.randoms(use_true_random=False)


@settings(max_examples=50 * TIMES)
@given(RANDOMS)
def test_a_damaged_record_becomes_xml_or_breaks_a_rule(random: Random) -> None:
    with deadline():
        one_record(a_record(random))


@settings(max_examples=50 * TIMES)
@given(RANDOMS)
def test_a_damaged_answer_is_not_an_answer(random: Random) -> None:
    outcome(an_answer(random), read_answer)


def test_a_fetch_of_damaged_answers_loses_none(kept_fetch: Path) -> None:
    outcome(some_answers(Random(1)), a_fetch)
    read = Lists(kept_fetch)
    for number in range(25):
        outcome(a_list(Random(number)), read)


@pytest.mark.slow
def test_a_great_many(kept_fetch: Path) -> None:
    outcomes = try_many("JSON, records", 25_000, a_record, one_record)
    assert outcomes["read"] > 1000 and len(outcomes) > 4
    try_many("JSON, answers of the API", 15_000, an_answer, read_answer)
    try_many(f"JSON, fetches of {ANSWERS} damaged answers each", 60, some_answers, a_fetch)
    outcomes = try_many("JSON, lists and receipts of a fetch", 1_500, a_list, Lists(kept_fetch))
    assert min(outcomes.values()) > 30
