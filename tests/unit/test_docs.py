# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages: their links lead to something, the index has all of them, and they name variables and files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ferrydev.layout import CHECKOUT

DOCS = CHECKOUT / "docs"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "roles/*/README.md", "dev/**/README.md")
    for path in CHECKOUT.glob(pattern)
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```[\s\S]*?^```\n|^(?: {4}.*\n)+", re.MULTILINE)
FILES = "https://github.com/secretferry/secretferry.akeyless/blob/main/"
MOST_LINES = 250
RENAMED = "## Renamed before 1.0"  # the old names stand below this heading of vocabulary.md


def name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def text_of(path: Path) -> str:
    return path.read_text("utf-8").partition(RENAMED)[0]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        if "://" in link:
            continue
        file, _hash, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{name(page)} links to {link}"
        assert not anchor or anchor in anchors(target), f"{name(page)} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_into_the_repository_leads_to_a_file(page: Path) -> None:
    for file in re.findall(rf"{re.escape(FILES)}([^)#\s]+)", page.read_text("utf-8")):
        # The first release makes the changelog.
        assert (CHECKOUT / file).exists() or file == "CHANGELOG.md", f"{name(page)} links to {file}"


def test_the_index_lists_every_page_once() -> None:
    listed = re.findall(r"^\| \[([\w-]+\.md)\]\((?:.*/)?\1\)", (DOCS / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in DOCS.glob("*.md") if path.name != "README.md")


# A program writes the transcript; how long it may be, tests/integration/test_guide.py says.
@pytest.mark.parametrize("page", sorted({*DOCS.glob("*.md")} - {DOCS / "transcript.md"}), ids=name)
def test_a_page_is_short(page: Path) -> None:
    assert len(page.read_text("utf-8").splitlines()) <= MOST_LINES


def test_every_variable_that_a_page_names_is_used() -> None:
    patterns = ("roles/**/*.yml", "playbooks/**/*.yml", "plugins/**/*.py", "extensions/**/*.yml")
    code = " ".join(path.read_text("utf-8") for pattern in patterns for path in CHECKOUT.glob(pattern))
    known = set(re.findall(r"\bsecretferry_\w+", code))
    for page in PAGES:
        for variable in re.findall(r"\bsecretferry_\w+", text_of(page)):
            assert variable in known or variable.endswith("_"), f"{name(page)} names {variable}"


def test_the_files_that_contributors_are_sent_to_are_there() -> None:
    text = (DOCS / "contributing.md").read_text("utf-8")
    files = re.findall(r"`([\w./]+\.(?:py|yml|md|j2))`", text)
    assert len(files) > 10
    for file in files:
        assert (CHECKOUT / file).exists() or (CHECKOUT / "plugins" / "module_utils" / file).exists(), file
