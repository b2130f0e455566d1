"""The hours in which the ORD API is not asked."""

from datetime import UTC, datetime, time

from ods_pipeline.sources.clock import UK

# "Between 17:00 and 19:00 UK time the service may be down for maintenance" (ORD API guidance).
MAINTENANCE = time(17), time(19)


def maintenance_ends(at: datetime) -> datetime | None:
    """Return the end (UTC) of the maintenance hours that this moment falls into; None outside of them.

    17:00 belongs to them, 19:00 does not. Clocks change at night, never between the two.
    """
    local = at.astimezone(UK)
    first, end = MAINTENANCE
    if not first <= local.time() < end:
        return None
    return datetime.combine(local.date(), end, UK).astimezone(UTC)
