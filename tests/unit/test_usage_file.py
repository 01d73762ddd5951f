# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file between ``vault_usage_info`` and ``kv_batches``, and the waves that read it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.batches.wave_options import read_waves
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.usage_file import (
    UsageFile,
    usage_text,
    write_usage,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError

NAMES = st.sampled_from(["approle/checkout", "userpass-älice", "unknown", "jwt/a b"])
TEXTS = st.sets(st.sampled_from(["checkout", "älice", "entity-1"]))
USES = st.dictionaries(st.text(min_size=1, max_size=8), st.tuples(st.booleans(), st.sets(NAMES)), max_size=5)


@given(st.dictionaries(NAMES, TEXTS), USES)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    identities: dict[str, set[str]],
    secrets: dict[str, tuple[bool, set[str]]],
) -> None:
    file = str(tmp_path_factory.mktemp("usage") / "usage.json")
    text = usage_text((None, None), identities, secrets)
    assert write_usage(file, text, check=False) == (True, "")
    assert write_usage(file, text, check=False) == (False, text)
    usage = UsageFile(file)
    for path, (read, names) in secrets.items():
        assert usage.is_read(path) is read
        assert usage.users(path) == names.union(*(identities.get(name, set()) for name in names))
    assert not usage.is_read("secret/never")
    assert not usage.users("secret/never")


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    assert write_usage(str(tmp_path / "usage.json"), "{}", check=True) == (True, "")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"dest: .*cannot be written: No such file"):
        write_usage(str(tmp_path / "none" / "usage.json"), "{}", check=False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("", "is not a file of vault_usage_info"),
        ("[]", "is not a file of vault_usage_info"),
        ('{"usage_format": 2, "identities": {}, "secrets": {}}', "is not a file of vault_usage_info"),
        ('{"usage_format": 1, "identities": {}, "secrets": {"a": {}}}', "is not a file of vault_usage_info"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "usage.json"
    if content is not None:
        file.write_text(content, "utf-8")
    with pytest.raises(OptionError, match=said):
        UsageFile(str(file))


SECRETS = {
    "s/read": (True, ["approle/checkout"]),
    "s/shared": (True, ["approle/checkout", "userpass-alice"]),
    "s/written": (False, ["userpass-alice"]),
}


@pytest.mark.parametrize(
    ("selector", "taken"),
    [
        ({"used_by": ["checkout"]}, ["s/read", "s/shared"]),
        ({"used_by": ["entity-a"]}, ["s/shared", "s/written"]),
        ({"used_by": ["approle/*", "nobody"]}, ["s/read", "s/shared"]),
        ({"used_by": ["check"]}, []),
        ({"unused": True}, ["s/never", "s/written"]),
        ({"used_by": ["*alice"], "include": ["s/w*"]}, ["s/written"]),
    ],
)
def test_waves_by_application(tmp_path: Path, selector: dict[str, t.Any], taken: list[str]) -> None:
    identities = {"approle/checkout": ["checkout", "approle"], "userpass-alice": ["entity-a"]}
    file = tmp_path / "usage.json"
    file.write_text(usage_text((None, None), identities, SECRETS), "utf-8")
    assert json.loads(file.read_text("utf-8"))["secrets"]["s/written"]["read"] is False
    (wave,) = read_waves([{"name": "w", "rest": False, "unused": False, **selector}])
    usage = UsageFile(str(file))
    paths = [*SECRETS, "s/never"]
    assert sorted(path for path in paths if wave.may_take(path) and wave.takes_use(usage, path)) == taken
