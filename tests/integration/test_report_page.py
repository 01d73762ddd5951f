# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's page in a real Chromium: no errors, no network, light and dark, on paper, by keyboard, at any size."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.records import RecordPlace, make, with_history
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.render import files_of
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.rollup import roll_up
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.view import view_of
from ferrydev.browser import Opened, opened, started

Scheme = t.Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
KINDS = ("empty", "usual", "large", "odd")
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"
LONG = "a-name-without-an-end" * 20
# Contrast by WCAG 2: every text that is shown against the nearest background that is not transparent.
CONTRAST = """
() => {
  const part = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = c => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  const poor = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(c => c.nodeType === 3 && c.data.trim());
    if (!own || node.closest('svg, .skip') || !node.getClientRects().length) continue;
    let at = node, back = [];
    while (at && !(back.length && (back[3] === undefined || back[3] > 0))) {
      back = rgb(getComputedStyle(at).backgroundColor); at = at.parentElement;
    }
    const a = light(rgb(getComputedStyle(node).color)), b = light(back);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${node.className || node.tagName}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(poor)];
}
"""


def _problem(number: int) -> dict[str, str]:
    return {
        "source": f"secret/payments/blob-{number:05}",
        "item": f"/migrated/secret/payments/blob-{number:05}",
        "reason": "the value of version 1 has 20001 bytes, the limit is 16384",
        "remedy": "Raise value_limit if the account takes more, or exclude the path",
    }


def _records(kind: str) -> list[dict[str, t.Any]]:
    name = {"odd": f"{EVIL}{LONG}"}.get(kind, "payments-w01-b00")
    problems = [_problem(n) for n in range(10_000 if kind == "large" else 3)]
    if kind == "odd":
        problems.append(dict.fromkeys(("source", "item", "reason", "remedy"), EVIL + LONG))
    results: list[tuple[str, dict[str, t.Any]]] = [
        ("preflight", {"checks": [{"id": "vault_reachable", "verdict": "ok", "evidence": "it answers"}]}),
        (
            "migrate",
            {
                "failed": True,
                "at_target": {
                    **{"secrets": 20_000, "versions": 41_000, "secrets_change": 20_000, "versions_change": 41_000},
                    **{"changes": [], "changes_count": 20_000},
                },
                "summary": {"created": 20_000, "failed": len(problems), "unreadable": 1, "versions_written": 41_000},
                "failures": problems,
                "unreadable": [{"source": "secret/payments/hsm/", "reason": "may not be listed"}],
                "plan": [{**problem, "action": "create"} for problem in problems],
            },
        ),
        (
            "verify",
            {
                "access": [
                    {"name": "billing", "ok": True, "expected_reads": 20, "expected_denials": 300},
                    {"name": name, "ok": False, "problems": [{"type": "missing_right", **_problem(1)}]},
                ]
            },
        ),
        ("credential", {"credentials": [{"name": name, "system": "Vault", "state": "open"}]}),
    ]
    place = RecordPlace(name, name if kind == "odd" else "pilot", 1, name, f"/migrated/{name}")
    return [
        with_history(make(what, place, result, f"2026-11-23T09:0{number}:00Z"), None)
        for number, (what, result) in enumerate(results)
    ]


def _page(folder: Path, kind: str) -> Path:
    records = [] if kind == "empty" else _records(kind)
    planned = [] if kind == "empty" else [{"batch": "later", "wave": "rest", "wave_number": 2, "secrets": 900}]
    if kind == "large":
        planned = [{"batch": f"b{n:04}", "wave": f"w{n % 60}", "wave_number": n % 60, "secrets": 9} for n in range(999)]
    file = folder / f"{kind}.html"
    file.write_bytes(files_of(view_of(roll_up(records, planned), "", 500))["rollout.html"])
    return file


@pytest.fixture(scope="module")
def browser() -> t.Iterator[Browser]:
    with started() as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return {kind: _page(folder, kind) for kind in KINDS}


@pytest.fixture
def usual(browser: Browser, pages: dict[str, Path]) -> t.Iterator[Opened]:
    with opened(browser, pages["usual"]) as seen:
        yield seen


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_it_says_nothing_to_the_console_and_asks_the_network_for_nothing(
    browser: Browser, pages: dict[str, Path], kind: str, scheme: Scheme
) -> None:
    with opened(browser, pages[kind], scheme=scheme) as seen:
        assert seen.page.locator("h1").inner_text()
        seen.page.mouse.wheel(0, 5000)
        assert seen.said == []
        assert [url for url in seen.requested if not url.startswith("data:")] == []


@pytest.mark.parametrize("width", [360, 800, 1280, 2200])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wider_than_the_window(browser: Browser, pages: dict[str, Path], kind: str, width: int) -> None:
    with opened(browser, pages[kind], width=width) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        # Within a card only the tables may be wider, which scroll by themselves.
        inside = "n => !n.closest('.scroll, svg') && n.clientWidth && n.scrollWidth > n.clientWidth + 1"
        wide = seen.page.evaluate(f"[...document.querySelectorAll('main *')].filter({inside}).map(n => n.className)")
        assert wide == []


def test_text_in_names_is_text(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["odd"]) as seen:
        assert seen.page.locator("script, img").count() == 0
        assert EVIL in seen.page.locator("#problems").inner_text()
        assert seen.said == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_has_enough_contrast(browser: Browser, pages: dict[str, Path], kind: str, scheme: Scheme) -> None:
    with opened(browser, pages[kind], scheme=scheme) as seen:
        assert seen.page.evaluate(CONTRAST) == []


def test_poor_contrast_would_be_noticed(usual: Opened) -> None:
    usual.page.evaluate("document.querySelector('h1').style.color = '#999'")
    assert [text.partition(":")[0] for text in usual.page.evaluate(CONTRAST)] == ["H1"]


def test_light_and_dark_are_as_the_reader_has_them(browser: Browser, pages: dict[str, Path]) -> None:
    light = {}
    for scheme in SCHEMES:
        with opened(browser, pages["usual"], scheme=scheme) as seen:
            shown = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
            light[scheme] = sum(int(number) for number in re.findall(r"\d+", shown))
    assert light["light"] > 600
    assert light["dark"] < 120


@pytest.mark.parametrize("kind", KINDS)
def test_it_prints(browser: Browser, pages: dict[str, Path], kind: str) -> None:
    with opened(browser, pages[kind], scheme="dark") as seen:
        pdf = seen.page.pdf(prefer_css_page_size=True)
        assert pdf.startswith(b"%PDF")
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= (2 if kind != "empty" else 1)
        seen.page.emulate_media(media="print")
        assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not seen.page.locator("nav").is_visible()
        # A4 without its margins, at 96 dots an inch
        seen.page.set_viewport_size({"width": 703, "height": 1000})
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 703
        clipped = "n => n.scrollWidth > n.clientWidth + 1"
        assert seen.page.evaluate(f"[...document.querySelectorAll('.scroll')].filter({clipped}).length") == 0


def test_the_keyboard_reaches_everything_and_shows_where_it_is(usual: Opened) -> None:
    page = usual.page
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "() => { const a = document.activeElement; return a === document.body ? null : ["
            "a.tagName, a.getAttribute('aria-labelledby') || a.getAttribute('href'),"
            "getComputedStyle(a).outlineStyle, a.getBoundingClientRect().top >= 0] }"
        )
        if told is None:
            break
        stops.append(told)
    assert stops[0][1] == "#overview"
    assert {outline for _tag, _name, outline, _shown in stops} == {"solid"}
    assert all(shown for *_rest, shown in stops)
    tables = [name for tag, name, *_rest in stops if tag == "DIV"]
    assert tables == [f"{section}-title" for section in _sections_with_tables(page)]
    assert page.locator(".scroll").count() == len(tables)


def _sections_with_tables(page: Page) -> list[str]:
    return t.cast("list[str]", page.evaluate("[...document.querySelectorAll('section:has(table)')].map(s => s.id)"))


def test_a_screen_reader_finds_landmarks_headings_and_headers(usual: Opened) -> None:
    page = usual.page
    assert [page.locator(name).count() for name in ("header", "nav[aria-label]", "main", "footer", "h1")] == [1] * 5
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("section:not([aria-labelledby])").count() == 0
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("svg:not([aria-hidden]):not([aria-label])").count() == 0
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(n => n.id)")
    assert len(ids) == len(set(ids))
    named = page.evaluate(
        "[...document.querySelectorAll('[aria-labelledby]')].map(n => n.getAttribute('aria-labelledby'))"
    )
    links = page.evaluate("[...document.querySelectorAll('a')].map(n => n.getAttribute('href').slice(1))")
    assert set(named) | set(links) <= set(ids)


def test_it_says_what_was_cut(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["large"]) as seen:
        assert "Shown are the first 500 of 10,000" in seen.page.locator("#problems .cut").inner_text()
        assert seen.page.locator("#problems tbody tr").count() == 500
        assert "of 1,000 batches" in seen.page.locator("#waves .cut").inner_text()


def test_a_reader_sees_at_once_how_it_stands(usual: Opened) -> None:
    first = usual.page.locator("#overview").inner_text()
    assert "Needs attention" in first
    assert "3 problems to solve" in first
    assert "1 credential still open" in first
    problems = usual.page.locator("#problems tbody tr").all_inner_texts()
    assert len(problems) == 3
    assert all("Raise value_limit" in text for text in problems)
    assert "missing right" in usual.page.locator("#access").inner_text()
    bars = usual.page.locator("#overview svg, .charts svg[aria-label]")
    assert "20,000" in usual.page.locator(".figures").inner_text()
    assert "41,000" in usual.page.locator("#waves").inner_text()
    assert "+20,000 secrets, +41,000 versions" in usual.page.locator("#playbooks").inner_text()
    assert "20000 migrated, not verified" in " ".join(
        bars.nth(n).get_attribute("aria-label") or "" for n in range(bars.count())
    )


def test_an_application_is_one_row_that_unfolds_to_its_batches(usual: Opened) -> None:
    first = usual.page.locator("#access tbody tr").first
    assert usual.page.locator("#access tbody th").all_inner_texts() == ["billing", "payments-w01-b00"]
    part = first.locator("li")
    assert not part.is_visible()
    first.locator("summary").click()
    assert "read 20 that it must read" in part.inner_text()


def test_the_percentage_does_not_touch_its_ring(usual: Opened) -> None:
    text = usual.page.locator(".ring text").first
    text.evaluate("node => node.textContent = '100 %'")
    width = usual.page.evaluate("document.querySelector('.ring text').getBBox().width")
    # The ring's inner width at the height of the text, in units of the drawing: 2 * sqrt(43.5 ** 2 - 12 ** 2).
    assert width < 83 - 2 * 10
