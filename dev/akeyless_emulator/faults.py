# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on purpose: latency, rate limits, errors, lost connections, hangs. Shapes: README.md, "Faults"."""

from __future__ import annotations

import math
import random
import time
import typing as t
from dataclasses import dataclass, field, fields

__all__ = ["Faults", "RateLimit", "Rule"]

_ACTIONS = ("error", "drop", "delay", "hang", "expire_tokens")


@dataclass
class Rule:
    """One fault: the requests that it applies to, and what happens to them.

    Of the requests to ``routes`` since the rule was set, numbered from 1: those in ``nth``, every ``every``-th,
    or each with ``probability``; all of them where nothing is said. At most ``times`` of them, 0 for no limit.
    """

    action: str
    routes: list[str] = field(default_factory=lambda: ["*"])
    when: str = "before"
    nth: list[int] = field(default_factory=list)
    every: int = 0
    probability: float = 0.0
    times: int = 0
    status: int = 503
    text: str = "the service is unavailable"
    retry_after: float = 0.0
    delay_ms: int = 0
    seen: int = 0
    struck: int = 0

    def strikes(self, route: str, write: bool, chance: random.Random) -> bool:
        """Count a request, and return whether the fault applies to it."""
        if not ("*" in self.routes or route in self.routes or (write and "writes" in self.routes)):
            return False
        self.seen += 1
        if self.times and self.struck >= self.times:
            return False
        if self.nth:
            hit = self.seen in self.nth
        elif self.every:
            hit = self.seen % self.every == 0
        else:
            hit = not self.probability or chance.random() < self.probability
        self.struck += hit
        return hit


@dataclass
class RateLimit:
    """At most ``requests`` in a window of ``seconds``; the rest gets 429. ``retry_after`` 0: until the window ends."""

    requests: int
    seconds: float = 1.0
    retry_after: float = 0.0
    refused: int = 0
    _window: float = field(default=0.0, repr=False)
    _used: int = field(default=0, repr=False)

    def refuse(self) -> int:
        """Whole seconds to wait, for the header Retry-After; 0 lets the request through."""
        now = time.monotonic()
        if now - self._window >= self.seconds:
            self._window, self._used = now, 0
        self._used += 1
        if self._used <= self.requests:
            return 0
        self.refused += 1
        return max(1, math.ceil(self.retry_after or self._window + self.seconds - now))


class Faults:
    """All faults that are set. Equal seeds and equal requests give equal faults."""

    def __init__(self, wanted: dict[str, t.Any] | None = None) -> None:
        self.latency_ms = 0.0
        self.rate_limit: RateLimit | None = None
        self.rules: list[Rule] = []
        self.set(wanted or {})

    def set(self, wanted: dict[str, t.Any]) -> None:
        """Replace everything. ValueError for what it does not know."""
        if unknown := wanted.keys() - {"seed", "latency_ms", "rate_limit", "rules"}:
            raise ValueError(f"unknown faults: {', '.join(sorted(unknown))}")
        rules = [_make(Rule, rule) for rule in wanted.get("rules", [])]
        for rule in rules:
            if rule.action not in _ACTIONS or rule.when not in ("before", "after"):
                raise ValueError(f"unknown fault: {rule.action} {rule.when}")
        limit = wanted.get("rate_limit")
        self.rate_limit = _make(RateLimit, limit) if limit else None
        self.latency_ms = float(wanted.get("latency_ms", 0))
        self.rules = rules
        self._chance = random.Random(wanted.get("seed", 1))

    @property
    def active(self) -> bool:
        return bool(self.rules or self.rate_limit or self.latency_ms)

    def strike(self, route: str, write: bool, *, named: bool = False) -> list[Rule]:
        """The rules that hit this request; ``named``: only those that name the route."""
        rules = [rule for rule in self.rules if route in rule.routes] if named else self.rules
        return [rule for rule in rules if rule.strikes(route, write, self._chance)]

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "latency_ms": self.latency_ms,
            "rate_limit": _public(self.rate_limit) if self.rate_limit else None,
            "rules": [_public(rule) for rule in self.rules],
        }


_Made = t.TypeVar("_Made", Rule, RateLimit)


def _make(cls: type[_Made], wanted: dict[str, t.Any]) -> _Made:
    if unknown := wanted.keys() - {f.name for f in fields(cls) if f.name not in ("seen", "struck", "refused")}:
        raise ValueError(f"unknown keys of a fault: {', '.join(sorted(unknown))}")
    try:
        return cls(**wanted)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _public(made: Rule | RateLimit) -> dict[str, t.Any]:
    return {name: value for name, value in vars(made).items() if name[0] != "_"}
