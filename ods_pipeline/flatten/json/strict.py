"""JSON as its standard defines it (RFC 8259), where Python's reader accepts more.

Lives here: what is rejected. ``NaN`` and ``Infinity`` are not JSON, a number like ``1e400`` has no value
here, and where an object has a key twice nobody knows which value counts. Does not live here: what a key
means.
"""

import json
import math
from typing import Any


def loads(text: bytes) -> Any:
    """Return the value of a JSON text. Raises ValueError if it is not JSON, RecursionError if too deep."""
    return json.loads(
        text, parse_constant=_reject_constant, parse_float=_finite, object_pairs_hook=_without_repeats
    )


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated[:40]!r} occurs twice in an object")
    return entries
