# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe: tests what only the Gateway itself can show, with one secret.

An operator writes a canary into Vault and makes a token that can read only it. A disposable migration of the Gateway
copies it with that token into a disposable folder below the target location. Everything is removed afterwards, also
after a failure; what a killed probe left is removed first.
"""

from __future__ import annotations

import contextlib

from ..akeyless.gateway import Gateway
from ..common.checks import Check
from ..common.result import Mask, Params
from ..common.sessions import open_target
from ..credential.scope import areas_of, open_operator
from ..errors import OptionError, SecretferryError
from ..options.akeyless import AkeylessSettings
from ..options.durations import duration_of
from ..options.vault import VaultSettings
from ..plan.naming import join
from ..source.discover import find_roots
from ..vault.kv import KvReader, Mount
from ..vault.operator import as_operator
from .canary import Canary
from .probe_migration import ProbeMigration, ProbeSettings

__all__ = ["probe_checks"]


def _probe_name(name: str) -> str:
    """The name of everything that the probe of a migration makes."""
    return f"secretferry-probe-{name}"


async def probe_checks(params: Params, settings: AkeylessSettings, source: VaultSettings, mask: Mask) -> list[Check]:
    """Run the probe.

    :param settings: the Gateway.
    :param source: the Vault, with its address for this host.
    :param mask: registers credentials, so that no output shows one.
    """
    async with contextlib.AsyncExitStack() as stack:
        try:
            reader, session = await stack.enter_async_context(open_operator(params, mask))
            mount = await _mount(params, reader)
        except SecretferryError as error:
            error = as_operator(error)
            return [Check("probe_source", "failed", error.message, error.remedy)]
        store, _session = await stack.enter_async_context(open_target(settings, concurrency=4))
        timeout = duration_of("probe_timeout", params["probe_timeout"])
        canary = Canary(
            session,
            _probe_name(params["name"]),
            mount,
            ttl=int(timeout) + 180,
            list_mounts=params["list_mounts"],
        )
        mask([canary.value, canary.mark])
        probe = ProbeSettings(
            url=params["gateway_source_url"] or source.url,
            namespace=source.namespace,
            folder=join(params["target_location"], _probe_name(params["name"])),
            location=join(params["target_location"]),
            mode=params["metadata_mode"],
            key=params["protection_key"] or "",
            timeout=timeout,
        )
        return await ProbeMigration(probe, canary, Gateway(store.client), store, mask).run()


async def _mount(params: Params, reader: KvReader) -> Mount:
    """The mount for the canary: the one that is named, or the first that migrates."""
    if params["probe_mount"]:
        [root] = await find_roots(reader, [params["probe_mount"].strip("/") + "/"])
        return root.mount
    areas = await areas_of(reader, params["source"])
    if not areas:
        raise OptionError("probe_mount", "the operator may see no KV mount", "Name one that it may write to")
    return Mount(areas[0].mount, areas[0].version)
