"""The page in a real browser: an album, a service over it, Chromium, and what tests ask of them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support import drawn, small

THINGS, VIEWS, OTHERS = 4, 3, 100
POINTS = {  # no network: nothing is fitted, and nobody waits for one
    "name": "points", "views": {"sizes": [320]}, "backbone": {"network": "opencv:sift:count=300"},
    "regions": "whole", "pooling": "gem:p=1", "post": ["l2"],
}  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Names of hosts lead nowhere: whatever is shown works with the network cut.
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
]  # fmt: skip
SLOW = 30_000  # milliseconds: a busy machine is slow


def album(root: Path) -> Path:
    """Things seen from three sides each in `things/`, and patches that are like nothing in `others/`."""
    for thing in range(THINGS):
        for view in range(VIEWS):
            path = root / "things" / f"{thing}-{view}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(seen(thing, view)).save(path)
    for number in range(OTHERS):
        small.draw(root / "others" / f"{number:03d}.png", 5000 + number, (96, 64 + number % 3 * 16))
    return root


def seen(thing: int, view: int) -> np.ndarray:
    """A thing from one of its sides, on grey."""
    photo = drawn.texture(70 + thing, 240, 180)
    sides = [
        [(30, 20), (290, 25), (280, 215), (25, 220)],
        [(60, 10), (300, 40), (270, 230), (20, 200)],
        [(20, 40), (270, 15), (300, 200), (50, 225)],
    ]
    return drawn.seen(photo, drawn.corners_to(photo, sides[view]), 320, 240).pixels


@contextlib.contextmanager
def serving(root: Path, *options: str, **environment: str) -> Iterator[str]:
    """`resight serve` in a process of its own; its address."""
    command = [sys.executable, "-W", "ignore", "-m", "resight", "serve", str(root), "--port", "0", *options]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
    )  # fmt: skip
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if found := re.search(r"http://[\d.]+:\d+/", line):
                break
        else:
            pytest.fail("the service did not start: " + "".join(lines))
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=30)


def wait_until_ready(address: str, seconds: float = 120) -> None:
    """Until photos can be described."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(address + "ready", timeout=30).close()
            return
        time.sleep(0.2)
    pytest.fail("the service was never ready")


def find_browser() -> str:
    """Where Chromium is; without it the test is skipped."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium is installed: tests/support/install_browser.sh does it on Debian, as root")
    return found


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A browser."""
    sync = pytest.importorskip("playwright.sync_api", reason="pip install 'resight[dev]'")
    path = find_browser()
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=SLOW)
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser: Any, address: str, path: str = "", **settings: Any) -> Iterator[Any]:
    """The page of a service; whatever its console or the policy of its contents complains of is a failure."""
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | settings))
    context.set_default_timeout(SLOW)
    page = context.new_page()
    page.complaints, page.requested = [], []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda said: page.complaints.append(said.text) if is_wrong(said) else None)
    page.on("request", lambda request: page.requested.append(request.url))
    page.goto(address + path)
    yield page
    context.close()
    assert not page.complaints, page.complaints
    assert all(each.startswith(address) for each in page.requested)


def is_wrong(said: Any) -> bool:
    """Whether a line of the console is an error of the page; that a request was refused is the test's own."""
    return said.type == "error" and "Failed to load resource" not in said.text


@contextlib.contextmanager
def held(page: Any, address: str) -> Iterator[list[Any]]:
    """The requests of an address, which are answered only when the block ends."""
    waiting: list[Any] = []
    page.route(address, lambda route: waiting.append(route))  # Playwright writes to what it is handed.
    yield waiting
    page.unroute(address)  # and those that wait go on


def settled(page: Any, column: int = 0) -> None:
    """Waits until the search of a column has answered."""
    page.wait_for_timeout(60)  # The search begins after the click.
    page.locator(f'.column[data-column="{column}"][aria-busy="false"] .tile').first.wait_for()


def ids(page: Any, address: str) -> dict[str, str]:
    """The ids of all photos by their paths."""
    name = page.request.get(f"{address}v1/galleries").json()["galleries"][0]["name"]
    found = page.request.get(f"{address}v1/galleries/{name}/images?limit=1000").json()
    return {each["path"]: each["id"] for each in found["images"]}


def paths(page: Any, column: int = 0) -> list[str]:
    """The names of the results in their order."""
    opens = page.locator(f'.column[data-column="{column}"] .open')
    return opens.evaluate_all("all => all.map(open => open.title)")
