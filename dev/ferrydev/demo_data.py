# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Vault of a company that does not exist, five teams, three KV mounts, and every odd case that is known.

Everything is made up, and the same in every run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import yaml

from ferrydev.vault_admin import VaultAdmin, VaultError, encode_path

__all__ = [
    "MOUNTS",
    "POLICY",
    "SHOWN",
    "TOO_LARGE",
    "UNREADABLE",
    "Mount",
    "Secret",
    "inventory",
    "seed",
    "tree",
    "write",
]

SHOWN = "secret/payments/ledger/prod/database"
"""The secret that the demo reads back: twelve versions, one deleted, one destroyed, and more metadata than fits."""
UNREADABLE = "secret/platform/hsm/"
"""The folder that the migration's policy denies."""
TOO_LARGE = "secret/platform/backup/keystore.jks"
"""The secret whose value is over Akeyless's 16 KB."""


@dataclass(frozen=True)
class Mount:
    """A KV mount and how many versions it keeps (0: Vault's default)."""

    path: str
    version: int
    max_versions: int = 0


MOUNTS = (
    Mount("secret", 2, max_versions=20),
    Mount("kv/analytics", 2, max_versions=4),  # older versions are pruned: histories that do not begin at 1
    Mount("legacy", 1),
)

POLICY = """
path "secret/metadata/*"       { capabilities = ["list", "read"] }
path "secret/data/*"           { capabilities = ["read"] }
path "kv/analytics/metadata/*" { capabilities = ["list", "read"] }
path "kv/analytics/data/*"     { capabilities = ["read"] }
path "legacy/*"                { capabilities = ["list", "read"] }

path "secret/metadata/platform/hsm*" { capabilities = ["deny"] }
path "secret/data/platform/hsm*"     { capabilities = ["deny"] }
"""
"""The rights that a migration needs, and no others; and a folder that is denied."""


@dataclass(frozen=True)
class Secret:
    """One secret to be: its values as JSON texts, oldest first, and what was done to its versions (numbers from 1)."""

    mount: str
    path: str
    values: tuple[str, ...]
    deleted: tuple[int, ...] = ()
    destroyed: tuple[int, ...] = ()
    custom: dict[str, str] = field(default_factory=dict)
    expires: str = ""
    """``delete_version_after``: every version gets a deletion time that lies in the future."""

    @property
    def full(self) -> str:
        return f"{self.mount}/{self.path}"


def tree() -> list[Secret]:
    """Every secret, a few hundred, in order of path."""
    return sorted([*_services(), *_analytics(), *_legacy(), *_oddities()], key=lambda secret: secret.full)


def inventory(file: Path, exclude: tuple[str, ...] = ()) -> None:
    """Writes the inventory that puts the tree into three waves, without what ``exclude`` names."""
    source = {"paths": [f"{mount.path}/" for mount in MOUNTS], "exclude": list(exclude)}
    waves = [
        {"name": "pilot", "folders": ["secret/checkout"]},
        {"name": "teams", "folders": ["secret/payments", "secret/platform"]},
        {"name": "rest", "rest": True},
    ]
    migration = {"name": "demo", "target_location": "/migrated", "source": source, "waves": waves}
    plugin = {"plugin": "secretferry.akeyless.kv_batches", "batch_size": 60, "migrations": [migration]}
    file.write_text(yaml.safe_dump(plugin, sort_keys=False), "utf-8")


def seed(vault: VaultAdmin, secrets: list[Secret]) -> None:
    """Mounts what is missing and writes the secrets."""
    for mount in MOUNTS:
        config = {"max_versions": mount.max_versions} if mount.max_versions else {}
        if mount.path == "secret":
            vault.request("POST", "secret/config", json=config)
        else:
            vault.enable_kv(mount.path, mount.version)
            if mount.version == 2:
                _configure(vault, mount.path, config)
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda secret: write(vault, secret), secrets):
            pass


def write(vault: VaultAdmin, secret: Secret) -> None:
    """Writes one secret with its whole history."""
    path = encode_path(secret.path)
    if secret.mount == "legacy":
        vault.request("POST", f"legacy/{path}", content=secret.values[-1])
        return
    if secret.custom or secret.expires:
        wanted: dict[str, Any] = {"custom_metadata": secret.custom}
        if secret.expires:
            wanted["delete_version_after"] = secret.expires
        vault.request("POST", f"{secret.mount}/metadata/{path}", json=wanted)
    for value in secret.values:
        vault.request("POST", f"{secret.mount}/data/{path}", content=f'{{"data": {value}}}')
    for befell, numbers in (("delete", secret.deleted), ("destroy", secret.destroyed)):
        if numbers:
            vault.request("POST", f"{secret.mount}/{befell}/{path}", json={"versions": numbers})


def _configure(vault: VaultAdmin, mount: str, config: dict[str, Any]) -> None:
    # A new mount of version 2 refuses everything for some milliseconds.
    deadline = time.monotonic() + 10
    while True:
        try:
            vault.request("POST", f"{mount}/config", json=config)
            return
        except VaultError as error:
            if "pgrading" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


_TEAMS = {
    "payments": ("ledger", "acquiring", "payouts", "fraud", "invoicing"),
    "checkout": ("cart", "pricing", "vouchers", "storefront"),
    "platform": ("ci", "ingress", "observability", "registry"),
    "identity": ("login", "sessions", "directory", "mfa"),
}
_KINDS = ("database", "api-key", "tls", "settings")


def _services() -> Iterator[Secret]:
    for team, services in _TEAMS.items():
        for service in services:
            for stage in ("prod", "staging", "dev"):
                for kind in _KINDS:
                    path = f"{team}/{service}/{stage}/{kind}"
                    if f"secret/{path}" != SHOWN:
                        yield _everyday(path, team, service, kind)


def _everyday(path: str, team: str, service: str, kind: str) -> Secret:
    """A secret that was rotated often or never, with a version deleted now and then."""
    chance = Random(path)
    count = chance.choice((1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 6, 12))
    deleted: tuple[int, ...] = ()
    destroyed: tuple[int, ...] = ()
    if count >= 3 and chance.random() < 0.3:
        withdrawn = chance.sample(range(1, count), k=min(2, count - 2))  # never the newest
        deleted, destroyed = tuple(withdrawn[:1]), tuple(withdrawn[1:])
    custom = {"owner": f"{team}@example.com", "service": service} if chance.random() < 0.6 else {}
    values = tuple(_value(kind, service, chance, number) for number in range(1, count + 1))
    return Secret("secret", path, values, deleted, destroyed, custom)


def _value(kind: str, service: str, chance: Random, number: int) -> str:
    token = f"{chance.getrandbits(96):024x}"
    values: dict[str, dict[str, Any]] = {
        "database": {"username": f"{service}_app", "password": token, "host": f"{service}.db.internal", "port": 5432},
        "api-key": {"key": f"made-up-{token}", "scopes": ["read", "write"][: 1 + number % 2]},
        "tls": {"certificate": {"pem": f"made up {token}\n", "serial": number}, "chain": [], "key": f"{token}\n"},
        "settings": {"retries": number, "ratio": 0.25, "nested": {"on": True, "note": None, "tags": {}}, "salt": token},
    }
    return json.dumps(values[kind])


def _analytics() -> Iterator[Secret]:
    """More versions than the mount keeps: what is left begins at 2, 5 or 9."""
    for source in ("events", "warehouse", "exports", "models"):
        for kind in ("database", "api-key", "settings"):
            for stage in ("prod", "dev"):
                path = f"{source}/{stage}/{kind}"
                chance = Random(path)
                values = tuple(_value(kind, source, chance, n) for n in range(1, chance.choice((2, 5, 8, 12)) + 1))
                yield Secret("kv/analytics", path, values, custom={"owner": "data@example.com"})


def _legacy() -> Iterator[Secret]:
    """The mount of KV version 1, which was never upgraded."""
    for application in ("crm", "mainframe", "fax gateway", "intranet"):
        for name in ("ftp", "smtp", "ldap bind", "license", "backup", "odbc"):
            token = f"{Random(application + name).getrandbits(64):016x}"
            yield Secret("legacy", f"{application}/{name}", (json.dumps({"user": name, "password": token}),))


def _oddities() -> Iterator[Secret]:
    """What other tools fail on, each under a name that says what it is."""
    yield _shown()
    names = (
        "card reader #7", "what is this?", "100%41", "50% off", "a+b=c & d", 'the "real" one', "it's here",
        "back\\slash", "Zürich/schlüssel", "東京/鍵", "rocket 🚀", "dots...and.more", "semi;colon,comma", "DB", "db",
        "~tilde^caret",
    )  # fmt: skip
    for name in names:
        yield Secret("secret", f"checkout/odd names/{name}", tuple(json.dumps({"name": name, "n": n}) for n in (1, 2)))

    values = {
        "empty": "{}",
        "nothing": '{"a": null, "b": {}, "c": [], "d": ""}',
        "numbers": '{"large": 9007199254740993, "small": -0.5, "exponent": 1e-7, "yes": true}',
        "keys": '{"data": {"data": "metadata"}, "metadata": {"version": 1}, "a:b": 1, "c.d": 2, "with space": 3}',
        "deep": json.dumps({"one": {"two": {"three": [{"four": [[["five"]]]}]}}}),
        "unicode": '{"emoji": "\\ud83d\\udd11", "accent": "é", "escaped": "tab\\tline\\nquote\\""}',
        "html": '{"text": "<a href=\\"x\\">&amp;</a>"}',
    }
    for name, value in values.items():
        yield Secret("secret", f"platform/odd values/{name}", (value,))

    # A secret and a folder of the same name.
    yield Secret("secret", "checkout/stripe", ('{"account": "made up"}', '{"account": "made up, too"}'))
    yield Secret("secret", "checkout/stripe/webhook", ('{"signing": "made up"}',))
    # Readable now, deleted by Vault itself a month from now.
    for name in ("partner-a", "partner-b", "partner-c"):
        yield Secret("secret", f"payments/short lived/{name}", ('{"v": 1}', '{"v": 2}'), expires="720h")
    # Withdrawn altogether, and withdrawn except for the past.
    yield Secret("secret", "payments/retired/paper-invoices", ('{"v": 1}', '{"v": 2}'), deleted=(1,), destroyed=(2,))
    yield Secret("secret", "payments/retired/last-version-deleted", ('{"v": 1}', '{"v": 2}', '{"v": 3}'), deleted=(3,))
    # The security officers' own, and what does not fit.
    for name in ("root-of-trust", "operator-cards"):
        yield Secret("secret", f"platform/hsm/{name}", ('{"secret": "not for you"}',))
    large = json.dumps({"keystore": f"{Random(7).getrandbits(4 * 20_000):020000x}"})
    yield Secret("secret", TOO_LARGE.removeprefix("secret/"), (large,))


def _shown() -> Secret:
    chance = Random(SHOWN)
    custom = {
        "owner": "payments@example.com",
        "data-class": "restricted",
        "on-call": "https://oncall.example.com/payments/ledger",
        "rotation": "every 90 days, by the ledger team, after the month-end closing",
        "runbook": "Rotate in staging first. " + "Pause payouts, rotate, resume, watch the reconciliation job. " * 6,
    }
    values = tuple(_value("database", "ledger", chance, number) for number in range(1, 13))
    return Secret("secret", SHOWN.removeprefix("secret/"), values, deleted=(3,), destroyed=(5, 6), custom=custom)
