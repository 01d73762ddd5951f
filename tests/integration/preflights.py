# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A world in which every check of ``preflight`` is well, until a test breaks something in it."""

from __future__ import annotations

import asyncio
import itertools
import typing as t
from pathlib import Path

import httpx
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from credentials import credential

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.preflight.module import preflight
from ansible_collections.secretferry.akeyless.plugins.module_utils.preflight.spec import preflight_spec
from ferrydev.emulator import Emulator, Gateway
from ferrydev.scene import Kv
from ferrydev.vault import Vault

__all__ = ["ALL", "APP", "CONFIG", "World", "verdicts"]

ALL = ["create", "read", "update", "delete", "list"]
APP = {"access_id": "p-app", "access_key": "app-access-key"}
CONFIG: dict[str, t.Any] = {
    "identities": [{**APP, "roles": ["app"]}],
    "roles": {
        "app": [{"path": "/migrated/*", "capabilities": ALL}, {"path": "/keys/*", "capabilities": ["read", "list"]}]
    },
    "keys": [{"name": "/keys/aes", "alg": "AES256GCM"}, {"name": "/keys/rsa", "alg": "RSA2048"}],
    "settings": {"journal": True},
}
_numbers = itertools.count(1)


def verdicts(result: Result) -> dict[str, str]:
    return {check["id"]: check["verdict"] for check in result.values["checks"]}


class World:
    """A source with one secret, its least-privilege token, an account, and a Gateway with two instances."""

    def __init__(self, vault: Vault, emulator: Emulator, folder: Path) -> None:
        self.vault = vault
        self.emulator = emulator
        self.folder = folder
        self.kv = Kv(vault)
        self.kv.put("app/db", {"n": 1})
        self.kv.put("other/db", {"n": 1})
        rules = [{"path": "/migrated/*", "capabilities": ALL}, {"path": "/keys/*", "capabilities": ["read", "list"]}]
        self.gateway: Gateway = emulator.gateway(2, rules=rules, allowed={"p-app": ["automatic_migration"]})
        self.target = f"/migrated/t{next(_numbers)}"

    @property
    def paths(self) -> dict[str, t.Any]:
        return {"paths": [f"{self.kv.mount}/app/"]}

    def auth(self, engine: str = "direct") -> dict[str, t.Any]:
        """The login with the least-privilege token."""
        name = f"w{next(_numbers)}"
        file = self.folder / name
        made = credential(self.vault, name=name, engine=engine, source=self.paths, dest=str(file))
        return t.cast("dict[str, t.Any]", made.values["auth"])

    def token(self, policy: str, **options: t.Any) -> dict[str, t.Any]:
        """A login with a token that has the least-privilege policy with ``{policy}`` instead, and ``default``."""
        name = self.vault.write_policy(f"p{next(_numbers)}", policy)
        return {"token": self.vault.token([name, "default"], **options)}

    def policy(self) -> str:
        made = credential(self.vault, check=True, name="any", source=self.paths)
        return str(made.values["policy"])

    def options(self, engine: str = "direct", **options: t.Any) -> dict[str, t.Any]:
        akeyless = {"api_url": self.emulator.url, "auth": APP, **options.pop("akeyless", {})}
        if engine == "gateway":
            akeyless.setdefault("gateway_url", self.gateway.url)
        source = {"url": self.vault.addr, **self.paths, **options.pop("source", {})}
        if "auth" not in source:
            source["auth"] = self.auth(engine)
        return {
            "engine": engine,
            "target_location": self.target,
            "operator_auth": {"token": self.vault.root_token},
            "fail_on": "never",
            **options,
            "akeyless": akeyless,
            "source": source,
        }

    def check(self, engine: str = "direct", *, check: bool = False, **options: t.Any) -> Result:
        """Run once. Options go through the module's own argument spec."""
        validated = ArgumentSpecValidator(preflight_spec()).validate(self.options(engine, **options))
        assert not validated.error_messages, validated.error_messages
        work = preflight(validated.validated_parameters, check=check, mask=lambda _secrets: None)
        return asyncio.run(work)

    def left(self, name: str = "preflight") -> list[str]:
        """What a probe left: names with the probe's own in them, of Vault, Akeyless and the Gateway."""
        mark = f"secretferry-probe-{name}"
        there = [item for item in self.emulator.control.dump() if mark in item]
        listing = self._call("gateway-list-migration")["body"]
        there += [one["general"]["name"] for group in listing.values() for one in group or ()]
        vault = self.vault
        for path in ("sys/policies/acl", "auth/token/roles", f"{self.kv.mount}/metadata"):
            answer = vault.request("LIST", path, raw=True)
            keys = answer.json()["data"]["keys"] if answer.status_code == 200 else []
            there += [f"{path}/{key}" for key in keys if mark in key]
        for accessor in vault.request("LIST", "auth/token/accessors")["data"]["keys"]:
            answer = vault.request("POST", "auth/token/lookup-accessor", json={"accessor": accessor}, raw=True)
            if answer.status_code == 200 and mark in str(answer.json()["data"]["path"]):
                there.append(f"token {accessor}")
        return there

    def _call(self, command: str) -> dict[str, t.Any]:
        answer = httpx.post(f"{self.gateway.url}/{command}", json={"token": self.emulator.token()})
        assert answer.status_code == 200, answer.text
        return t.cast("dict[str, t.Any]", answer.json())
