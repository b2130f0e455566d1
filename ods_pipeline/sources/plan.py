"""The plan of an unfinished fetch, kept as ``.work/plan.json`` in its folder until the receipt is written.

Lives here: what a fetch is about, and its form on disk. Does not live here: the folder (``unfinished.py``).
"""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from ods_pipeline.sources.due import Window

# What two plans must share so that the answers to one are answers to the other.
_IDENTITY = ("source", "as_of", "stamps_from", "stamps_to", "base_url", "form", "silent", "whole")
# Left out of the file where they have their default, so that the file of an ORD fetch keeps its form.
_OPTIONAL: dict[str, Any] = {"source": "ord", "silent": None, "whole": False}


@dataclass
class Plan:
    """What a fetch is about. Dates are ISO and stamps inclusive; ``as_of`` is the UK date on which it began.

    ``total`` is the number of changes that the source announced. ``paths`` maps each page held to the path
    that it answers. ``also`` maps codes that earlier fetches got no answer for to the stamp that they had
    then. ``silent`` lists the fields that the source leaves out; None if they are those that the form
    implies. ``whole``: every record is asked for, whatever its stamp.
    """

    started_at: str
    as_of: str
    stamps_from: str
    stamps_to: str
    base_url: str
    form: str
    total: int | None = None
    paths: dict[str, str] = field(default_factory=dict)
    also: dict[str, str] = field(default_factory=dict)
    source: str = "ord"
    silent: list[str] | None = None
    whole: bool = False

    @property
    def window(self) -> Window:
        """The first and last stamp, both inclusive."""
        return date.fromisoformat(self.stamps_from), date.fromisoformat(self.stamps_to)

    def is_like(self, other: "Plan") -> bool:
        """Return whether answers to this plan are answers to the other one too."""
        return all(getattr(self, name) == getattr(other, name) for name in _IDENTITY)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as its file holds it."""
        return {k: v for k, v in asdict(self).items() if k not in _OPTIONAL or v != _OPTIONAL[k]}
