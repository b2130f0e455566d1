"""A month in which the register changes every day, as ODS changes it.

Lives here: the mornings, the releases among them, and what happens on the night before each. Does not live
here: what the pipeline makes of it.
"""

import random
from datetime import date, timedelta

from ods_pipeline_tests.support.builders import make_record, notice, rel, role
from ods_pipeline_tests.support.payloads import Record
from ods_pipeline_tests.support.worlds import Made

FIRST = date(2026, 10, 6)
MORNINGS = [FIRST + timedelta(days=n) for n in range(30)]
RELEASED = {
    date(2026, 10, 6): date(2026, 10, 2),
    date(2026, 10, 23): date(2026, 10, 16),
}  # by PublicationDate
MISSED = {date(2026, 10, 14), date(2026, 10, 15)}
CLOCKS_GO_BACK = date(2026, 10, 25)


class Script:
    """What happens to the register day by day, as ODS does it.

    Edits come out the next morning under the stamp of their day. The midnight checker stamps with the day
    that begins. A record that is edited after the checker keeps its stamp, which is why a stamp is asked for
    again.
    """

    def __init__(self, world: Made) -> None:
        self.world, self.chance = world, random.Random(341)
        self.at_midnight: list[str] = []
        self.next_code = 100

    def night_before(self, morning: date) -> None:
        """The changes between the last morning and this one."""
        yesterday = str(morning - timedelta(days=1))
        edited = self.chance.sample(sorted(self.world.records), 2) + self.at_midnight
        for n, code in enumerate(edited):
            self._change(code, yesterday, f"EDITED {morning} {n}")
        self.world.put(self._new(yesterday))
        if morning.day % 4 == 0:
            gone = self.chance.choice(sorted(self.world.records))
            del self.world.records[gone]
            self.world.notices.append(notice(gone, yesterday))
        self.at_midnight = self.chance.sample(sorted(self.world.records), 2)
        for code in self.at_midnight:
            self._change(code, str(morning), f"ELAPSED {morning}")

    def _change(self, code: str, stamp: str, name: str) -> None:
        if code in self.world.records:
            self.world.put({**self.world.records[code], "Name": name, "LastChangeDate": stamp})

    def _new(self, stamp: str) -> Record:
        code = f"RN{self.next_code}"
        self.next_code += 1
        other = self.chance.choice(sorted(self.world.records))
        return make_record(
            code,
            LastChangeDate=stamp,
            Roles={"Role": [role(code, "RO198")]},
            Rels={"Rel": [rel(code, other)]},
        )
