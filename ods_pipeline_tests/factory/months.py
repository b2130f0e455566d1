"""The next month of a register: what ODS changes between two releases, in the usual numbers.

Every change stamps its record with a day of the month, and each month draws anew from the same dice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ods_pipeline_tests.factory.events import Month
from ods_pipeline_tests.factory.register import Register


@dataclass(frozen=True)
class Changes:
    """What a month did: the codes concerned, by what happened."""

    codes: dict[str, list[str]]


def months(register: Register, count: int) -> Iterator[tuple[Register, Changes]]:
    """``count`` registers a month apart, the first the one given (with no changes)."""
    changes = Changes({})
    for number in range(count):
        yield register, changes
        if number + 1 < count:
            register, changes = next_month(register)


def next_month(register: Register) -> tuple[Register, Changes]:
    """The register of the next release, and what changed."""
    month = Month(register)
    month.delete()
    month.close()
    month.reopen()
    month.rename()
    month.move()
    month.change_parents("RE4", month.churn.commissioner_changed)
    month.change_parents("RE6", month.churn.operator_changed)
    month.open()
    month.stamp_others()
    month.elapse()
    month.stamp()
    fresh = replace(
        register,
        published=month.published,
        released=month.released,
        sequence=month.sequence,
        organisations=month.bodies,
        roles=month.roles,
        relationships=month.links,
        successions=month.successions,
        contacts=month.contacts,
    )
    codes = {what: month.codes(found) for what, found in month.stamped.items() if what != "deleted"}
    return fresh, Changes({**codes, "deleted": month.deleted_codes})
