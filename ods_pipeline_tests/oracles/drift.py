"""A slow oracle of drift: one release and one code at a time, with all observations before it.

Lives here: the meaning of ``missed`` and ``different``, as plain loops. Nothing is shared with
``history/drift.py``.
"""

from datetime import date

from ods_pipeline.history.tables import History
from ods_pipeline_tests.oracles.steps import Row


def slow_drift(history: History) -> dict[tuple[date, str], str]:
    """Return ``missed`` or ``different`` by day of the release and code."""
    captures = history.captures.rows(named=True)
    releases = sorted({c["as_of"] for c in captures if c["kind"] == "full"})
    fetches = [c for c in captures if c["kind"] == "delta"]
    seen: dict[str, list[Row]] = {}
    for row in history.observations.filter(ref_only=False).rows(named=True):
        days = [row["as_of"]] if row["is_delta"] else releases
        for day in days:
            if row["as_of"] <= day <= row["as_of_last"]:
                seen.setdefault(row["ods_code"], []).append({**row, "day": day})
    drifts = {}
    for code, rows in seen.items():
        for row in (r for r in rows if not r["is_delta"]):
            kind = _drifts(row, rows, releases, fetches)
            if kind:
                drifts[row["day"], code] = kind
    return drifts


def _drifts(row: Row, rows: list[Row], releases: list[date], fetches: list[Row]) -> str | None:
    day, stamp = row["day"], row["last_change_date"]
    before = max((r for r in releases if r < day), default=date.min)
    if not any(before <= f["as_of"] <= day for f in fetches):
        return None
    held = [r for r in rows if r["day"] < day or (r["day"] == day and r["is_delta"])]
    held.sort(key=lambda r: (r["day"], r["is_delta"], r["capture_id"]))
    if held and held[-1]["last_change_date"] == stamp:
        return "different" if held[-1]["content_hash"] != row["content_hash"] else None
    if any(r["last_change_date"] >= stamp for r in held):
        return None
    requests = [
        f["as_of"] for f in fetches if f["stamps_from"] <= stamp <= f["stamps_to"] and f["as_of"] >= stamp
    ]
    # A fetch on the day of the stamp proves something only to a release of a later day.
    if not any(stamp < f <= day or f == stamp < day for f in requests):
        return None
    last = max([*requests, day])
    shown = any(r["is_delta"] and r["last_change_date"] >= stamp and r["day"] <= last for r in rows)
    return None if shown else "missed"
