"""The next month of a register: the changes between two releases, in the usual numbers.

Every change stamps its record with a day of the month. Each month makes its own draws from the same dice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ods_pipeline_tests.factory.changes import Month
from ods_pipeline_tests.factory.register import FactoryRegister


@dataclass(frozen=True)
class Changes:
    """The codes that a month changed, by kind of change."""

    codes: dict[str, list[str]]


def months(register: FactoryRegister, count: int) -> Iterator[tuple[FactoryRegister, Changes]]:
    """Yield ``count`` registers a month apart. The first is ``register`` itself, without changes."""
    changes = Changes({})
    for number in range(count):
        yield register, changes
        if number + 1 < count:
            register, changes = next_month(register)


def next_month(register: FactoryRegister) -> tuple[FactoryRegister, Changes]:
    """Return the register of the next release, and what changed."""
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
        organisations=month.organisations,
        roles=month.roles,
        relationships=month.links,
        successions=month.successions,
        contacts=month.contacts,
    )
    codes = {what: month.codes(records) for what, records in month.stamped.items() if what != "deleted"}
    return fresh, Changes({**codes, "deleted": month.deleted_codes})
