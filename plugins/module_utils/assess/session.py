# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assessing a source from the options of ``kv_info``, for that module and for ``preflight``."""

from __future__ import annotations

import contextlib
import time
import typing as t
from dataclasses import replace

from ..common.result import Mask, Params, Result
from ..common.sessions import open_source, open_target
from ..errors import SecretferryError
from ..options.akeyless import resolve_akeyless
from ..options.numbers import report_limit_of
from ..options.vault import resolve_source
from ..plan.definition import Definition, check_identity, check_root, merge
from .report import describe
from .run import AssessmentRun
from .target import TargetAssessment, has_credentials
from .workdb import AssessDb

__all__ = ["assess_source"]

_OPTIONS = ("metadata_mode", "versions", "layout", "concurrency", "value_limit", "invalid_characters", "mount_folders")
_SOURCE_OPTIONS = ("kv_version", "paths", "include", "exclude")


async def assess_source(params: Params, mask: Mask) -> Result:
    """Assess a source, and the target if it is given.

    :param params: the options of ``kv_info``.
    :param mask: is called with every credential, so that nothing that is printed can show one.
    :raises SecretferryError: nothing could be assessed. Errors that end it early come in ``Result.error``, with
        what was seen by then.
    """
    started = time.monotonic()
    definition = _definition(params)
    settings = resolve_source(params["source"])
    mask(settings.secrets())
    definition = replace(definition, source_url=settings.url, namespace=settings.namespace)
    result = Result()
    async with contextlib.AsyncExitStack() as stack:
        target, target_session = await _open_target(params, definition, mask, stack)
        reader, session = await stack.enter_async_context(
            open_source(settings, concurrency=definition.concurrency, kv_version=definition.kv_version)
        )
        workdb = AssessDb(keys=definition.layout == "keys")
        stack.callback(workdb.close)
        run = AssessmentRun(
            definition, reader, workdb, target, limit=params["report_limit"], read_values=params["read_values"]
        )
        await run.discover()
        try:
            await run.assess()
        except SecretferryError as error:
            result.error = error
        requests = {"vault": reader.client.transport.requests + session.requests}
        if target.store is not None:
            requests["akeyless"] = target.store.client.transport.requests + target_session.requests
        describe(run, requests, result)
        result.values["durations"] = {**run.durations, "total": round(time.monotonic() - started, 3)}
    return result


def _definition(params: Params) -> Definition:
    """The options as a migration's definition, checked in the same way."""
    if params["target_location"]:
        check_identity("kv_info", params["target_location"])
    report_limit_of(params)
    given = {key: params[key] for key in _OPTIONS}
    source = params["source"] or {}
    given.update({key: source.get(key) for key in _SOURCE_OPTIONS})
    definition = merge({**given, "name": "kv_info", "target_location": params["target_location"] or "/"}, None)
    if params["target_location"]:
        check_root(definition)
    return definition


async def _open_target(
    params: Params, definition: Definition, mask: Mask, stack: contextlib.AsyncExitStack
) -> tuple[TargetAssessment, t.Any]:
    if not params["target_location"]:
        return TargetAssessment("", reason="target_location is not given"), None
    location = definition.target_location
    if not has_credentials(params["akeyless"]):
        return TargetAssessment(location, reason="no credentials for Akeyless are given"), None
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    store, session = await stack.enter_async_context(open_target(settings, concurrency=definition.concurrency))
    target = TargetAssessment(location, store)
    await target.ask_account()
    return target, session
