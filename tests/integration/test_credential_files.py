# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of credentials that other users may read or change, and folders in which one is written, through playbooks."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

import pytest
from counted_runs import CountedRuns, migrating

from ansible_collections.secretferry.akeyless.plugins.module_utils.credential.credential_file import CredentialFile
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ferrydev.emulator import Emulator
from ferrydev.play import Played
from ferrydev.scene import Kv
from ferrydev.vault import Vault

READ = {0o600: "", 0o640: "read", 0o644: "read", 0o660: "change", 0o666: "every", 0o602: "every"}
FOLDERS = {0o700: True, 0o755: True, 0o1777: True, 0o777: False}


def _file(folder: Path, name: str, text: str, mode: int) -> str:
    file = folder / name
    file.write_text(text)
    file.chmod(mode)
    return str(file)


@pytest.fixture(scope="module")
def played(vault: Vault, module_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Played]:
    folder, emulator = tmp_path_factory.mktemp("files"), module_emulator
    kv = Kv(vault)
    kv.put("a", {"v": 1})
    tasks = []

    def plan(name: str, token_file: str, key_file: str) -> None:
        source = {"paths": [f"{kv.mount}/"], "auth": {"token_file": token_file}}
        akeyless = {"auth": {"access_id": emulator.access_id, "access_key_file": key_file}}
        tasks.append(migrating(name, ignore=True, source=source, akeyless=akeyless, keywords={"check_mode": True}))

    private = _file(folder, "key", emulator.access_key, 0o600)
    for mode in READ:
        plan(f"token {mode:o}", _file(folder, f"token-{mode:o}", vault.root_token, mode), private)
    plan("key 666", _file(folder, "token", vault.root_token, 0o600), _file(folder, "bad", emulator.access_key, 0o666))
    mounted = folder / "secret" / "..2026_11_24_12_00_00.1"
    mounted.mkdir(parents=True)
    _file(mounted, "token", vault.root_token, 0o644)
    (folder / "secret" / "..data").symlink_to(mounted.name)
    (folder / "secret" / "token").symlink_to("..data/token")
    plan("kubernetes", str(folder / "secret" / "token"), private)
    for mode in FOLDERS:
        (folder / f"{mode:o}").mkdir()
        (folder / f"{mode:o}").chmod(mode)
        dest = {"dest": str(folder / f"{mode:o}" / "token")}
        tasks.append({"name": f"dest {mode:o}", "secretferry.akeyless.akeyless_token": dest, "ignore_errors": True})
    stage = CountedRuns(vault, emulator, {"AKEYLESS_ACCESS_KEY": emulator.access_key})
    yield stage.run(tasks).played
    stage.close()


@pytest.mark.parametrize("mode", READ)
def test_a_file_that_others_may_read_or_change(played: Played, mode: int) -> None:
    result = played[f"token {mode:o}"]
    warnings = [warning for warning in result.get("warnings") or () if "token" in warning]
    if READ[mode] == "every":
        assert result["failed"]
        assert "source.auth.token: every user may change the file" in result["msg"]
        assert "chmod 600" in result["msg"]
    else:
        assert not result["failed"]
        assert bool(READ[mode]) == bool(warnings)
        assert all(f"other users may {READ[mode]} the file" in w and "chmod 600" in w for w in warnings)


def test_the_other_side_has_the_same_rule(played: Played) -> None:
    assert "akeyless.auth.access_key: every user may change the file" in played["key 666"]["msg"]


def test_a_secret_that_kubernetes_mounts_is_read_without_a_word(played: Played) -> None:
    assert not played["kubernetes"]["failed"]
    assert not played["kubernetes"].get("warnings")


@pytest.mark.parametrize("mode", FOLDERS)
def test_the_folder_of_a_file_that_is_written(played: Played, mode: int) -> None:
    result = played[f"dest {mode:o}"]
    if FOLDERS[mode]:
        assert stat.S_IMODE(os.stat(result["dest"]).st_mode) == 0o600
    else:
        assert result["failed"]
        assert "every user may write to the folder" in result["msg"]


def test_a_file_that_another_user_put_there_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o1777)
    planted = CredentialFile(_file(tmp_path, "token", "theirs", 0o644))
    assert planted.read() == "theirs"
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(tmp_path).st_uid + 1)
    with pytest.raises(OptionError, match="another user put"):
        planted.read()
