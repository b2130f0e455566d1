"""`ods-pipeline reconcile` on the sample: what it prints, writes and ends with; reports over HTTP."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.reconcile.held import held_reports
from ods_pipeline.sources.reports import fetch_reports
from ods_pipeline.sources.settings import Manners, Sources
from ods_pipeline_tests.reconcile.small_reports import trusts_of_sample
from ods_pipeline_tests.support.official_reports import as_file
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.running import Main

Captured = pytest.CaptureFixture[str]


def test_a_report_that_agrees_ends_with_0(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    file = as_file(trusts_of_sample(), tmp_path / "etr_2026-09-04.csv")
    assert run_main("reconcile", file, "--data-root", sample_root().path) == 0
    out = capsys.readouterr().out
    assert "etr (NHS trusts)" in out and "Nothing is unexplained." in out


def test_a_difference_is_named_and_ends_with_5(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    rows = trusts_of_sample()
    rows[3][1] = "=A HOSTILE NAME"
    file = as_file(rows, tmp_path / "file.csv")
    out = tmp_path / "out"
    arguments = (f"etr={file}", "--on", "2026-09-04", "--out", out, "--data-root", sample_root().path)
    assert run_main("reconcile", *arguments) == 5
    printed = capsys.readouterr().out
    assert "Unexplained: 1" in printed and f"line 4      {rows[3][0]}" in printed
    found = pl.read_parquet(out / "reconcile.parquet").filter(outcome="unexplained")
    assert found.select("line", "code", "field").rows() == [(4, rows[3][0], "name")]
    assert "'=A HOSTILE NAME" in (out / "reconcile.csv").read_text(encoding="utf-8")


def test_what_differs_as_json(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    rows = trusts_of_sample()
    rows[3][1] = "ANOTHER NAME"
    file = as_file(rows, tmp_path / "etr_2026-09-04.csv")
    assert run_main("reconcile", file, "--json", "--data-root", sample_root().path) == 5
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert "agree" not in {row["outcome"] for row in found}
    (row,) = [row for row in found if row["outcome"] == "unexplained"]
    assert row == {
        **{"report": "etr", "line": 4, "code": rows[3][0], "field": "name", "there": "ANOTHER NAME"},
        **{"here": row["here"], "outcome": "unexplained", "rule": None, "why": None},
    }
    assert "etr (NHS trusts)" in err and "Unexplained: 1" in err


def test_a_part_does_not_name_what_it_lacks(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    file = as_file(trusts_of_sample()[:2], tmp_path / "etr_2026-09-04.csv")
    assert run_main("reconcile", file, "--data-root", sample_root().path) == 5
    assert "not in it" in capsys.readouterr().out
    assert run_main("reconcile", file, "--part", "--data-root", sample_root().path) == 0


def test_a_report_of_a_later_day_is_said_to_be_only_plausible(
    tmp_path: Path, run_main: Main, capsys: Captured
) -> None:
    rows = trusts_of_sample()
    rows[3][1] = "WRONG"
    file = as_file(rows, tmp_path / "etr_2026-09-20.csv")
    assert run_main("reconcile", file, "--data-root", sample_root().path) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "the report is of 2026-09-20, the register of 2026-09-04; compare again" in out
    assert "Nothing is unexplained. 1 of what differs is only plausible (newer_there)." in out

    rows[3][10] = "19990909"
    assert run_main("reconcile", as_file(rows, file), "--data-root", sample_root().path) == 5
    assert f"etr line 4 {rows[3][0]} opened there: 1999-09-09" in " ".join(capsys.readouterr().out.split())


def test_columns_that_are_not_compared_are_printed(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    lines = [f'{row[0].lower()},"{row[1]}",1' for row in trusts_of_sample()]
    file = tmp_path / "etr_2026-09-04.csv"
    file.write_text("\n".join(["NHS Trusts", "Organisation Code,Name,Fax", *lines]), encoding="utf-8")
    assert run_main("reconcile", file, "--data-root", sample_root().path) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "columns of the file that are not compared: Fax" in out
    assert "not have all columns for it: address, postcode, opened, closed, status, region, icb" in out


def test_another_report_under_this_name_is_rejected(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    file = as_file(trusts_of_sample(), tmp_path / "etr.csv")
    assert run_main("reconcile", f"epraccur={file}", "--part", "--data-root", sample_root().path) == 1
    assert "of another kind (RO197) than epraccur lists (RO177)" in capsys.readouterr().err


def test_without_a_report_it_says_how_to_get_one(run_main: Main, capsys: Captured) -> None:
    assert run_main("reconcile", "--data-root", sample_root().path) == 1
    assert "--fetch" in capsys.readouterr().err


class _Reports(BaseHTTPRequestHandler):
    """Data Search and Export: one good report, one page of HTML, nothing else."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.partition("report=")[2]
        status, content = {
            "etr": (200, b'\xef\xbb\xbf"RRP","A TRUST"\r\n'),
            "ets": (200, b"<html>down</html>"),
        }.get(name, (404, b"no"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (_Reports,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = Thread(target=served.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{served.server_address[1]}/api/getReport", asked
        served.shutdown()
        thread.join()


def test_reports_are_fetched_one_request_each_and_kept(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    url, asked = server
    root = DataRoot(tmp_path)
    sources = Sources(reports_url=url, manners=Manners(interval=0.01, attempts=2, first_pause=0.01))
    (name,) = fetch_reports(root, ["etr"], sources)
    assert asked == ["/api/getReport?report=etr"]
    assert (root.raw_reports / name).read_bytes().endswith(b'"A TRUST"\r\n')
    assert held_reports(root) == (f"etr={root.raw_reports / name}",)
    with pytest.raises(OdsError, match="what came is not a report"):
        fetch_reports(root, ["ets"], sources)
    with pytest.raises(OdsError, match="has no such report"):
        fetch_reports(root, ["nothing"], sources)
    with pytest.raises(OdsError, match="is not the name of a report"):
        fetch_reports(root, ["../etr"], sources)
    assert [f.name for f in root.raw_reports.iterdir()] == [name]
