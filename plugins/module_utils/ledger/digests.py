# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keyed digests: how the ledger remembers values without holding them."""

from __future__ import annotations

import base64
import contextlib
import hmac

from ..rawjson import canonical

__all__ = ["DIGEST_LENGTH", "Digests"]

DIGEST_LENGTH = 16
"""Characters of a digest."""


class Digests:
    """Keyed digests (HMAC-SHA-256, cut to 96 bits): equal for equal values, and useless without the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_value(self, value: str, form: str) -> str:
        """The digest of a value. ``json``: of its canonical form, in any order of its keys; ``text``: as it is."""
        if form == "json":
            with contextlib.suppress(ValueError):
                return self._of(canonical(value))
        return self._of(value)

    def of_text(self, text: str) -> str:
        """The digest of a description; empty for an empty one."""
        return self._of(text) if text else ""

    def _of(self, text: str) -> str:
        digest = hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")
        return base64.urlsafe_b64encode(digest[:12]).decode()
