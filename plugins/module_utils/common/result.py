# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module hands to its use case, and the result that the runner gives to Ansible."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..errors import SecretferryError

__all__ = ["Mask", "Params", "Result"]

Params = t.Mapping[str, t.Any]
"""The options of a module, as Ansible gives them."""

Mask = t.Callable[[t.Iterable[str]], None]
"""Registers credentials and values, so that no output of the module shows one."""


@dataclass
class Result:
    """What the module returns.

    :ivar values: the module's return values.
    :ivar error: set where anything that was asked for did not happen; the module then fails.
    """

    changed: bool = False
    values: dict[str, t.Any] = field(default_factory=dict)
    diff: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: SecretferryError | None = None
