# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real, headless Chromium that opens a page and records its errors and its network requests."""

from __future__ import annotations

import shutil
import subprocess
import sys
import typing as t
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Dialog, Page, Playwright, sync_playwright

__all__ = ["Opened", "find_chromium", "opened", "started"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_REMEDY = "install Debian's package chromium, or run: python -m playwright install --with-deps chromium"


def find_chromium(playwright: Playwright) -> str:
    """A Chromium's program: on the PATH, or in Playwright's cache, into which it is fetched where it is not.

    :raises RuntimeError: there is none, and it cannot be fetched; the message says what to do.
    """
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    cached = Path(playwright.chromium.executable_path)
    if not cached.exists():
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"there is no Chromium on this machine: {_REMEDY}\n{done.stdout[-2000:]}")
    return str(cached)


@contextmanager
def started() -> t.Iterator[Browser]:
    """A browser that is closed at the end."""
    with sync_playwright() as playwright:
        program = find_chromium(playwright)
        # No sandbox: in containers, as root, it cannot have one. What it opens is our own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Opened:
    """A page, what its console and its scripts said, and every address but its own that it asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def dialog(self, dialog: Dialog) -> None:
        self.said.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@contextmanager
def opened(
    browser: Browser, file: Path, *, width: int = 1280, scheme: t.Literal["light", "dark"] = "light"
) -> t.Iterator[Opened]:
    """Open a file in a window of that width."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    seen = Opened(context.new_page())
    seen.page.on("console", lambda message: seen.said.append(message.text))
    seen.page.on("pageerror", lambda error: seen.said.append(str(error)))
    seen.page.on("dialog", seen.dialog)
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    try:
        seen.page.goto(file.as_uri())
        seen.asked = [url for url in seen.asked if url != file.as_uri()]
        yield seen
    finally:
        context.close()
