"""Chance that repeats: every draw is a function of the seed, a word and a number.

No state, so that the order of draws does not matter and a record keeps its luck when others come and go.
The mixing function is SplitMix64, which gives the same numbers under every version of NumPy.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

Numbers = np.ndarray


@dataclass(frozen=True)
class Dice:
    """Draws for arrays of ``keys`` (whole numbers); one array in, one of the same length out."""

    seed: int

    def bits(self, word: str, keys: Numbers) -> Numbers:
        """64 evenly spread bits a key."""
        salt = np.uint64(int.from_bytes(hashlib.sha256(f"{self.seed}/{word}".encode()).digest()[:8], "big"))
        x = np.asarray(keys).astype(np.uint64) * _GOLDEN + salt
        x = (x ^ (x >> np.uint64(30))) * _MIX_1
        x = (x ^ (x >> np.uint64(27))) * _MIX_2
        return x ^ (x >> np.uint64(31))

    def share(self, word: str, keys: Numbers) -> Numbers:
        """A fraction from 0 (inclusive) to 1 (exclusive) a key."""
        return (self.bits(word, keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, word: str, keys: Numbers, limit: int | Numbers) -> Numbers:
        """A whole number from 0 to ``limit`` (exclusive) a key; 0 where the limit is not above it."""
        return (self.share(word, keys) * np.maximum(limit, 1)).astype(np.int64)

    def chosen(
        self, word: str, keys: Numbers, count: int, weights: float | Numbers = 1.0, order: bool = False
    ) -> Numbers:
        """Positions of ``count`` keys (all, if there are fewer) out of ``keys``, those of weight 0 never.

        Ascending; with ``order`` in the order of the draw.
        """
        weights = np.broadcast_to(np.asarray(weights, dtype=np.float64), np.shape(keys))
        able = np.flatnonzero(weights > 0)
        waiting = -np.log1p(-self.share(word, np.asarray(keys)[able])) / weights[able]
        first = able[np.argsort(waiting, kind="stable")[: max(count, 0)]]
        return first if order else np.sort(first)
