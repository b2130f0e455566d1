"""Random captures for tests, with every case there is. The same seed gives the same captures."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from ods_pipeline_tests.oracles.history import Capture, Rank, Seen, sane

FIRST = date(2026, 8, 20)


@dataclass(frozen=True)
class CaptureGenerator:
    """Makes captures of so many codes on so many days. The first capture is a release.

    If two captures have the same rank, only the later one is kept.
    """

    codes: int
    days: int
    captures: int

    def make(self, seed: int) -> list[Capture]:
        """Return the captures of this seed, in order of making."""
        chance = Random(seed)
        codes = [f"C{n}" for n in range(self.codes)]
        by_rank: dict[Rank, Capture] = {}
        for n in range(self.captures):
            capture = self._capture(chance, codes, is_delta=n > 0 and chance.random() < 0.5)
            by_rank[capture.rank] = capture
        return list(by_rank.values())

    def _capture(self, chance: Random, codes: list[str], *, is_delta: bool) -> Capture:
        def some(share: float) -> frozenset[str]:
            return frozenset(code for code in codes if chance.random() < share)

        days = [FIRST + timedelta(n) for n in range(self.days + 1)]
        return sane(
            Capture(
                chance.choice(days[:-1]),
                is_delta,
                chance.randint(0, 2),
                {code: seen(chance) for code in sorted(some(0.5 if is_delta else 0.8))},
                frozenset((code, chance.choice(days)) for code in sorted(some(0.1)))
                if is_delta
                else frozenset(),
                some(0.05) if is_delta else frozenset(),
                some(0.05),
                codeless=not is_delta and chance.random() < 0.2,
            )
        )


def seen(chance: Random) -> Seen:
    return Seen(
        chance.choice("xxy"),
        stub=chance.random() < 0.15,
        fax=chance.choice([None, "1", "2"]),
        xml=chance.random() < 0.5,
        stamp=chance.randint(1, 2),
        archived=chance.random() < 0.3,
        owner=chance.choice([0, 0, 1]),
    )
