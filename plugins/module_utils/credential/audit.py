# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a Vault token has least privilege: it can list and read what migrates, can do nothing else, and expires soon.

No request tests a right by using it. Vault tells the token's capabilities (``sys/capabilities-self``) on the folders
that migrate, on a sample of their secrets, on names that no secret has, and on the paths of administration.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..common.checks import Check, shortly
from ..errors import ApiError, PermissionDenied, SecretferryError
from ..plan.selection import Selection
from ..stopping import stop
from ..vault.kv import KvReader, Mount
from ..vault.policy_path import Area
from ..vault.session import VaultSession
from .scope import kv_options

__all__ = ["SOURCE_CHECKS", "Audit", "AuditLimits", "audit"]

SOURCE_CHECKS = (
    "source_token",
    "source_root",
    "source_ttl",
    "source_max_ttl",
    "source_list",
    "source_read",
    "source_write",
    "source_admin",
    "source_outside",
)
"""The ids of the checks, in order."""

_SAMPLE = 25
_UNUSED = "secretferry-check"
_WRITES = frozenset({"create", "update", "patch", "delete", "sudo", "root"})
_ADMINISTRATION = (
    f"sys/policies/acl/{_UNUSED}",
    f"sys/policy/{_UNUSED}",
    f"sys/mounts/{_UNUSED}",
    f"sys/auth/{_UNUSED}",
    f"sys/audit/{_UNUSED}",
    f"sys/raw/{_UNUSED}",
    f"sys/leases/revoke-prefix/{_UNUSED}",
    f"sys/namespaces/{_UNUSED}",
    "sys/seal",
    "sys/remount",
    "sys/rotate",
    "auth/token/create",
    "auth/token/create-orphan",
    f"auth/token/roles/{_UNUSED}",
    f"auth/approle/role/{_UNUSED}",
    "identity/entity",
)
_MAKE_ONE = "Make a credential with secretferry.akeyless.source_credential, state: present, and use that"


@dataclass(frozen=True)
class AuditLimits:
    """How long a token should live, in seconds: ``min_ttl`` at the least, ``max_ttl`` at the most."""

    min_ttl: int
    max_ttl: int


@dataclass
class Audit:
    """The checks, and the properties of the token (never the token itself)."""

    checks: list[Check] = field(default_factory=list)
    token: dict[str, t.Any] = field(default_factory=dict)


@dataclass
class _Paths:
    """Paths to check, each with its name in messages, by the right that the token must or must not have."""

    lists: dict[str, str] = field(default_factory=dict)
    reads: dict[str, str] = field(default_factory=dict)
    writes: dict[str, str] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)

    def all(self) -> list[str]:
        every = [*self.lists, *self.reads, *self.writes, *self.outside, *_ADMINISTRATION]
        return list(dict.fromkeys(every))


async def audit(
    reader: KvReader,
    session: VaultSession,
    areas: t.Sequence[Area],
    source: t.Mapping[str, t.Any] | None,
    limits: AuditLimits,
) -> Audit:
    """Check the token of ``session`` for a migration of ``areas``.

    :raises SecretferryError: Vault did not answer.
    """
    token = await stop.in_thread(session.self_check)
    found = Audit(token={key: value for key, value in token.items() if key != "known"})
    found.checks += [_valid(token), _root(token), _ttl(token, limits), _max_ttl(token, limits)]
    paths = await _paths_of(reader, areas, Selection(*_globs(source)))
    try:
        capabilities = await stop.in_thread(_capabilities, session, paths.all())
    except PermissionDenied:
        found.checks += [
            Check(
                check,
                "unknown",
                "the token may not read its own capabilities",
                "Give it the policy default, or update on sys/capabilities-self",
            )
            for check in SOURCE_CHECKS[4:]
        ]
        return found
    found.checks += [
        _lists(paths, capabilities),
        _reads(paths, capabilities),
        _writes(paths, capabilities),
        _admin(capabilities),
        _outside(paths, capabilities),
    ]
    return found


def _globs(source: t.Mapping[str, t.Any] | None) -> tuple[t.Sequence[str], t.Sequence[str]]:
    options = kv_options(source)
    return options.include, options.exclude


async def _paths_of(reader: KvReader, areas: t.Sequence[Area], selection: Selection) -> _Paths:
    paths = _Paths()
    whole = {area.mount for area in areas if not area.path}
    for area in areas:
        mount = Mount(area.mount, area.version)
        data, metadata = (f"{area.mount}data/", f"{area.mount}metadata/") if area.version == 2 else (area.mount,) * 2
        names = [area.path]
        if area.is_folder:
            paths.lists[f"{metadata}{area.path}"] = area.full
            names = await _sample(reader, mount, area.path, selection) or [f"{area.path}{_UNUSED}"]
        for name in names:
            paths.reads[f"{data}{name}"] = area.mount + name
            paths.reads[f"{metadata}{name}"] = f"the metadata of {area.mount}{name}"
        for name in [*names, *([f"{area.path}{_UNUSED}"] if area.is_folder else [])]:
            for part in ("data", "metadata", "delete", "undelete", "destroy") if area.version == 2 else ("",):
                path = f"{area.mount}{part}/{name}" if part else f"{area.mount}{name}"
                paths.writes[path] = path
        if area.version == 2:
            paths.writes[f"{area.mount}config"] = f"{area.mount}config"
        if area.mount not in whole:
            for part in dict.fromkeys((data, metadata)):
                paths.outside[f"{part}{_UNUSED}-outside"] = f"{area.mount} outside the paths to migrate"
    await _other_mounts(reader, areas, paths)
    return paths


async def _other_mounts(reader: KvReader, areas: t.Sequence[Area], paths: _Paths) -> None:
    mine = {area.mount for area in areas}
    try:
        mounts = await reader.mounts()
    except ApiError:
        return
    for mount in mounts:
        if mount.path not in mine:
            for part in ("data/", "metadata/") if mount.version == 2 else ("",):
                paths.outside[f"{mount.path}{part}{_UNUSED}"] = f"the mount {mount.path}"


async def _sample(reader: KvReader, mount: Mount, folder: str, selection: Selection) -> list[str]:
    """The first secrets below a folder; none where the token may not list it."""
    names: list[str] = []
    folders = [folder]
    for _listing in range(_SAMPLE):
        if not folders or len(names) >= _SAMPLE:
            break
        here = folders.pop(0)
        try:
            found = await reader.list(mount, here)
        except ApiError:
            continue
        names += [here + n for n in found if not n.endswith("/") and selection.takes(mount.path + here + n)]
        folders += [here + n for n in found if n.endswith("/") and not selection.prunes(mount.path + here + n)]
    return names[:_SAMPLE]


def _capabilities(session: VaultSession, paths: t.Sequence[str]) -> dict[str, frozenset[str]]:
    answer = session.client.adapter.post("/v1/sys/capabilities-self", json={"paths": list(paths)})
    data = answer.get("data") or answer if isinstance(answer, dict) else {}
    if not all(path in data for path in paths):
        raise SecretferryError("Vault did not answer for every path in the request", "Check source.url")
    return {path: frozenset(str(c) for c in data[path]) for path in paths}


def _valid(token: t.Mapping[str, t.Any]) -> Check:
    if not token["known"]:
        return Check(
            "source_token",
            "warning",
            "the token works, and may not look itself up",
            "Give it the policy default, or read on auth/token/lookup-self",
        )
    return Check("source_token", "ok", f"accessor {token['accessor']}, policies {', '.join(token['policies'])}")


def _root(token: t.Mapping[str, t.Any]) -> Check:
    if token["root"]:
        return Check("source_root", "failed", "it is a root token, which may do everything", _MAKE_ONE)
    if not token["known"]:
        return Check("source_root", "unknown", "the token may not look itself up", "Give it the policy default")
    return Check("source_root", "ok", "it is no root token")


def _ttl(token: t.Mapping[str, t.Any], limits: AuditLimits) -> Check:
    ttl = token["ttl"]
    if not token["known"] and not ttl:
        return Check("source_ttl", "unknown", "the token may not look itself up", "Give it the policy default")
    if not ttl or ttl >= limits.min_ttl:
        return Check("source_ttl", "ok", f"{ttl} seconds left" if ttl else "it never expires")
    if token["renewable"]:
        return Check("source_ttl", "ok", f"{ttl} seconds left, and it can be renewed")
    return Check(
        "source_ttl",
        "failed",
        f"{ttl} seconds left, less than min_ttl ({limits.min_ttl})",
        "Make a new one with secretferry.akeyless.source_credential, or a renewable one",
    )


def _max_ttl(token: t.Mapping[str, t.Any], limits: AuditLimits) -> Check:
    ttl = token["ttl"]
    if not token["known"] and not ttl:
        return Check("source_max_ttl", "unknown", "the token may not look itself up", "Give it the policy default")
    if not ttl:
        return Check("source_max_ttl", "failed", "it never expires", _MAKE_ONE)
    if token["period"]:
        return Check("source_max_ttl", "warning", "it is periodic: while it is renewed, it never expires", _MAKE_ONE)
    if ttl > limits.max_ttl:
        return Check(
            "source_max_ttl",
            "warning",
            f"it expires in {ttl} seconds, later than max_ttl ({limits.max_ttl})",
            "Use one with a shorter life, or raise max_ttl if the migration takes that long",
        )
    unless = ", unless it is renewed" if token["renewable"] else ""
    return Check("source_max_ttl", "ok", f"it expires in {ttl} seconds{unless}")


def _lacking(paths: t.Mapping[str, str], capabilities: t.Mapping[str, frozenset[str]], needed: str) -> list[str]:
    return [name for path, name in paths.items() if not {needed, "root"} & capabilities[path]]


def _lists(paths: _Paths, capabilities: t.Mapping[str, frozenset[str]]) -> Check:
    lacking = _lacking(paths.lists, capabilities, "list")
    if lacking:
        remedy = "Give it the policy in 'policy', or name the secrets one by one in source.paths"
        return Check("source_list", "failed", f"it may not list {shortly(lacking)}", remedy)
    return Check("source_list", "ok", f"{len(paths.lists)} folders can be listed")


def _reads(paths: _Paths, capabilities: t.Mapping[str, frozenset[str]]) -> Check:
    lacking = _lacking(paths.reads, capabilities, "read")
    if lacking:
        return Check("source_read", "failed", f"it may not read {shortly(lacking)}", "Give it the policy in 'policy'")
    return Check("source_read", "ok", f"{len(paths.reads)} paths that were checked can be read")


def _writes(paths: _Paths, capabilities: t.Mapping[str, frozenset[str]]) -> Check:
    able = [f"{name} ({', '.join(sorted(capabilities[p] & _WRITES))})" for p, name in paths.writes.items()
            if capabilities[p] & _WRITES]  # fmt: skip
    if able:
        return Check("source_write", "failed", f"it may write or delete: {shortly(able)}", _MAKE_ONE)
    return Check("source_write", "ok", f"it may write or delete on none of {len(paths.writes)} paths")


def _admin(capabilities: t.Mapping[str, frozenset[str]]) -> Check:
    able = [path for path in _ADMINISTRATION if capabilities[path] & _WRITES]
    if able:
        return Check("source_admin", "failed", f"it may administer: {shortly(able)}", _MAKE_ONE)
    return Check("source_admin", "ok", f"it may write none of {len(_ADMINISTRATION)} paths of administration")


def _outside(paths: _Paths, capabilities: t.Mapping[str, frozenset[str]]) -> Check:
    able = [name for path, name in paths.outside.items() if capabilities[path] - {"deny"}]
    if able:
        return Check("source_outside", "warning", f"it reaches {shortly(list(dict.fromkeys(able)))}", _MAKE_ONE)
    return Check("source_outside", "ok", "it reaches no other KV path that was checked")
