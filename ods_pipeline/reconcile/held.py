"""The official reports in ``raw/reports``: those fetched, and those that a person put there.

Lives here: which of them are compared. Does not live here: fetching (``sources/reports.py``) and reading
(``reading.py``).
"""

from datetime import date
from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.reconcile.days import days_in
from ods_pipeline.reconcile.reports import name_in

_SUFFIXES = (".csv", ".zip", ".gz", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def held_reports(root: DataRoot) -> tuple[str, ...]:
    """Return ``NAME=FILE`` of the newest file of each report in ``raw/reports``, in order of name.

    A file, CSV, packed or a workbook, begins with the name of its report. The newest is the one whose day
    or month, in the name, is the last; a file without one is the oldest.
    """
    files = [f for f in root.raw_reports.glob("[!.]*") if f.suffix.lower() in _SUFFIXES]
    newest = {name_in(f.name): f for f in sorted(files, key=_age)}
    return tuple(f"{name}={newest[name]}" for name in sorted(newest))


def _age(file: Path) -> tuple[date, str]:
    _, last = days_in(file.name)
    return last or date.min, file.name
