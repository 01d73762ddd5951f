# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of a release fails when one of its programs does, and its programs are pinned."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import pytest
import tomllib
import yaml

from ferrydev import layout, release_check


def step(code: str, folder: Path) -> release_check.Step:
    return release_check.Step("a program", [sys.executable, "-c", code], folder, release_check.WARNED)


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("print('Importing'); print('Importer processing completed successfully')", True),
        ("print('Importing'); print('WARNING: No changelog found.')", False),
        ("import sys; print('ERROR: it failed', file=sys.stderr)", False),
        ("print('it fails'); raise SystemExit(1)", False),
    ],
)
def test_a_warning_or_an_exit_status_is_a_failure(
    code: str, content: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert release_check.run(step(code, tmp_path)) is content
    # All that it printed is shown.
    assert re.search("Importing|it fails|it failed", capfd.readouterr().out)


def test_the_programs_run_without_the_settings_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", "/somewhere")
    release_check.run(step("import os; print(sorted(k for k in os.environ if k.startswith('ANSIBLE_')))", tmp_path))
    assert capfd.readouterr().out.endswith("[]\n")


@pytest.mark.parametrize("name", ["requirements-dev", "requirements-release"])
def test_every_requirement_is_pinned(name: str) -> None:
    lines = [line for line in _lines(f"{name}.txt") if not line.startswith("#")]
    by_python = r'(; python_version (<|>=) "3\.\d+")?'
    assert [line for line in lines if not re.fullmatch(rf"[\w.\-]+==[\w.]+{by_python}", line)] == []
    pinned = {_normal(line.partition("==")[0]) for line in lines}
    wanted = [re.match(r"[\w\-]+", line) for line in _lines(f"{name}.in")]
    assert {_normal(found[0]) for found in wanted if found and not found[0].startswith("-")} <= pinned


def test_both_lists_have_one_version_of_what_lints() -> None:
    dev, release = (set(_lines(f"{name}.txt")) for name in ("requirements-dev", "requirements-release"))
    for program in ("ansible-core", "ansible-lint", "antsibull-changelog", "antsibull-docs"):
        pinned = [line for line in release if line.startswith(f"{program}==")]
        assert len(pinned) == 1
        assert pinned[0] in {line.partition(";")[0] for line in dev}


def test_every_file_has_a_license_that_reuse_finds() -> None:
    text = (layout.CHECKOUT / "REUSE.toml").read_text("utf-8")
    (rule,) = tomllib.loads(text)["annotations"]
    assert (rule["path"], rule["SPDX-License-Identifier"]) == ("**", "GPL-3.0-or-later")
    license_text = layout.CHECKOUT / "LICENSES" / "GPL-3.0-or-later.txt"
    assert license_text.read_bytes() == (layout.CHECKOUT / "LICENSE").read_bytes()


def test_the_pages_of_the_docsite_are_there() -> None:
    docsite = layout.CHECKOUT / "docs" / "docsite"
    extra: dict[str, t.Any] = yaml.safe_load((docsite / "extra-docs.yml").read_text("utf-8"))
    listed = {name for section in extra["sections"] for name in section["toctree"]}
    assert listed == {path.stem for path in (docsite / "rst").glob("*.rst")}
    links: dict[str, t.Any] = yaml.safe_load((docsite / "links.yml").read_text("utf-8"))
    galaxy: dict[str, t.Any] = yaml.safe_load((layout.CHECKOUT / "galaxy.yml").read_text("utf-8"))
    assert galaxy["repository"] == f"https://github.com/{links['edit_on_github']['repository']}"


def _lines(name: str) -> list[str]:
    return [line for line in (layout.CHECKOUT / name).read_text("utf-8").splitlines() if line]


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")
