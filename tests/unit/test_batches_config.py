# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory source may say, and what its mistakes are called."""

from __future__ import annotations

import copy
import re
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.secretferry.akeyless.plugins.module_utils.batches.config import read_config
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError

ENV = {"VAULT_ADDR": "https://vault.example.com:8200", "VAULT_TOKEN": "hvs.token-of-a-test"}
GOOD: dict[str, t.Any] = {
    "migrations": [
        {
            "name": "payments",
            "target_location": "/migrated/payments",
            "source": {"paths": ["secret/payments/"], "exclude": ["**/tmp"]},
            "waves": [{"name": "pilot", "share": "5 %"}, {"name": "rest", "rest": True}],
        }
    ]
}


def changed(**members: t.Any) -> dict[str, t.Any]:
    """GOOD, with members of its migration replaced."""
    config = copy.deepcopy(GOOD)
    config["migrations"][0].update(members)
    return config


def test_what_is_not_given_has_its_default() -> None:
    (planned,) = read_config(GOOD, ENV).migrations
    assert (planned.batch_size, planned.first_match, planned.environment, planned.options) == (500, False, "", {})
    assert planned.source == {
        "url": "https://vault.example.com:8200",
        "namespace": "",
        "kv_version": "auto",
        "paths": ["secret/payments/"],
        "include": [],
        "exclude": ["**/tmp"],
    }


def test_options_come_before_variables_and_variables_before_files(tmp_path: t.Any) -> None:
    (tmp_path / "size").write_text("70\n")
    from_file = {**ENV, "SECRETFERRY_BATCH_SIZE_FILE": str(tmp_path / "size"), "SECRETFERRY_BATCH_OVERLAP": "first"}
    (planned,) = read_config(GOOD, from_file).migrations
    assert (planned.batch_size, planned.first_match) == (70, True)
    both = {**from_file, "SECRETFERRY_BATCH_SIZE": "60"}
    assert read_config(GOOD, both).migrations[0].batch_size == 60
    assert read_config({**GOOD, "batch_size": 50}, both).migrations[0].batch_size == 50
    assert read_config({**changed(batch_size=40), "batch_size": 50}, both).migrations[0].batch_size == 40


def test_a_migration_says_more_of_its_source_than_the_whole() -> None:
    config = {
        **changed(source={"namespace": "team", "paths": ["kv/"]}),
        "source": {"url": "https://a:1", "namespace": "x"},
    }
    (planned,) = read_config(config, ENV).migrations
    assert (planned.source["url"], planned.source["namespace"], planned.source["paths"]) == (
        "https://a:1",
        "team",
        ["kv/"],
    )


def test_no_credential_is_in_what_becomes_of_it() -> None:
    config = {**GOOD, "source": {"auth": {"token": "hvs.other-token-of-a-test"}}}
    shown = repr(read_config(config, ENV))
    assert "hvs.other" not in shown
    assert "hvs.token" not in shown


def test_batches_of_the_ledger_need_neither_vault_nor_waves() -> None:
    config = changed(waves=None)
    environ = {"AKEYLESS_ACCESS_ID": "p-1", "AKEYLESS_ACCESS_KEY": "k", "SECRETFERRY_BATCH_FROM": "ledger"}
    read = read_config(config, environ)
    assert read.akeyless is not None
    assert [(planned.name, planned.settings, planned.waves) for planned in read.migrations] == [("payments", None, ())]
    assert read_config({**config, "from": "ledger"}, {**environ, "SECRETFERRY_BATCH_FROM": "source"}).akeyless
    with pytest.raises(OptionError, match="Give 1 to 99"):
        read_config(config, ENV)


def wave(**members: t.Any) -> dict[str, t.Any]:
    return changed(waves=[{"name": "w", **members}])


WRONG: dict[str, tuple[dict[str, t.Any], tuple[str, ...]]] = {
    "no migrations": ({}, ("migrations: is empty",)),
    "none of them": ({"migrations": []}, ("migrations: is empty",)),
    "unknown key": (changed(wave=[]), ("unknown key migrations.wave", "waves")),
    "unknown wave key": (wave(shared="5 %"), ("migrations.waves.shared", "share")),
    "unknown option": (changed(options={"layuot": "keys"}), ("migrations.options.layuot", "layout")),
    "wrong option": (changed(options={"versions": "none"}), ("migrations[0].versions", "'none' is not all")),
    "no target": (changed(target_location="/"), ("migrations[0].target_location", "must be a folder")),
    "empty target": (changed(target_location=" "), ("migrations[0].target_location", "is empty")),
    "name": (changed(name="a b"), ("migrations[0].name", "'a b' cannot name a migration")),
    "batch size": (changed(batch_size=0), ("migrations[0].batch_size", "Give 100 to 1000")),
    "top batch size": ({**GOOD, "batch_size": 20_000}, ("batch_size", "SECRETFERRY_BATCH_SIZE")),
    "no waves": (changed(waves=[]), ("migrations[0].waves", "Give 1 to 99")),
    "no selector": (wave(), ("migrations[0].waves[0].name", "has no selector", "Give one of include, folders")),
    "rest and more": (wave(rest=True, share="5"), ("migrations[0].waves[0].rest", "Give rest alone")),
    "wave name": (changed(waves=[{"name": "Pilot-1", "rest": True}]), ("waves[0].name", "lower-case letters")),
    "same wave": (
        changed(waves=[{"name": "a", "share": "1"}, {"name": "a", "rest": True}]),
        ("migrations[0].waves[1].name", "a is the name of another wave"),
    ),
    "two rests": (
        changed(waves=[{"name": "a", "rest": True}, {"name": "b", "rest": True}]),
        ("migrations[0].waves", "more than one of them has rest: true"),
    ),
    "share": (wave(share="a lot"), ("migrations[0].waves[0].share", "Write 5 % or 0.5 %")),
    "no share": (wave(share="0"), ("migrations[0].waves[0].share", "Write 5 % or 0.5 %")),
    "too many shares": (
        changed(waves=[{"name": "a", "share": "60 %"}, {"name": "b", "share": "50 %"}]),
        ("migrations[0].waves", "the shares add up to 110 %"),
    ),
    "no usage file": (wave(used_by=["checkout"]), ("migrations[0].usage_file", "dest")),
    "used and unused": (wave(used_by=["a"], unused=True), ("waves[0].unused", "no secret matches both")),
    "custom metadata": (wave(custom_metadata={"critical": True}), ("waves[0].custom_metadata", "Quote")),
    "empty prefix": (wave(folders=["/"]), ("migrations[0].waves[0].folders", "is not a path")),
    "same names": (
        {"migrations": [GOOD["migrations"][0], {**GOOD["migrations"][0], "name": "Payments"}]},
        ("migrations", "would have the same hosts or groups"),
    ),
    "overlap": ({**GOOD, "overlap": "last"}, ("overlap", "fail, first")),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_names_its_key_and_the_remedy(name: str) -> None:
    config, said = WRONG[name]
    with pytest.raises(OptionError) as caught:
        read_config(config, ENV)
    for text in said:
        assert text in str(caught.value)


def test_a_source_without_address_or_login_is_refused_before_it_is_asked() -> None:
    with pytest.raises(OptionError, match=r"migrations\[0\]\.source\.url.*VAULT_ADDR"):
        read_config(GOOD, {"VAULT_TOKEN": "hvs.x"})
    with pytest.raises(OptionError, match=r"VAULT_TOKEN_FILE|VAULT_ROLE_ID"):
        read_config(GOOD, {"VAULT_ADDR": "https://vault.example.com", "HOME": "/nonexistent"})


DOCS = Path(__file__).resolve().parents[2] / "docs" / "inventories.md"
SHOWN = [
    yaml.safe_load(textwrap.dedent(block))
    for block in re.findall(r"(?:^ {4}.*\n|^\n)+", DOCS.read_text("utf-8"), re.MULTILINE)
    if "plugin: secretferry.akeyless.kv_batches" in block
]


def test_there_are_examples() -> None:
    assert len(SHOWN) == 4


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_the_inventories_that_the_docs_show_are_accepted(number: int) -> None:
    config = {key: value for key, value in SHOWN[number].items() if key != "plugin"}
    environ = {**ENV, "AKEYLESS_ACCESS_ID": "p-1", "AKEYLESS_ACCESS_KEY": "k"}
    assert read_config(config, environ).migrations
