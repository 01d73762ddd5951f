# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options ``source`` and ``operator_auth`` to areas of KV mounts, their policy, and a logged-in operator."""

from __future__ import annotations

import contextlib
import typing as t

from ..common.result import Mask, Params
from ..common.sessions import open_source
from ..errors import SecretferryError
from ..options.vault import resolve_operator
from ..plan.definition import Definition, merge
from ..source.discover import find_roots
from ..vault.kv import KvReader
from ..vault.operator import as_operator
from ..vault.policy import Policy, Rule, build_policy
from ..vault.policy_path import Area
from ..vault.session import VaultSession

__all__ = ["MOUNT_RULES", "areas_of", "kv_options", "open_operator", "policy_of"]

CONCURRENCY = 8

# How the Gateway finds mounts is not documented. It is assumed to need no right for it, see docs/preflight.md.
MOUNT_RULES = (Rule("sys/mounts", ("read",)),)


def kv_options(source: Params | None) -> Definition:
    """paths, include, exclude and kv_version of the option ``source``, checked as for a migration."""
    given = {key: (source or {}).get(key) for key in ("kv_version", "paths", "include", "exclude")}
    return merge({**given, "name": "credential", "target_location": "/any"}, None)


@contextlib.asynccontextmanager
async def open_operator(params: Params, mask: Mask) -> t.AsyncIterator[tuple[KvReader, VaultSession]]:
    """Log in as the operator.

    :param params: of a module with the options ``source`` and ``operator_auth``.
    :param mask: registers credentials, so that no output shows one.
    """
    settings = resolve_operator(params["operator_auth"], params["source"])
    mask(settings.secrets())
    async with contextlib.AsyncExitStack() as stack:
        kv_version = kv_options(params["source"]).kv_version
        try:
            reader, session = await stack.enter_async_context(
                open_source(settings, concurrency=CONCURRENCY, kv_version=kv_version)
            )
        except SecretferryError as error:
            raise as_operator(error) from None
        mask([session.token])
        yield reader, session


async def areas_of(reader: KvReader, source: Params | None) -> list[Area]:
    """The folders and secrets of the option ``source``.

    :raises OptionError: a path is in no KV mount.
    """
    roots = await find_roots(reader, kv_options(source).paths)
    return [Area(root.mount.path, root.mount.version, root.path) for root in roots]


def policy_of(areas: t.Sequence[Area], params: Params, *, source: Params | None, namespace: str) -> Policy:
    """The least-privilege policy for these areas.

    :param params: of a module with the options ``engine`` (``gateway`` lists folders from the top of a mount) and
        ``list_mounts`` (let the credential read ``sys/mounts``).
    :param source: the option ``source``.
    :param namespace: the namespace of Vault that the areas are in.
    :raises OptionError: no policy can express it.
    """
    options = kv_options(source)
    lines = ["What a migration into Akeyless must list and read, and nothing else."]
    if namespace:
        lines.append(f"For the namespace {namespace}: write it there, paths are relative to it.")
    return build_policy(
        areas,
        options.include,
        options.exclude,
        from_top=params["engine"] == "gateway",
        more=MOUNT_RULES if params["list_mounts"] else (),
        title=lines,
    )
