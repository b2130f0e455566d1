"""How long the site of a published set takes, and how long its look-up page takes to the first answer.

    python -m benchmarks.sites DATA_ROOT [--runs 3]

The site is written by the command, in a process of its own, into a folder that is removed at the end. Each
time to an answer is from opening the page in a new Chromium, offline and from the folder, until the answer to
the text shows. Prints seconds, peak memory, files and bytes.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

_TEXTS = ("RRP", "LS1", "hawthorn meadow", "pharmacy")
_ANSWERED = "text => document.body.dataset.answered === text"


def written(data_root: Path, site: Path) -> str:
    """Write the site and return a line with what it cost."""
    program = str(Path(sys.executable).with_name("ods-pipeline"))
    began = time.perf_counter()
    process = subprocess.Popen([program, "report", "--data-root", str(data_root), "--out", str(site)])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "the site was not written"
    seconds, busy = time.perf_counter() - began, used.ru_utime + used.ru_stime
    sizes = [file.stat().st_size for file in site.rglob("*") if file.is_file()]
    return (
        f"site: {seconds:.1f} s, {busy:.1f} s of processor time, peak {used.ru_maxrss / 2**20:.2f} GiB; "
        f"{len(sizes):,} files, {sum(sizes) / 1e6:.0f} MB"
    )


def answered(page_address: str, text: str, chromium: str) -> float:
    """Return the seconds from opening the look-up page until the answer to a text shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"],
        )
        page = browser.new_context(offline=True).new_page()
        began = time.perf_counter()
        page.goto(page_address)
        page.fill("#entry", text)
        page.wait_for_function(_ANSWERED, arg=text)
        seconds = time.perf_counter() - began
        browser.close()
    return seconds


def main() -> None:
    """Write, look up and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sites", description=__doc__)
    parser.add_argument("data_root", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    assert chromium, "Debian's chromium is not installed"
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        for _ in range(given.runs):
            print(written(given.data_root, site), flush=True)
        for text in _TEXTS:
            times = [answered(f"{site.as_uri()}/lookup.html", text, chromium) for _ in range(given.runs)]
            print(f"{text!r} answered after {statistics.median(times):.2f} s (slowest {max(times):.2f} s)")


if __name__ == "__main__":
    main()
