"""memory.py: what is free, what cgroups of either kind leave of it, and a word before the start."""

from pathlib import Path

import pytest

from ods_pipeline.dataroot.memory import available, needed, warn_if_short

GB = 1 << 30


def write(path: Path, text: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def machine(folder: Path, *, cgroup: str = "0::/", free: int = 8 * GB) -> Path:
    write(folder / "proc/meminfo", f"MemTotal: 99 kB\nMemAvailable: {free >> 10} kB\nSwapFree: 0 kB")
    write(folder / "proc/self/cgroup", cgroup)
    return folder


def limit(folder: Path, most: object, used: int, cached: int = 0, *, first: bool = False) -> None:
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if first else ("memory.max", "memory.current")
    write(folder / names[0], most)
    write(folder / names[1], used)
    write(folder / "memory.stat", f"anon 5\n{'total_' if first else ''}inactive_file {cached}")


def test_without_a_limit_it_is_the_free_memory_with_swap(tmp_path: Path) -> None:
    assert available(machine(tmp_path)) == 8 * GB
    write(tmp_path / "proc/meminfo", "MemAvailable: 1024 kB\nSwapFree: 1024 kB")
    assert available(tmp_path) == 2 << 20
    limit(tmp_path / "sys/fs/cgroup", "max", 5)
    assert available(tmp_path) == 2 << 20


@pytest.mark.parametrize("place", ["", "a", "a/b"])
def test_the_narrowest_cgroup_above_the_process_counts(tmp_path: Path, place: str) -> None:
    machine(tmp_path, cgroup="0::/a/b")
    limit(tmp_path / "sys/fs/cgroup/a/b", 7 * GB, 0)
    limit(tmp_path / "sys/fs/cgroup" / place, 2 * GB, GB, cached=GB // 2)
    assert available(tmp_path) == GB + GB // 2


def test_cgroups_of_version_1_count_too(tmp_path: Path) -> None:
    machine(tmp_path, cgroup="5:cpu:/x\n4:hugetlb,memory:/x")
    limit(tmp_path / "sys/fs/cgroup/memory", 9223372036854771712, 0, first=True)
    assert available(tmp_path) == 8 * GB
    limit(tmp_path / "sys/fs/cgroup/memory/x", GB, 3 * GB, first=True)
    assert available(tmp_path) == 0


@pytest.mark.parametrize("text", ["", "MemAvailable: much", "SwapFree: 1 kB"])
def test_a_system_that_does_not_say_is_not_warned_about(tmp_path: Path, text: str) -> None:
    write(tmp_path / "proc/meminfo", text)
    assert available(tmp_path) is None
    assert warn_if_short(GB, tmp_path) is None
    assert available(tmp_path / "nowhere") is None


def test_the_warning_names_what_is_needed_and_what_there_is(tmp_path: Path) -> None:
    machine(tmp_path, free=GB)
    text = warn_if_short(38_000_000, tmp_path)
    assert text is not None and "needs some 1.6 GB" in text and "1.1 GB are available" in text
    assert warn_if_short(1_000, tmp_path) is None
    assert needed(0) < GB < needed(38_000_000) < 2 * GB
