"""Nothing that comes from outside acts as a command of the terminal: it is shown escaped."""

import io
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from ods_pipeline.commands import common
from ods_pipeline.commands.common import plain, start_logging
from ods_pipeline.commands.summary import _print_warnings
from ods_pipeline.defs.instance import CheckOutcome, Outcome
from ods_pipeline.defs.runs import Built
from ods_pipeline.errors import OdsError, printable
from ods_pipeline.sources.clock import SystemClock
from ods_pipeline.sources.http import Asker
from ods_pipeline.sources.settings import Manners
from ods_pipeline_tests.support.raw_server import RawServer, http

pytestmark = pytest.mark.promise("hostile")
ODD = {
    "\x1b[2J": "\\x1b[2J",
    "\x1b]0;title\x07": "\\x1b]0;title\\x07",
    "\x9b31m": "\\x9b31m",
    "\u202eEVIL\u202c": "\\u202eEVIL\\u202c",
    "\u2066x\u2069": "\\u2066x\\u2069",
    "\u200b": "\\u200b",
    "\u200f": "\\u200f",
    "\ufeff": "\\ufeff",
    "\x08\x7f": "\\x08\\x7f",
    "a\rb\u2028c": "a b c",
    "\udc80": "\\udc80",
    "\U000e0041": "\\U000e0041",
}


@pytest.mark.parametrize("text", ODD)
def test_what_cannot_be_printed_is_shown_escaped(text: str) -> None:
    assert printable(f"R1A {text} NAME") == f"R1A {ODD[text]} NAME"
    assert printable("R1A É NAME") == "R1A É NAME"


@pytest.mark.parametrize("text", ODD)
def test_errors_show_it_escaped_wherever_it_stands(text: str) -> None:
    for error in (OdsError(f"a {text}"), OdsError("a", where=text), OdsError("a", do=f"Run {text}")):
        assert str(error).isprintable()
        assert ODD[text] in str(error)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], io.StringIO]]:
    """Start logging to a terminal or to a pipe; gives what is written there."""
    logger = logging.getLogger("ods_pipeline")
    before = logger.handlers, logger.level, logger.propagate

    def start(terminal: bool) -> io.StringIO:
        written = io.StringIO()
        monkeypatch.setattr("sys.stderr", written)
        console = Console(file=written, force_terminal=terminal, color_system=None, width=200)
        monkeypatch.setattr(common, "Console", lambda **_: console)
        start_logging(quiet=True)
        return written

    yield start
    logger.handlers, logger.level, logger.propagate = before


@pytest.mark.parametrize("terminal", [True, False])
def test_log_lines_show_it_escaped(logged: Callable[[bool], io.StringIO], terminal: bool) -> None:
    written = logged(terminal)
    log = logging.getLogger("ods_pipeline.sources.records")
    for text in ODD:
        log.warning("%s was asked for", f"R1A{text}")
        log.warning(f"{text} stands in the line itself, 100 %")
    lines = written.getvalue()
    assert all(line.isprintable() for line in lines.split("\n"))
    assert lines.count("R1A") == len(ODD)
    assert all(shown in lines for shown in ODD.values() if len(shown) > 5)


def test_the_summary_shows_it_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [CheckOutcome("a", "b", False, "WARN", f"1 record was set aside: R1A{t}") for t in ODD]
    built = Built(Path("x"), problems=[f"R1B{t}: no answer" for t in ODD], outcomes=[Outcome("j", "1", True)])
    built.outcomes[0].checks.extend(checks)
    console = plain()
    _print_warnings(console, built)
    console.print(Text("R1C\u202e"), "R1D\x1b[2J")
    lines = capsys.readouterr().out.split("\n")
    assert all(line.isprintable() for line in lines)
    assert len([line for line in lines if re.match(r"(warning|problem) .*R1[AB]", line)]) == 2 * len(ODD)


@pytest.mark.parametrize("text", [t for t in ODD if t.isascii() or ("\u2028" not in t and "\udc80" not in t)])
def test_the_text_of_an_error_answer_is_shown_escaped(text: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    answer = http(f"Broken {text} here".encode(), status="503 Busy")
    manners = Manners(interval=0.0, attempts=2, first_pause=0.0, answer=60.0)
    with RawServer(lambda c, _: c.sendall(answer)) as server:
        asker = Asker("the server", server.url, SystemClock(), manners)
        with closing(asker), pytest.raises(OdsError) as caught:
            asker.ask(f"{server.url}/q", "q", lambda a: a)
    for line in (str(caught.value), *(record.getMessage() for record in caplog.records)):
        assert line.isprintable() and "HTTP 503 Broken" in line
