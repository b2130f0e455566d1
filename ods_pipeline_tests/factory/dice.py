"""Repeatable chance: every draw is a function of the seed, a word and a number.

There is no state. So the order of draws does not matter, and a record's draws stay the same when other
records come and go. The mixing function is SplitMix64, which gives the same numbers under every version of
NumPy.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

Numbers = np.ndarray


@dataclass(frozen=True)
class Dice:
    """Draws for an array of ``keys`` (whole numbers): one result for each key."""

    seed: int

    def bits(self, word: str, keys: Numbers) -> Numbers:
        """Return 64 evenly distributed bits for each key."""
        salt = np.uint64(int.from_bytes(hashlib.sha256(f"{self.seed}/{word}".encode()).digest()[:8], "big"))
        x = np.asarray(keys).astype(np.uint64) * _GOLDEN + salt
        x = (x ^ (x >> np.uint64(30))) * _MIX_1
        x = (x ^ (x >> np.uint64(27))) * _MIX_2
        return x ^ (x >> np.uint64(31))

    def share(self, word: str, keys: Numbers) -> Numbers:
        """Return a fraction from 0 (inclusive) to 1 (exclusive) for each key."""
        return (self.bits(word, keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, word: str, keys: Numbers, limit: int | Numbers) -> Numbers:
        """Return a whole number from 0 to ``limit`` (exclusive) for each key; 0 if the limit is below 1."""
        return (self.share(word, keys) * np.maximum(limit, 1)).astype(np.int64)

    def chosen(
        self, word: str, keys: Numbers, count: int, weights: float | Numbers = 1.0, order: bool = False
    ) -> Numbers:
        """Return the positions of ``count`` keys, or of all if there are fewer. Weight 0 is never drawn.

        The positions ascend; with ``order`` they are in the order of the draw.
        """
        weights = np.broadcast_to(np.asarray(weights, dtype=np.float64), np.shape(keys))
        able = np.flatnonzero(weights > 0)
        waiting = -np.log1p(-self.share(word, np.asarray(keys)[able])) / weights[able]
        first = able[np.argsort(waiting, kind="stable")[: max(count, 0)]]
        return first if order else np.sort(first)
