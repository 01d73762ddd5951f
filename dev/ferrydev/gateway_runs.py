# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work of the Gateway modules without Ansible around it, against a Gateway of the emulator.

Playbook runs (:mod:`ferrydev.play`) show the same through the modules; here a run costs a few milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import typing as t
from dataclasses import dataclass, field

import pytest
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway import cluster, declare, info, spec, sync
from ansible_collections.secretferry.akeyless.plugins.module_utils.http import transport
from ferrydev.emulator import Emulator

__all__ = ["OWN_VALUES", "GatewayRuns", "recorded"]

_RULES = {key: value for key, value in spec.RULES.items() if key != "supports_check_mode"}
_ONE = {"mutually_exclusive": [spec.ONE]}
_MODULES: dict[str, tuple[t.Any, dict[str, t.Any], t.Any]] = {
    "gateway_migration": (spec.migration_spec, _RULES, declare.declare),
    "gateway_migration_sync": (spec.sync_spec, {**_ONE, "required_one_of": [spec.ONE]}, sync.synchronise),
    "gateway_migration_info": (spec.info_spec, _ONE, info.read_migrations),
    "gateway_cluster_info": (spec.cluster_spec, {}, cluster.cluster_info),
}

OWN_VALUES: dict[str, dict[str, t.Any]] = {
    "hashi": {"url": "http://127.0.0.1:9", "token": "hvs.first-token"},
    "aws": {"key_id": "AKIAEXAMPLE", "key": "first-aws-key"},
    "gcp": {"key": '{"private_key": "first-gcp-key"}'},
    "azure_kv": {"name": "kv", "client_id": "c", "secret": "first-azure-secret", "tenant_id": "t"},
    "k8s": {"url": "https://k8s:6443", "token": "first-k8s-token"},
    "conjur": {"url": "https://conjur", "account": "a", "username": "u", "api_key": "first-conjur-key"},
    "active_directory": {"target_name": "/targets/ad", "domain_name": "example.com"},
    "server_inventory": {"target_name": "/targets/ssh", "users_path_template": "/u/{{USERNAME}}"},
    "certificate": {"hosts": ["10.0.0.0/24", "example.com"]},
    "one_password": {
        "url": "https://op",
        "email": "a@example.com",
        "password": "first-op-password",
        "secret_key": "A3-k",
    },
}
"""What each type needs at least."""


class GatewayRuns:
    """Runs of the Gateway modules.

    :param url: the Gateway's address.
    :ivar masked: what the last run gave to be masked.
    """

    def __init__(self, emulator: Emulator, url: str) -> None:
        self.url = url
        self.auth = {"access_id": emulator.access_id, "access_key": emulator.access_key}
        self.masked: set[str] = set()

    def run(self, module: str, **options: t.Any) -> Result:
        """Run once, with ``check=True`` in check mode. Options go through the module's own argument spec and rules.

        :raises OptionsRefused: Ansible would refuse the options.
        """
        arguments, rules, work = _MODULES[module]
        check = options.pop("check", False)
        options = {name: value for name, value in options.items() if value is not None}
        options.setdefault("akeyless", {"gateway_url": self.url, "auth": self.auth})
        told = ModuleArgumentSpecValidator(arguments(), **rules).validate(options)
        if told.error_messages:
            raise OptionsRefused("; ".join(told.error_messages))
        self.masked = set()
        return t.cast(Result, asyncio.run(work(told.validated_parameters, check=check, mask=self.masked.update)))

    def declare(self, **options: t.Any) -> Result:
        """``gateway_migration`` of the name ``m``; it may return an error."""
        return self.run("gateway_migration", **{"name": "m", "target_location": "/gw", **options})

    def ok(self, module: str, **options: t.Any) -> Result:
        """Run once, and succeed."""
        result = self.run(module, **options)
        assert result.error is None, result.error
        return result

    def listed(self) -> dict[str, dict[str, t.Any]]:
        """What gateway_migration_info lists, by name."""
        return {one["name"]: one for one in self.ok("gateway_migration_info").values["migrations"]}


class OptionsRefused(SecretferryError):
    """Ansible refuses the options, with these words."""


@dataclass
class Recorded:
    """The bodies that were sent, by command."""

    bodies: list[tuple[str, dict[str, t.Any]]] = field(default_factory=list)

    def of(self, command: str) -> list[dict[str, t.Any]]:
        return [body for name, body in self.bodies if name == command]


def recorded(patch: pytest.MonkeyPatch) -> Recorded:
    """Record every body that is sent from now on, without the login."""
    record = Recorded()
    send = transport.Transport.send

    async def noting(
        self: transport.Transport, method: str, path: str, headers: t.Mapping[str, str], body: bytes | None = None
    ) -> transport.Response:
        if method == "POST":
            told = json.loads(body or b"{}")
            told.pop("token", None)
            record.bodies.append((path.rpartition("/")[2], told))
        return await send(self, method, path, headers, body)

    patch.setattr(transport.Transport, "send", noting)
    return record
