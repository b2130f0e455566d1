"""Nobody is left in the dark: alerts over real HTTP and commands, the state as JSON and for Prometheus."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.commands.ui import prepare
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.alerts import Alerts, attention_text
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.watching import age_problem
from ods_pipeline.inventory.health import METRICS, Health, health_of
from ods_pipeline_tests.support.rooms import copy_of, sample_root
from ods_pipeline_tests.support.running import Main

SECRET = "T0k3n-never-to-be-seen"


@contextmanager
def listener(status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server on loopback: its address, and the messages that it got."""
    messages: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{SECRET}", messages
        server.shutdown()
        thread.join()


def test_an_alert_goes_to_the_url_and_to_the_command(tmp_path: Path) -> None:
    script, out = tmp_path / "alert.py", tmp_path / "out.json"
    script.write_text(f"import sys, pathlib; pathlib.Path({str(out)!r}).write_text(sys.stdin.read())")
    with listener() as (url, messages):
        Alerts(url, f"{sys.executable} {script}").send("failed", "it is broken", run_id="1", root=Path("x"))
    expected = {"event": "failed", "text": "it is broken", "run_id": "1", "root": "x"}
    assert messages == [expected] == [json.loads(out.read_text())]


@pytest.mark.parametrize("status", [None, 500])
def test_an_alert_that_cannot_be_delivered_is_a_warning_without_the_address(
    caplog: pytest.LogCaptureFixture, status: int | None
) -> None:
    with listener(status or 200) as (url, _):
        address = url if status else f"http://127.0.0.1:1/{SECRET}"
        Alerts(address, "false").send("failed", "it is broken")
    warnings = [r.getMessage() for r in caplog.records if "could not be delivered" in r.getMessage()]
    assert len(warnings) == 2 and "exit code 1" in warnings[1]
    assert SECRET not in caplog.text + repr(Alerts(url))


@pytest.mark.promise("explained")
def test_a_build_that_fails_or_leaves_gaps_sends_an_alert(
    tmp_path: Path, run_main: Main, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_of(sample_root(), tmp_path)
    with listener() as (url, messages):
        monkeypatch.setenv("ODS_ALERT_URL", url)
        assert run_main("build", "--release", tmp_path / "none.zip", "--data-root", root.path) == 1
        assert run_main("build", "--data-root", root.path) == 0
    (message,) = messages
    assert message["event"] == "failed" and "there is no such file" in message["text"]
    assert message["data_root"] == str(root.path)


def test_what_needs_attention_is_one_line() -> None:
    held = {"data_root": "/d", "as_of": "2026-09-04", "fetches": 2}
    assert attention_text(Health(**held)) == ""
    health = Health(**held, missing_stamps=["2026-09-01"], unanswered_codes=["A", "B"], drift=5)
    text = "/d: 1 missing day (2026-09-01); 2 codes without an answer (A, B); 2 new rows of drift."
    assert attention_text(health, drift_before=3) == text
    health = Health(
        **held, newest_record_set_aside=["R0A"], of_the_future=["release=2027-01-29: it is of 2027-01-29"]
    )
    text = "/d: 1 newest record set aside (R0A); 1 capture of a day to come (release=2027-01-29)."
    assert attention_text(health) == text and health.needs_attention


def test_the_age_is_that_of_the_day_that_the_set_covers() -> None:
    today = date(2026, 9, 8)
    assert age_problem(Health("/d", as_of="2026-09-05", fetches=1), today) == ""
    assert "2026-09-04, 4 days ago" in age_problem(Health("/d", as_of="2026-09-04", fetches=1), today)
    assert age_problem(Health("/d", as_of="2026-08-28"), today) == ""
    assert age_problem(Health("/d", as_of="2026-09-04", fetches=1, sample=True), today) == ""


def test_status_as_json_and_the_metrics_are_the_state(
    run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    root = sample_root()
    assert run_main("status", "--json", "--data-root", root.path) == 0
    state = json.loads(capsys.readouterr().out)
    assert state == json.loads(health_of(root).as_json())
    assert (state["as_of"], state["build"], state["needs_attention"]) == ("2026-09-04", "000001", False)
    assert state["rows"]["ord.organisations"] == 776
    lines = (root.path / METRICS).read_text().splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert figures["ods_as_of_timestamp_seconds"] == "1788480000"
    assert figures["ods_missing_stamps"] == figures["ods_unpublished"] == "0"
    assert figures['ods_rows{table="ord.organisations"}'] == "776"
    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} == {
        name.partition("{")[0] for name in figures
    }


@pytest.mark.promise("resumed")
@pytest.mark.parametrize("command", [pipeline.build, prepare], ids=["build", "ui"])
def test_metrics_that_a_killed_run_did_not_write_are_written_by_the_next_command(
    tmp_path: Path, command: Callable[[DataRoot], object]
) -> None:
    root = copy_of(sample_root(), tmp_path)
    metrics = root.path / METRICS
    text = metrics.read_text()
    for left in (None, "ods_as_of_timestamp_seconds 0\n"):
        metrics.unlink() if left is None else metrics.write_text(left)
        command(root)
        assert metrics.read_text() == text


def test_the_daemon_sends_alerts_if_it_knows_where_to(tmp_path: Path) -> None:
    def sensors(alerts: Alerts) -> set[str]:
        return {s.name for s in build_definitions(tmp_path, alerts=alerts).sensors or []}

    watching = sensors(Alerts("http://127.0.0.1:1/")) - sensors(Alerts())
    assert watching == {"alert_of_failed_runs", "alert_of_attention"}
