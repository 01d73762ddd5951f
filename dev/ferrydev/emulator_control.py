# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests ask of a running emulator, by its control routes."""

from __future__ import annotations

import json
import typing as t
import urllib.error
import urllib.request

__all__ = ["Control", "EmulatorError", "call"]


class EmulatorError(Exception):
    """The emulator did not start, or refused a control request."""


class Control:
    """The control routes of an emulator."""

    def __init__(self, url: str) -> None:
        self._base = f"{url}/_emulator"

    def routes(self) -> list[str]:
        """Every control route, as ``GET counters``."""
        return t.cast("list[str]", call(f"{self._base}/routes"))

    def counters(self) -> dict[str, t.Any]:
        """requests, routes, statuses, writes (requests), writes_applied, values_read, dropped, hanging."""
        return self._get("counters")

    def reset_counters(self) -> dict[str, t.Any]:
        """The counters until now; from here on they count from 0. Empties the journal too."""
        return self._post("counters")

    def journal(self, since: int = 0) -> list[list[str]]:
        """``[route, name, outcome]`` of every request, in order; the setting ``journal`` must be on."""
        return t.cast("list[list[str]]", call(f"{self._base}/journal?since={since}"))

    def dump(self, *, stable: bool = False) -> dict[str, t.Any]:
        """Every item with all versions and values, by name; ``stable`` leaves out ids and times."""
        return t.cast("dict[str, t.Any]", self._get("dump?stable=1" if stable else "dump")["items"])

    def settings(self, **changes: t.Any) -> dict[str, t.Any]:
        """Change settings; gives all of them back."""
        return self._post("settings", changes)

    def faults(self, **wanted: t.Any) -> dict[str, t.Any]:
        """Replace all faults by ``seed``, ``latency_ms``, ``rate_limit``, ``rules``; without any: no faults."""
        return self._post("faults", wanted)

    def struck(self) -> list[int]:
        """How often each fault rule has applied."""
        return [rule["struck"] for rule in self._get("faults")["rules"]]

    def clock(self, *, advance: float = 0, **state: bool) -> str:
        """Move the clock forward by seconds; ``held=True`` keeps it in that second, ``held=False`` lets it go on.

        A reset brings the true time back. Gives the time, in RFC 3339.
        """
        return str(self._post("clock", {"advance": advance, **state})["now"])

    def expire_tokens(self) -> int:
        """End every token now."""
        return int(self._post("expire-tokens")["expired"])

    def wait_hanging(self, seconds: float = 10) -> bool:
        """Wait until a request hangs because of a fault ``hang``."""
        return bool(self._get(f"hanging?wait={seconds:g}")["hanging"])

    def release(self) -> None:
        """Let hanging requests go on."""
        self._post("release")

    def add_dynamic_secret(self, name: str) -> None:
        """Make an item that is no static secret, of a kind that has no value."""
        self._post("dynamic-secret", {"name": name})

    def lock(self, name: str, *actions: str, by: str = "p-other") -> None:
        """Lock an item for ``read``, ``update`` or both, for all but the access id ``by``; no actions unlock it."""
        self._post("lock", {"name": name, "actions": list(actions), "by": by})

    def snapshot(self, name: str) -> None:
        """Remember all items under a name."""
        self._post("snapshot", {"name": name})

    def reset(self, snapshot: str = "") -> None:
        """Items as in the snapshot, or as at the start; all else as configured; counters 0. Tokens stay."""
        self._post("reset", {"snapshot": snapshot})

    def _get(self, route: str) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", call(f"{self._base}/{route}"))

    def _post(self, route: str, body: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", call(f"{self._base}/{route}", body or {}))


def call(url: str, body: dict[str, t.Any] | None = None) -> t.Any:
    """The decoded answer of the emulator to a GET, or to a POST with this body.

    :raises EmulatorError: it refused.
    """
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise EmulatorError(f"{url}: {error.code} {error.read().decode('utf-8', 'replace')}") from None
