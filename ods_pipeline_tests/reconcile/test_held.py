"""Which of the reports that are held are compared."""

from pathlib import Path

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.reconcile.held import held_reports


def test_the_newest_is_the_one_of_the_last_day_in_whatever_form(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    root.raw_reports.mkdir(parents=True)
    names = (
        "etr_20261101.csv",
        "etr_2026-11-20.csv",
        "etr_19-11-2026.zip",
        "etr.csv",
        "ets.csv",
        "ets_2026-10.csv",
        "eccg_2026-10.csv",
        "eccg 20 Nov 2026.xlsx",
    )
    for name in (*names, ".etr_2026-11-21.csv.partial", "notes_2026-11-30.txt"):
        (root.raw_reports / name).touch()
    assert held_reports(root) == (
        f"eccg={root.raw_reports / 'eccg 20 Nov 2026.xlsx'}",
        f"etr={root.raw_reports / 'etr_2026-11-20.csv'}",
        f"ets={root.raw_reports / 'ets_2026-10.csv'}",
    )
