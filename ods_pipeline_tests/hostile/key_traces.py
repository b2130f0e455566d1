"""Where a TRUD key could leave a trace: the spellings that are looked for, and every log record of a run."""

import base64
import logging
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import quote

from ods_pipeline_tests.support.simulated import KEY

SPELLINGS = {
    KEY,
    KEY[::-1],
    KEY.lower(),
    KEY.upper(),
    KEY.encode().hex(),
    base64.b64encode(KEY.encode()).decode().rstrip("="),
    "".join(f"%{b:02X}" for b in KEY.encode()),
    quote(KEY, safe=""),
    KEY[: len(KEY) // 2 + 2],
}


class _EveryRecord(logging.Handler):
    """Keeps each record with all that it carries."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.args} {record.exc_text} {record.__dict__}")


@contextmanager
def all_logged(lines: list[str]) -> Generator[None]:
    """Add every record of every logger to the lines, from DEBUG on."""
    handler, top = _EveryRecord(lines), logging.getLogger()
    level = top.level
    top.addHandler(handler)
    top.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        top.removeHandler(handler)
        top.setLevel(level)


def assert_nowhere(*texts: str) -> None:
    """No text has the key in it, in any spelling."""
    assert not [s for s in SPELLINGS for text in texts if s in text]
