# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ansible-test integration`` finds a target, and it migrates from a real Vault into the emulator."""

from __future__ import annotations

import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from ferrydev import layout
from ferrydev.emulator import Emulator
from ferrydev.release_check import plain_checkout
from ferrydev.vault import Vault

TARGETS = sorted(path.name for path in (layout.CHECKOUT / "tests" / "integration" / "targets").iterdir())
CONFIG = Path("tests", "integration", "integration_config.yml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of its own below ``ansible_collections``, as the configuration is written into it."""
    place = tmp_path / layout.COLLECTION
    place.parent.mkdir(parents=True)
    return Path(shutil.move(plain_checkout(tmp_path), place))


def ansible_test(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-test"),
            "integration",
            "--color",
            "no",
            "--python",
            python,
            *arguments,
        ],
        cwd=checkout,
        env=layout.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_ansible_test_lists_every_target(checkout: Path) -> None:
    listed = ansible_test(checkout, "--list-targets")
    assert listed.returncode == 0, listed.stdout
    assert set(TARGETS) <= set(listed.stdout.split())


def test_the_smoke_target_migrates_and_leaves_nothing(vault: Vault, checkout: Path) -> None:
    with Emulator.start() as emulator:
        names = yaml.safe_load((checkout / f"{CONFIG}.template").read_text("utf-8"))
        config: dict[str, t.Any] = {
            "smoke_vault_addr": vault.addr,
            "smoke_vault_token": vault.root_token,
            "smoke_akeyless_api_url": emulator.url,
            "smoke_akeyless_access_id": emulator.access_id,
            "smoke_akeyless_access_key": emulator.access_key,
        }
        assert set(names) == set(config)
        (checkout / CONFIG).write_text(yaml.safe_dump(config), "utf-8")
        done = ansible_test(checkout, "smoke")
        assert done.returncode == 0, done.stdout[-5000:]
        assert "Look at the results" in done.stdout
        assert "failed=0" in done.stdout
        assert emulator.control.dump() == {}
    assert "smoke-kv/" not in vault.request("GET", "sys/mounts")["data"]
