"""Counts the files that any library opens in some folders, with the kernel's inotify (Linux only)."""

import ctypes
import os
import struct
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

_OPENED, _IS_FOLDER, _NON_BLOCKING = 0x20, 0x40000000, 0x800
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name that follows


def opened_by(work: Callable[[], object], folders: Sequence[Path]) -> Counter[str]:
    """Run ``work`` and return how often a file was opened in each folder, by the folder's name."""
    if sys.platform != "linux":
        pytest.skip("counting opened files needs inotify, and this is not Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    queue = libc.inotify_init1(_NON_BLOCKING)
    assert queue >= 0, os.strerror(ctypes.get_errno())
    try:
        watched = {libc.inotify_add_watch(queue, os.fsencode(f), _OPENED): f.name for f in folders}
        assert min(watched) >= 0, os.strerror(ctypes.get_errno())
        work()
        counts: Counter[str] = Counter()
        while True:
            try:
                events = os.read(queue, 1 << 20)
            except BlockingIOError:
                return counts
            at = 0
            while at < len(events):
                watch, mask, _, length = _EVENT.unpack_from(events, at)
                if not mask & _IS_FOLDER:
                    counts[watched[watch]] += 1
                at += _EVENT.size + length
    finally:
        os.close(queue)
