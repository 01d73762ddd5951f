# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One line of a Vault audit log (file device, format JSON): who made which request of a KV mount. Pure.

The form of a line is that of Vault's ``audit/types.go``, and the same in OpenBao. Vault writes a line for each request
and one for its response. The response repeats the request, and is the only one that has the version that was read. So
only responses count. Newer servers sort the members by name, older ones begin with the time: both are recognised.

Nothing is taken of a line but what :class:`Use` and :class:`SeenLogin` have: never an HMAC, a token or a value.
"""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timezone

from .identity import Identity, identity_of

__all__ = ["AREAS", "BrokenLine", "RawLog", "SeenLogin", "Use", "parse_response", "type_of"]

AREAS = ("data", "metadata", "delete", "undelete", "destroy", "subkeys")
"""The first segments of paths in a KV v2 mount that name secrets."""

Outcome = t.Literal["done", "denied", "failed"]

_HMAC = "hmac-sha256:"
_ENDS = {b'"type":"request"}': "request", b'"type":"response"}': "response"}
_HEAD = 96  # bytes in which older servers have the type


class RawLog(Exception):
    """The log has tokens that are not hashed (``log_raw``), so it has values, too."""


class BrokenLine(Exception):
    """A line is not a whole entry."""


class Use(t.NamedTuple):
    """A request of a KV mount.

    :ivar mount: with a slash at its end; empty where the line does not say it, as for some denied requests.
    :ivar path: in the mount, with the area of KV v2; with the mount where :attr:`mount` is empty.
    :ivar operation: Vault's word: ``read``, ``list``, ``create``, ``update``, ``patch``, ``delete``.
    :ivar outcome: ``denied``: Vault's policies denied it. ``failed``: for another reason.
    :ivar version: the version that was asked for by number and read; 0 for none.
    :ivar kv_version: what the line shows of the mount; 0 for nothing.
    """

    namespace: str
    mount: str
    path: str
    operation: str
    outcome: Outcome
    identity: Identity
    address: str
    moment: str
    version: int
    kv_version: int


class SeenLogin(t.NamedTuple):
    """A login, or a token that was made: which auth mount an identity comes from."""

    namespace: str
    mount: str
    identity: Identity


def type_of(line: bytes) -> str:
    """``request``, ``response``, or empty for what is not an entry. Fast, as it is asked of every line."""
    end = line[-18:]
    for mark, name in _ENDS.items():
        if end.endswith(mark):
            return name
    head = line[:_HEAD]
    if line.endswith(b"}"):
        for mark, name in _ENDS.items():
            if mark[:-1] in head:
                return name
    return ""


def may_matter(line: bytes) -> bool:
    """Whether a response is worth parsing: one of a KV mount, one that was denied, or one that has made a token."""
    if b'"mount_type":"kv"' in line or b'"mount_type":"generic"' in line or b"permission denied" in line:
        return True
    at = line.find(b'"path":"auth/')
    # Most requests of the token store are renewals and lookups.
    return at >= 0 and (not line.startswith(b"token/", at + 13) or line.startswith(b"token/create", at + 13))


def parse_response(line: bytes) -> Use | SeenLogin | None:
    """What a response says; ``None`` where it says nothing about KV mounts or logins.

    :raises RawLog: it has a token that is not hashed.
    :raises BrokenLine: it is not a whole entry.
    """
    if not may_matter(line):
        return None
    try:
        # An audit device may have a prefix.
        record = json.loads(line if line.startswith(b"{") else line[line.find(b"{") :])
        request, auth = record["request"], record.get("auth") or {}
        response = record.get("response") or {}
        given = response.get("auth") or {}
        _check_hashed(request, auth, given, response.get("wrap_info") or {})
        namespace = str((request.get("namespace") or {}).get("path") or "")
        mount = _inside(namespace, str(request.get("mount_point") or ""))
        if given:
            return SeenLogin(namespace, mount, identity_of(given))
        path = _inside(namespace, str(request["path"])).lstrip("/")
        kind = request.get("mount_type")
        if kind not in ("kv", "generic") and (kind or not _is_denied(record, auth)):
            return None
        if kind and not mount:
            mount = _mount_in(path)
        return _use(record, request, auth, response, namespace, mount, path)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BrokenLine from None


def _use(
    record: dict[str, t.Any],
    request: dict[str, t.Any],
    auth: dict[str, t.Any],
    response: dict[str, t.Any],
    namespace: str,
    mount: str,
    path: str,
) -> Use:
    outcome: Outcome = "denied" if _is_denied(record, auth) else "failed" if record.get("error") else "done"
    if mount and path.startswith(mount):
        path = path[len(mount) :]
    else:
        mount = ""
    answered = response.get("data")
    kv_version = version = 0
    if mount and outcome == "done" and answered:
        area = path.partition("/")[0]
        known = (answered.get("metadata") or {}).get("version") if isinstance(answered.get("metadata"), dict) else None
        if area in ("data", "subkeys") and isinstance(known, int):
            kv_version = 2
            version = known if "version" in (request.get("data") or {}) else 0
        elif area == "data" and isinstance(answered.get("version"), int):
            kv_version = 2  # a write: its answer is the metadata of the new version
        elif area not in (*AREAS, "config"):
            kv_version = 1
    return Use(
        namespace,
        mount,
        path,
        str(request["operation"]),
        outcome,
        identity_of(auth),
        str(request.get("remote_address") or ""),
        _seconds(str(record["time"])),
        version,
        kv_version,
    )


def _is_denied(record: dict[str, t.Any], auth: dict[str, t.Any]) -> bool:
    results = auth.get("policy_results")
    return (results is not None and not results.get("allowed")) or "permission denied" in str(record.get("error") or "")


def _check_hashed(*holders: dict[str, t.Any]) -> None:
    for holder in holders:
        for member in ("client_token", "token"):
            if not str(holder.get(member) or _HMAC).startswith(_HMAC):
                raise RawLog


def _mount_in(path: str) -> str:
    """The mount in the path of a request, for older servers, which name only its type: a guess."""
    first, *others = path.split("/")
    before = next((at for at, segment in enumerate(others) if segment in AREAS), 0)
    return "/".join([first, *others[:before]]) + "/"


def _inside(namespace: str, path: str) -> str:
    """A path in its namespace: some servers put the namespace in front of it."""
    return path.removeprefix(namespace) if namespace else path


def _seconds(text: str) -> str:
    """A time in UTC in whole seconds, such as ``2026-11-24T08:00:00``, so that times compare as texts."""
    if text.endswith("Z") and len(text) >= 20:
        return text[:19]
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc).isoformat()[:19]
