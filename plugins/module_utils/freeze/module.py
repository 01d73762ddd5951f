# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``source_freeze``: from its options to its result.

For each policy its backup is written first, then its read-only form. The read-only form begins with a line that names
the backup and the digest of the rest, which shows where a killed run stopped, and changes that others made since.
"""

from __future__ import annotations

import asyncio
import hashlib
import typing as t
from dataclasses import dataclass

from ..common.result import Mask, Params, Result
from ..credential.scope import areas_of, kv_options, open_operator
from ..errors import OptionError, SecretferryError
from ..options.spec import VAULT_AUTH, auth_spec, operator_spec
from ..options.vault import has_operator
from ..plan.definition import check_identity
from ..plan.spec import kv_source_spec
from ..vault.operator import Operator
from .rewrite import Region, read_only, regions_of
from .write_check import check_writes

__all__ = ["freeze_spec", "source_freeze"]

_MARK = "# secretferry: writing is frozen for "


def freeze_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "source": kv_source_spec(),
        "operator_auth": operator_spec(),
        "policies": {"type": "list", "elements": "str"},
        "writer_auth": auth_spec(VAULT_AUTH),
    }


@dataclass(frozen=True)
class _Step:
    """A policy and the change to it: ``before`` and ``after`` are its texts."""

    policy: str
    action: str  # freeze, restore, delete_backup, unchanged
    before: str
    after: str
    backup: str  # the text to back up, empty where there is a backup


async def source_freeze(params: Params, *, check: bool, mask: Mask) -> Result:
    """Remove the rights to write to the migrated paths from policies, or restore the policies.

    :param params: the module's options.
    :param mask: registers credentials, so that no output shows one.
    :raises SecretferryError: nothing was written, or writes are still allowed; the message says which.
    """
    name = params["name"]
    check_identity(name, "/any")
    options = kv_options(params["source"])
    if options.include or options.exclude:
        raise OptionError(
            "source.include" if options.include else "source.exclude",
            "a freeze works on whole paths",
            "Name what is to be frozen in source.paths",
        )
    if not options.paths:
        raise OptionError("source.paths", "is needed to freeze", "Name the folders and secrets that were migrated")
    if not has_operator(params["operator_auth"]):
        raise OptionError(
            "operator_auth",
            "a login that may write policies is needed",
            "Give operator_auth.token_file, or another way to log in",
        )
    result = Result()
    async with open_operator(params, mask) as (reader, session):
        operator = Operator(session)
        areas = await areas_of(reader, params["source"])
        regions = regions_of(areas)
        steps = await asyncio.to_thread(_plan, params, operator, regions)
        result.changed = any(step.action != "unchanged" for step in steps)
        result.values["policies"] = [
            {"policy": s.policy, "action": s.action, "backup": _backup(name, s.policy)} for s in steps
        ]
        result.diff = [
            {"before_header": s.policy, "after_header": s.policy, "before": s.before, "after": s.after}
            for s in steps
            if s.before != s.after
        ]
        await asyncio.to_thread(operator.check_rights, _needed(name, steps))
        if not check:
            await asyncio.to_thread(_carry_out, name, operator, steps)
        if params["state"] == "present" and not check:
            policies = [step.policy for step in steps]
            writes = await asyncio.to_thread(check_writes, params, operator, areas, policies, mask)
            result.values["write_denied"] = writes.denied
            result.warnings += writes.warnings
            result.error = writes.error
    return result


def _plan(params: Params, operator: Operator, regions: list[Region]) -> list[_Step]:
    """:raises SecretferryError: a policy is not there, cannot be rewritten, or was changed meanwhile."""
    name, state = params["name"], params["state"]
    known = operator.policies()
    backups = {policy.removeprefix(_backup(name, "")) for policy in known if policy.startswith(_backup(name, ""))}
    chosen = [policy.lower() for policy in params["policies"] or ()]
    if missing := [policy for policy in chosen if policy not in known]:
        raise OptionError(
            "policies", f"there is no policy {', '.join(missing)}", "Check the spelling and the namespace"
        )
    if "root" in chosen:
        raise OptionError("policies", "root cannot be changed", "Revoke the root tokens of writers")
    if state == "absent":
        steps = [_thaw(name, policy, operator) for policy in sorted(backups if not chosen else backups & {*chosen})]
    else:
        ours = [policy for policy in known if policy.startswith("secretferry-")]
        names = sorted({*chosen, *backups}) if chosen else [p for p in known if p not in ("root", *ours)]
        steps = [_freeze(name, policy, operator, regions, policy in backups) for policy in names]
        if chosen and (idle := [s.policy for s in steps if s.action == "unchanged" and s.policy not in backups]):
            raise OptionError(
                "policies", f"{', '.join(idle)} gives no right to write there", "Name the policies of the writers"
            )
        steps = [step for step in steps if step.action != "unchanged" or step.policy in backups]
    return steps


def _freeze(name: str, policy: str, operator: Operator, regions: list[Region], backed_up: bool) -> _Step:
    text = operator.policy(policy) or ""
    if not backed_up:
        frozen = read_only(policy, text, regions)
        if frozen == text:
            return _Step(policy, "unchanged", text, text, "")
        return _Step(policy, "freeze", text, _sealed(name, policy, frozen), text)
    original = operator.policy(_backup(name, policy)) or ""
    sealed = _sealed(name, policy, read_only(policy, original, regions))
    if text == sealed:
        return _Step(policy, "unchanged", text, text, "")
    if text != original and not _is_sealed(name, text):
        raise _changed(name, policy)
    return _Step(policy, "freeze", text, sealed, "")


def _thaw(name: str, policy: str, operator: Operator) -> _Step:
    text = operator.policy(policy)
    original = operator.policy(_backup(name, policy)) or ""
    if text == original:
        return _Step(policy, "delete_backup", original, original, "")
    if text is None or not _is_sealed(name, text):
        raise _changed(name, policy)
    return _Step(policy, "restore", text, original, "")


def _needed(name: str, steps: t.Sequence[_Step]) -> dict[str, str]:
    """The capabilities that the steps need, by path."""
    needed = {}
    for step in steps:
        backup = f"sys/policies/acl/{_backup(name, step.policy)}"
        if step.action in ("freeze", "restore"):
            needed[f"sys/policies/acl/{step.policy}"] = "update"
        if step.action == "freeze" and step.backup:
            needed[backup] = "create"
        elif step.action in ("restore", "delete_backup"):
            needed[backup] = "delete"
    return needed


def _carry_out(name: str, operator: Operator, steps: list[_Step]) -> None:
    for step in steps:
        backup = _backup(name, step.policy)
        if step.action == "freeze":
            if step.backup:
                operator.write_policy(backup, step.backup)
                if operator.policy(backup) != step.backup:
                    raise SecretferryError(
                        f"Vault did not keep {backup} as it was written", "Freeze this policy by hand"
                    )
            operator.write_policy(step.policy, step.after)
        elif step.action in ("restore", "delete_backup"):
            if step.action == "restore":
                operator.write_policy(step.policy, step.after)
            operator.delete_policy(backup)


def _backup(name: str, policy: str) -> str:
    return f"secretferry-frozen-{name.lower()}--{policy}"


def _sealed(name: str, policy: str, text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{_MARK}{name}; as it was: policy {_backup(name, policy)}; sha256 of the rest: {digest}\n{text}"


def _is_sealed(name: str, text: str) -> bool:
    first, _newline, rest = text.partition("\n")
    return first.startswith(f"{_MARK}{name};") and first.endswith(hashlib.sha256(rest.encode()).hexdigest())


def _changed(name: str, policy: str) -> SecretferryError:
    return SecretferryError(
        f"policy {policy} was changed since it was frozen",
        f"Compare it with {_backup(name, policy)}; put back what is right by hand, then delete that one",
    )
