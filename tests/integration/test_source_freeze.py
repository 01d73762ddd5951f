# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``source_freeze`` on a real Vault: writers are refused at once, readers are not, and undo is exact."""

from __future__ import annotations

import asyncio
import itertools
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from counted_runs import CountedRuns

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.freeze.module import freeze_spec, source_freeze
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.operator import Operator
from ferrydev.canaries import canary
from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

_numbers = itertools.count(1)
WRITER = """# The team of payments. "}}"
path "{m}/data/pay/*" {{
  capabilities = ["create", "read", "update"]  # not delete
  allowed_parameters = {{ "*" = [] }}
}}
path "{m}/+/pay/x" {{ capabilities = ["read"] }}
path "{m}/metadata/pay/*" {{ capabilities = [ "list", "read", "delete" ] }}
path "{m}/data/other/*" {{ capabilities = ["create", "update"] }}
"""
WIDE = 'path "{m}/*" {{ capabilities = ["create", "update", "patch", "read", "list", "delete"] }}'
READER = 'path "{m}/data/pay/*" {{ capabilities = ["read"] }}'


class Frozen:
    """A mount, policies of its own, tokens made before the freeze."""

    def __init__(self, vault: Vault, **policies: str) -> None:
        self.kv = Kv(vault)
        self.kv.put("pay/a", {"v": 1})
        self.kv.put("other/a", {"v": 1})
        self.vault = vault
        number = next(_numbers)
        self.name = f"m{number}"
        self.texts = {f"{name}-{number}": text.format(m=self.kv.mount) for name, text in policies.items()}
        for name, text in self.texts.items():
            vault.write_policy(name, text)
        self.tokens = {name: vault.token([f"{name}-{number}"]) for name in policies}

    def run(self, *, check: bool = False, **options: t.Any) -> Result:
        given = {
            "name": self.name,
            "source": {"url": self.vault.addr, "paths": [f"{self.kv.mount}/pay/"]},
            "operator_auth": {"method": "token", "token": self.vault.root_token},
            **options,
        }
        validated = ArgumentSpecValidator(freeze_spec()).validate(given)
        assert not validated.error_messages, validated.error_messages
        return asyncio.run(source_freeze(validated.validated_parameters, check=check, mask=lambda _secrets: None))

    def status(self, who: str, method: str, path: str, **body: t.Any) -> int:
        path = f"{self.kv.mount}/{path}"
        answer = self.vault.request(method, path, token=self.tokens[who], json=body or None, raw=True)
        return int(answer.status_code)

    def writes(self, who: str, path: str = "pay/a") -> int:
        return self.status(who, "POST", f"data/{path}", data={"v": 2})

    def present(self) -> dict[str, str | None]:
        """The texts of the policies now, of the backups, too."""
        known = self.vault.request("LIST", "sys/policies/acl")["data"]["keys"]
        ours = [name for name in known if name in self.texts or name.startswith(f"secretferry-frozen-{self.name}--")]
        return {name: self.vault.request("GET", f"sys/policies/acl/{name}")["data"]["policy"] for name in ours}


@pytest.fixture
def frozen(vault: Vault) -> t.Iterator[Frozen]:
    frozen = Frozen(vault, writer=WRITER, wide=WIDE, reader=READER)
    yield frozen
    for name in frozen.present():
        vault.request("DELETE", f"sys/policies/acl/{name}")


def test_tokens_that_exist_are_refused_at_once_and_can_read_on(frozen: Frozen) -> None:
    for who in ("writer", "wide"):
        assert frozen.writes(who) == 200
    result = frozen.run()
    assert result.changed
    assert result.error is None
    assert result.values["write_denied"] is True
    assert [line["policy"].partition("-")[0] for line in result.values["policies"]] == ["wide", "writer"]
    for who in ("writer", "wide"):
        assert frozen.writes(who) == 403
        assert frozen.writes(who, "pay/new") == 403
        assert frozen.status(who, "DELETE", "metadata/pay/a") == 403
        assert frozen.status(who, "GET", "data/pay/a") == 200
        assert frozen.writes(who, "other/a") == 200
    for way in ("delete", "undelete", "destroy"):
        assert frozen.status("wide", "POST", f"{way}/pay/a", versions=[1]) == 403
    assert frozen.status("reader", "GET", "data/pay/a") == 200


def test_where_no_policy_gives_a_right_to_write_there_is_nothing_to_do(vault: Vault) -> None:
    result = Frozen(vault, reader=READER).run()
    assert result.error is None
    assert not result.changed
    assert result.values["policies"] == []
    assert result.values["write_denied"] is None, "no policy, so no writer to try"


def test_undo_restores_every_byte(frozen: Frozen) -> None:
    frozen.run()
    assert set(frozen.present()) > set(frozen.texts)
    undone = frozen.run(state="absent")
    assert undone.changed
    assert frozen.present() == frozen.texts
    assert frozen.writes("writer") == frozen.writes("wide") == 200
    assert not frozen.run(state="absent").changed


def test_a_second_run_changes_nothing(frozen: Frozen) -> None:
    frozen.run()
    before = frozen.present()
    again = frozen.run()
    assert (again.changed, again.diff, again.values["write_denied"]) == (False, [], True)
    assert frozen.present() == before


def test_check_mode_shows_the_very_texts(frozen: Frozen) -> None:
    predicted = frozen.run(check=True)
    assert frozen.present() == frozen.texts
    result = frozen.run()
    assert (predicted.changed, predicted.diff) == (True, result.diff)
    now = frozen.present()
    assert {d["before_header"]: d["after"] for d in result.diff}.items() <= now.items()
    undo = frozen.run(check=True, state="absent")
    assert {d["before_header"]: d["after"] for d in undo.diff}.items() <= frozen.texts.items()
    assert frozen.present() == now


def test_a_named_writer_is_tried(frozen: Frozen) -> None:
    number = frozen.name[1:]
    both = frozen.vault.token([f"writer-{number}", f"wide-{number}"])
    result = frozen.run(policies=[f"writer-{number}"], writer_auth={"method": "token", "token": both})
    # Its narrower paths count before the wide one, but that has others.
    assert result.values["write_denied"] is False
    assert "can still be written" in str(result.error)
    assert frozen.run(writer_auth={"method": "token", "token": both}).values["write_denied"] is True


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_killed_run_is_run_again(frozen: Frozen, monkeypatch: pytest.MonkeyPatch, state: str, at: int) -> None:
    if state == "absent":
        frozen.run()
    made = itertools.count(1)
    with monkeypatch.context() as patch:
        for method in ("write_policy", "delete_policy"):
            original = getattr(Operator, method)

            def dying(self: Operator, *args: str, _original: t.Any = original) -> None:
                if next(made) == at:
                    raise KeyboardInterrupt
                _original(self, *args)

            patch.setattr(Operator, method, dying)
        with pytest.raises(BaseException):  # noqa: B017, PT011
            frozen.run(state=state)
    assert frozen.run(state=state).error is None
    assert frozen.writes("writer") == (403 if state == "present" else 200)
    frozen.run(state="absent")
    assert frozen.present() == frozen.texts


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_policy_that_others_changed_is_not_changed(frozen: Frozen, state: str) -> None:
    frozen.run()
    changed = f"writer-{frozen.name[1:]}"
    frozen.vault.write_policy(changed, 'path "theirs/*" { capabilities = ["read"] }')
    before = frozen.present()
    with pytest.raises(SecretferryError, match=f"policy {changed} was changed since it was frozen"):
        frozen.run(state=state)
    assert frozen.present() == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('path "+/data/*" {{ capabilities = ["create", "read"] }}', "matches a part of"),
        ('path "{m}/*" {{ capabilities = ["create"] }}', "may only write"),
        ('path "{m}/*" {{ policy = "write" }}', "old form"),
        ('{{"path": {{"{m}/*": {{"capabilities": ["create"]}}}}}}', "JSON"),
    ],
)
def test_what_cannot_be_rewritten_by_rule_is_refused_before_anything_is_written(
    vault: Vault, text: str, told: str
) -> None:
    frozen = Frozen(vault, first=WIDE, second=text)
    try:
        with pytest.raises(SecretferryError, match=told):
            frozen.run(policies=list(frozen.texts))
        assert frozen.present() == frozen.texts
    finally:
        for name in frozen.texts:
            vault.request("DELETE", f"sys/policies/acl/{name}")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"policies": ["not-there"]}, "policies: there is no policy not-there"),
        ({"policies": ["default"]}, "policies: default gives no right"),
        ({"policies": ["root"]}, "policies: root"),
        ({"source": {"paths": []}}, "source.paths"),
        ({"source": {"paths": ["x/"], "exclude": ["x/y"]}}, "source.exclude"),
        ({"operator_auth": {}}, "operator"),
    ],
)
def test_mistakes_are_named(frozen: Frozen, options: dict[str, t.Any], named: str) -> None:
    source = {"url": frozen.vault.addr, "paths": [f"{frozen.kv.mount}/pay/"], **(options.pop("source", None) or {})}
    with pytest.raises(SecretferryError, match=f"^{named}"):
        frozen.run(**{"source": source, **options})
    assert frozen.present() == frozen.texts


def test_as_a_module_with_nothing_shown_that_is_secret(vault: Vault, emulator: Emulator) -> None:
    frozen = Frozen(vault, writer=WRITER)
    value = canary()
    frozen.kv.put("pay/a", {"v": value})
    stage = CountedRuns(vault, emulator, {"OPERATOR_VAULT_TOKEN": vault.root_token})
    task = {
        "name": frozen.name,
        "source": {"paths": [f"{frozen.kv.mount}/pay/"]},
        "policies": list(frozen.texts),
    }
    module = "secretferry.akeyless.source_freeze"
    run = stage.run(
        [
            {"name": "freeze", module: task},
            {"name": "again", module: task},
            {"name": "undo", module: {**task, "state": "absent", "policies": []}},
        ],
        "--diff",
        "-vvvv",
    )
    assert [run[name]["changed"] for name in ("freeze", "again", "undo")] == [True, False, True]
    assert frozen.present() == frozen.texts
    left = run.played.stdout + "".join(file.read_text("utf-8", "replace") for file in stage.play.left_behind())
    assert value not in left
    assert vault.root_token not in left
    stage.close()
