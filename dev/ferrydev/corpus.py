# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts the trap corpus on a real Vault, with logins that see all of it and logins that do not.

corpus = seed_corpus(vault)
for case in corpus.cases: ...
expected = corpus.read()   # what a migration has to bring over, read without the collection
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ferrydev.canaries import canary
from ferrydev.corpus_cases import CASES, MOUNTS, Case
from ferrydev.readers import SourceSecret, read_vault
from ferrydev.vault import Vault, encode_path
from ferrydev.vault_admin import AppRole

__all__ = ["Case", "Corpus", "seed_corpus"]

_KV_VERSION = {key: kv for key, (_name, kv, _config) in MOUNTS.items()}


@dataclass
class Corpus:
    """A seeded corpus.

    ``mounts`` maps mount names to KV versions, ``mount_of`` the keys of ``corpus_cases.MOUNTS`` to mount names.
    ``canaries`` are all the secret values that canaries.py can recognise; ``policies`` the texts behind the logins.
    """

    vault: Vault = field(repr=False)
    mounts: dict[str, int]
    mount_of: dict[str, str]
    cases: list[Case] = field(repr=False)
    canaries: list[str] = field(repr=False)
    policies: dict[str, str] = field(repr=False)
    reader: AppRole
    """May list and read all of it, and ``sys/mounts``: the least that a full migration needs."""
    no_mounts: AppRole
    """The same without ``sys/mounts``."""
    restricted: AppRole
    """Without ``sys/mounts`` and with what ``Case.rights`` says."""

    def read(self, token: str | None = None, forbidden: list[str] | None = None) -> dict[str, SourceSecret]:
        """What is there, read independently of the collection, by ``mount/path``; with the root token by default."""
        return read_vault(self.vault, self.mounts, token=token, forbidden=forbidden)

    def case(self, name: str, mount: str = "v2") -> Case:
        """The case of that name on a mount, given by its key."""
        return next(case for case in self.cases if case.name == name and case.mount == self.mount_of[mount])


def full_path(case: Case) -> str:
    """``mount/path`` of a seeded case, not encoded."""
    return f"{case.mount}/{case.path}"


def expected_versions(case: Case) -> dict[int, str]:
    """Number -> "" (readable), "d" (deleted), "x" (destroyed) or "f" (readable, deletion time in the future)."""
    found: dict[int, str] = {}
    for word in case.versions.split():
        span = word.rstrip("dxf")
        first, _, last = span.partition("-")
        for number in range(int(first), int(last or first) + 1):
            found[number] = word[len(span) :]
    return found


def seed_corpus(vault: Vault, prefix: str = "corpus") -> Corpus:
    """Seeds mounts whose names begin with ``prefix``; takes a second or two: one version has to expire."""
    mount_of = {key: name.format(prefix=prefix) for key, (name, _kv, _config) in MOUNTS.items()}
    for key, (_name, kv, config) in MOUNTS.items():
        vault.enable_kv(mount_of[key], kv, **config)
    canaries: list[str] = []
    cases: list[Case] = []
    for case in CASES:
        placed = replace(case, mount=mount_of[case.mount])
        _perform(vault, placed, _KV_VERSION[case.mount], canaries)
        cases.append(placed)

    mounts = {mount_of[key]: kv for key, kv in _KV_VERSION.items()}
    everything = "".join(_read_rules(name, kv) for name, kv in mounts.items())
    listing = 'path "sys/mounts" { capabilities = ["read"] }\n'
    policies = {
        f"{prefix}-reader": everything + listing,
        f"{prefix}-no-mounts": everything,
        f"{prefix}-restricted": everything + "".join(_denials(cases, mounts)),
    }
    for name, rules in policies.items():
        vault.write_policy(name, rules)
    logins = [vault.approle(name, [name]) for name in policies]
    corpus = Corpus(vault, mounts, mount_of, cases, canaries, policies, *logins)
    _wait_for_expiry(vault, corpus.case("history: expired"))
    return corpus


def _perform(vault: Vault, case: Case, kv: int, canaries: list[str]) -> None:
    mount, path = encode_path(case.mount), encode_path(case.path)
    same = canary()
    for verb, argument in case.steps:
        if verb == "put":
            data, cas = argument
            if "$C" in data or "$S" in data:
                fresh = canary()
                canaries.append(same if "$S" in data else fresh)
                data = data.replace("$C", fresh).replace("$S", same)
            if kv == 1:
                vault.request("POST", f"{mount}/{path}", content=data)
            else:
                options = "{}" if cas is None else json.dumps({"cas": cas})
                vault.request("POST", f"{mount}/data/{path}", content=f'{{"options": {options}, "data": {data}}}')
        elif verb == "meta":
            vault.request("POST", f"{mount}/metadata/{path}", json=argument)
        else:
            vault.request("POST", f"{mount}/{verb}/{path}", json={"versions": argument})


def _wait_for_expiry(vault: Vault, case: Case) -> None:
    path = f"{encode_path(case.mount)}/data/{encode_path(case.path)}?version=1"
    deadline = time.monotonic() + 10
    while vault.request("GET", path, raw=True).status_code != 404:
        if time.monotonic() > deadline:
            raise RuntimeError("A version with delete_version_after=1s is still readable after 10 s.")
        time.sleep(0.02)


def _read_rules(mount: str, kv: int) -> str:
    if kv == 1:
        return _rule(f"{mount}/*", "read", "list")
    return _rule(f"{mount}/metadata/*", "read", "list") + _rule(f"{mount}/data/*", "read")


def _denials(cases: list[Case], mounts: dict[str, int]) -> Iterator[str]:
    for case in cases:
        data, metadata = (f"{case.mount}/data/", f"{case.mount}/metadata/")
        if mounts[case.mount] == 1:
            data = metadata = f"{case.mount}/"
        if case.rights in ("nothing", "metadata only"):
            yield _rule(data + case.path, "deny")
        if case.rights in ("nothing", "data only") and metadata != data:
            yield _rule(metadata + case.path, "deny")
        folder = case.path.rpartition("/")[0]
        if case.rights == "unlisted":
            yield _rule(f"{metadata}{folder}/", "deny")
        elif case.rights == "nothing" and folder.endswith("denied"):
            # Both: LIST is first checked without its slash, where the rule of the whole mount would match.
            yield _rule(f"{metadata}{folder}", "deny") + _rule(f"{metadata}{folder}/*", "deny")


def _rule(path: str, *capabilities: str) -> str:
    return f"path {json.dumps(path, ensure_ascii=False)} {{ capabilities = {json.dumps(capabilities)} }}\n"
