# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Audit logs as Vault writes them, made by hand: for tests of what a real server rarely logs."""

from __future__ import annotations

import asyncio
import json
import typing as t
from pathlib import Path

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.usage.module import find_usage, usage_spec

__all__ = ["HMAC", "auth_block", "entry", "line_of", "usage_of", "written"]

HMAC = "hmac-sha256:" + "0a" * 32


def auth_block(app: str = "checkout", **changes: t.Any) -> dict[str, t.Any]:
    """The block of a token of the AppRole ``app``."""
    return {
        "accessor": HMAC,
        "client_token": HMAC,
        "display_name": "approle",
        "entity_id": f"entity-{app}",
        "metadata": {"role_name": app},
        "policy_results": {"allowed": True},
        **changes,
    }


def entry(path: str = "secret/data/a", operation: str = "read", **changes: t.Any) -> dict[str, t.Any]:
    """A response of a KV v2 mount. ``changes`` of ``request`` are merged, others replace."""
    request = {
        "client_token": HMAC,
        "id": "1",
        "mount_point": f"{path.partition('/')[0]}/",
        "mount_type": "kv",
        "namespace": {"id": "root"},
        "operation": operation,
        "path": path,
        "remote_address": "10.0.0.1",
        **changes.pop("request", {}),
    }
    request = {key: value for key, value in request.items() if value is not None}
    answer = {"data": {"data": {"k": HMAC}, "metadata": {"version": 3}}} if operation == "read" else {}
    return {
        "auth": auth_block(),
        "request": request,
        "response": answer,
        "time": "2026-11-24T08:00:00.5Z",
        "type": "response",
        **changes,
    }


def line_of(record: dict[str, t.Any]) -> bytes:
    """As the server writes it, its members by name, without the end of the line."""
    return json.dumps(dict(sorted(record.items())), separators=(",", ":")).encode()


def written(file: Path, *records: dict[str, t.Any]) -> Path:
    """Write a log."""
    file.write_bytes(b"".join(line_of(record) + b"\n" for record in records))
    return file


def usage_of(*files: Path, **options: t.Any) -> Result:
    """What the module finds. Options go through its own argument spec."""
    given = {"paths": [str(file) for file in files], **options}
    validated = ArgumentSpecValidator(usage_spec()).validate(given)
    assert not validated.error_messages, validated.error_messages
    return asyncio.run(find_usage(validated.validated_parameters, check=False, mask=lambda _secrets: None))
