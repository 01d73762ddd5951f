# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One Akeyless token for a migration: created, kept, used, revoked, and tested to be revoked."""

from __future__ import annotations

import asyncio
import os
import stat
import typing as t
from pathlib import Path

import httpx
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.credential.akeyless_token import (
    akeyless_token,
    token_spec,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.vault import Vault


def run(emulator: Emulator, file: Path, *, check: bool = False, **options: t.Any) -> Result:
    login = {"access_id": emulator.access_id, "access_key": emulator.access_key}
    options = {"akeyless": {"api_url": emulator.url, "auth": login}, "dest": str(file), **options}
    validated = ArgumentSpecValidator(token_spec()).validate(options)
    assert not validated.error_messages, validated.error_messages
    return asyncio.run(akeyless_token(validated.validated_parameters, check=check, mask=lambda _secrets: None))


def is_valid(emulator: Emulator, token: str) -> bool:
    answer = httpx.post(f"{emulator.url}/validate-token", json={"token": token})
    return bool(answer.json()["is_valid"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "akeyless-token"


def test_made_once_and_kept(emulator: Emulator, file: Path) -> None:
    assert run(emulator, file, check=True).changed
    assert not file.exists()
    made = run(emulator, file)
    assert made.changed
    assert made.values["ttl"] > 3000
    token = file.read_text()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert is_valid(emulator, token)
    again = run(emulator, file)
    assert not again.changed
    assert file.read_text() == token


def test_one_with_too_little_time_left_is_replaced_and_ended(emulator: Emulator, file: Path) -> None:
    run(emulator, file)
    token = file.read_text()
    assert run(emulator, file, min_ttl="2h").changed
    assert file.read_text() != token
    assert not is_valid(emulator, token)


def test_a_migration_works_with_it_and_no_more_when_it_is_ended(vault: Vault, emulator: Emulator, file: Path) -> None:
    auth = run(emulator, file).values["auth"]
    scene = Scene(vault, emulator)
    scene.kv.put("a", {"n": 1})
    akeyless = {"api_url": emulator.url, "auth": auth}
    assert scene.migration.ok(akeyless=akeyless).values["summary"]["created"] == 1
    token = file.read_text()
    checked = run(emulator, file, check=True, state="absent")
    assert checked.changed
    assert checked.values["revoked"] is False
    assert is_valid(emulator, token)
    ended = run(emulator, file, state="absent")
    assert ended.changed
    assert ended.values["revoked"] is True
    assert ended.values["evidence"].startswith("tested")
    assert not is_valid(emulator, token)
    assert not file.exists()
    assert not run(emulator, file, state="absent").changed
    with pytest.raises(SecretferryError, match="not valid"):
        scene.migration.run(akeyless={"api_url": emulator.url, "auth": {"token": token}})


def test_one_that_has_expired_is_revoked(emulator: Emulator, file: Path) -> None:
    run(emulator, file)
    emulator.control.expire_tokens()
    ended = run(emulator, file, state="absent")
    assert ended.values["already_revoked"] is True
    assert not file.exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"akeyless": {"auth": {"token": "t-1"}}}, "a token cannot make another"),
        (
            {"akeyless": {"auth": {"access_id": "p-emulator0admin", "access_key": "wrong-key"}}},
            "rejects the access_key",
        ),
        ({"akeyless": {"api_url": "http://127.0.0.1:9", "auth": {"access_id": "p", "access_key": "k"}}}, "127.0.0.1:9"),
        ({"dest": "/nowhere/token"}, "there is no folder /nowhere"),
        ({"min_ttl": "soon"}, "min_ttl: 'soon'"),
    ],
)
def test_mistakes_are_named(emulator: Emulator, file: Path, options: dict[str, t.Any], text: str) -> None:
    if "api_url" not in options.get("akeyless", {"api_url": ""}):
        options["akeyless"]["api_url"] = emulator.url
    with pytest.raises(SecretferryError) as refused:
        run(emulator, file, **options)
    assert text in str(refused.value)
    assert "wrong-key" not in str(refused.value)
