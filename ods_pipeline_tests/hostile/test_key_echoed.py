"""The TRUD key is shown nowhere although the server repeats the path and the headers of each request.

It repeats them in bodies, reason phrases, headers, addresses and file names, in several spellings. What runs
leave otherwise is searched in `test_key.py`.
"""

import base64
import logging
import stat
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.instance import open_instance
from ods_pipeline.errors import OdsError
from ods_pipeline.sources.settings import HIDDEN, UNSHOWN, Key, Sources
from ods_pipeline.sources.trud import Trud
from ods_pipeline_tests.hostile.key_traces import SPELLINGS, all_logged, assert_nowhere
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.ord_wire import Fault
from ods_pipeline_tests.support.raw_server import RawServer, http
from ods_pipeline_tests.support.simulated import KEY, QUICK, SimulatedClock, sources_of
from ods_pipeline_tests.support.small_server import live, small_server
from ods_pipeline_tests.support.worlds import Made

pytestmark = [pytest.mark.dagster_records, pytest.mark.promise("no_key")]
SPELT: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "percent-encoded": lambda text: quote(text, safe="").replace("k", "%6B"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
}
STATUSES = (500, 502, 503, 429, 400, 403, 404, 416, 302, 308)


def chain_of(error: BaseException | None) -> str:
    """Return all that an exception and those behind it can show."""
    texts = []
    while error is not None:
        texts += [*traceback.format_exception(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "".join(texts)


@pytest.mark.parametrize("spelling", SPELT)
@pytest.mark.parametrize("status", STATUSES)
def test_an_answer_that_repeats_the_request_is_not_quoted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int, spelling: str
) -> None:
    caplog.set_level(logging.DEBUG)
    clock, root = SimulatedClock("2026-09-04T04:30:00+00:00"), DataRoot(tmp_path / "data")
    name = "hscorgrefdataxml_data_8.0.0_20260828000001.zip"
    shown = []
    for pattern in ("releases", "/download/"):
        with OrdServer(Made(releases={name: b"a release"}), now=clock.now, key=KEY) as server:
            server.faults.append(Fault("echo", pattern, 99, (status, SPELT[spelling])))
            with closing(Trud(sources_of(server, clock))) as trud, pytest.raises(OdsError) as caught:
                trud.download(root, trud.find("latest"))
        shown.append(chain_of(caught.value))
    assert_nowhere(*shown, caplog.text)
    assert "TRUD" in shown[0]


SHOWN = [
    pytest.param(f"No access for {KEY}.", f"No access for {HIDDEN}.", id="as it is"),
    pytest.param(f"No access for {KEY.upper()}.", f"No access for {HIDDEN}.", id="upper case"),
    pytest.param(KEY[: len(KEY) // 2], UNSHOWN, id="the first half"),
    pytest.param(KEY[-12:], UNSHOWN, id="the end"),
    pytest.param(KEY[::-1], UNSHOWN, id="backwards"),
    pytest.param(KEY.encode().hex(":"), UNSHOWN, id="hexadecimal"),
    pytest.param(base64.b64encode(b"x" + KEY.encode()).decode(), UNSHOWN, id="base64"),
    pytest.param("".join(f"&#{b};" for b in KEY.encode()), UNSHOWN, id="HTML"),
    pytest.param("".join(f"%25{b:02X}" for b in KEY.encode()), UNSHOWN, id="percent twice"),
    pytest.param(" ".join(KEY), UNSHOWN, id="spaced"),
    pytest.param("There is no subscription.", "There is no subscription.", id="nothing to hide"),
]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_a_text_is_quoted_without_the_key(text: str, shown: str) -> None:
    assert Key(KEY).hide_in(text) == shown
    assert Key(KEY).is_in(text) == (text != shown)


def test_a_message_that_is_cut_shows_no_half_of_the_key(caplog: pytest.LogCaptureFixture) -> None:
    """The text of an error is cut after 300 characters; the key lies across the cut."""
    caplog.set_level(logging.DEBUG)
    clock = SimulatedClock("2026-09-04T04:30:00+00:00")
    for before in range(300 - len(KEY), 301, 5):
        answer = http(b"x" * (before - 1) + b" " + KEY.encode() + b" y", status="503 Busy")
        with RawServer(lambda c, _, answer=answer: c.sendall(answer)) as server:
            sources = Sources(trud_url=f"{server.url}/trud", key=Key(KEY), clock=clock, manners=QUICK)
            with closing(Trud(sources)) as trud, pytest.raises(OdsError) as caught:
                trud.releases()
        assert_nowhere(chain_of(caught.value), caplog.text)


def test_dagster_s_records_can_be_read_by_their_owner_only(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    for mode in (None, 0o755):
        if mode is not None:
            (root.path / ".dagster").chmod(mode)
        with open_instance(root):
            assert stat.S_IMODE((root.path / ".dagster").stat().st_mode) == 0o700


@pytest.mark.slow
def test_forty_runs_against_servers_that_repeat_everything_leave_no_trace(tmp_path: Path) -> None:
    """Each run meets the echo first and good answers then, if it asks again; the next run then succeeds."""
    logged: list[str] = []
    runs = [(status, name) for status in STATUSES for name in SPELT]
    commands: set[bytes] = set()
    with all_logged(logged):
        for number, (status, name) in enumerate(runs):
            folder, clock = tmp_path / str(number), SimulatedClock("2026-09-04T04:30:00+00:00")
            root = DataRoot(folder / "data")
            errors: list[Any] = []
            with small_server(folder, clock) as server:
                server.faults += [
                    Fault("echo", p, 2, (status, SPELT[name])) for p in ("releases", "/download/")
                ]
                for _ in range(5):
                    try:
                        pipeline.build(root, **live(server, clock, trud_only=True))
                        break
                    except OdsError as error:
                        errors.append(chain_of(error))
                    commands |= {p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists()}
                else:
                    raise AssertionError("the last run succeeds")
            files = [p for p in folder.rglob("*") if p.is_file() and "raw/trud" not in str(p)]
            assert len(files) > 50
            assert_nowhere(*errors, *(p.read_bytes().decode("latin-1") for p in files), *map(str, files))
    ours = [line for line in logged if "ods_pipeline" in line]
    assert_nowhere(*ours, *(c.decode("latin-1") for c in commands))
    assert not [line for line in logged if any(s in line for s in SPELLINGS - {KEY[: len(KEY) // 2 + 2]})]
    figures.record("no_key", "runs against servers that repeat the request, no trace of the key", len(runs))
