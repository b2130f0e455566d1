"""Data Search and Export: official reports as received, in ``raw/reports``.

Lives here: asking for a report. Does not live here: turns and trying again (``http.py``), which reports are
held, reading and comparing (``reconcile/``). Reports are not captures: no table is made from them.
"""

import logging
import re
from collections.abc import Iterable

from ods_pipeline.dataroot.files import flush
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.sources.clock import UK
from ods_pipeline.sources.http import Answer, Asker, NotTheAnswer
from ods_pipeline.sources.settings import Sources

_NAME = re.compile(r"[a-z]{3,40}")
log = logging.getLogger(__name__)


def fetch_reports(root: DataRoot, names: Iterable[str], sources: Sources) -> list[str]:
    """Get reports, one request each at the pace of all sources, and return their file names.

    A report is kept as ``NAME_YYYY-MM-DD.csv``, the UK day on which it was asked for; Data Search and Export
    makes its reports nightly.

    Raises:
        Unreachable: No answer came.
        OdsError: The server refuses, or what came is not a report.
    """
    wanted = [name.strip().lower() for argument in names for name in argument.split(",")]
    for name in wanted:
        if not _NAME.fullmatch(name):
            raise OdsError(f"{name!r} is not the name of a report", do="Give, for example, --fetch epraccur")
    day = sources.clock.now().astimezone(UK).date()
    asker = Asker("Data Search and Export", sources.reports_url, sources.clock, sources.manners)
    written = []
    try:
        for name in wanted:
            content = asker.ask(f"{sources.reports_url}?report={name}", f"the report {name}", _as_csv)
            file = root.raw_reports / f"{name}_{day}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_name(f".{file.name}.partial")
            partial.write_bytes(content)
            flush(partial)
            partial.replace(file)
            log.info("report %s: %s lines", name, content.count(b"\n"))
            written.append(file.name)
    finally:
        asker.close()
    return written


def _as_csv(answer: Answer) -> bytes:
    """Return the report, if the answer is one: some lines with commas, not a page of HTML or JSON."""
    if answer.status != 200:
        raise OdsError(
            f"Data Search and Export has no such report (HTTP {answer.status})",
            do="Check its name; one is epraccur",
        )
    head = answer.content[:200].lstrip(b"\xef\xbb\xbf \r\n\t")
    if not head or head[:1] in b"<{[" or b"," not in head:
        raise NotTheAnswer("what came is not a report")
    return answer.content
