# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test finds nothing in what a user installs, and nothing is skipped or ignored.

Emulator, harness and tests are left out: they are not in the artifact, ruff and strict mypy hold them to rules of their
own, and ansible-test's house style for them contradicts those (it forbids ``_`` as a name).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ferrydev import layout


def sanity(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "ansible-test"), "sanity", "--color", "no", *arguments],
        cwd=layout.copy(),
        env=layout.environment(),
        stdin=subprocess.DEVNULL,  # it looks at all three, and a run in the background may have none
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_ansible_test_sanity_finds_nothing() -> None:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    done = sanity("--venv", "--python", python, "--exclude", "dev/", "--exclude", "tests/")
    if done.returncode != 0:
        pytest.fail(done.stdout[-8000:], pytrace=False)
    for name in ("import", "validate-modules", "pylint", "pep8", "yamllint", "ansible-doc", "no-assert"):
        assert f'Running sanity test "{name}"' in done.stdout


def test_nothing_is_ignored() -> None:
    assert list((layout.CHECKOUT / "tests" / "sanity").glob("ignore*")) == []
