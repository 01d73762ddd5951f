# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The item ``definition``: the options of the migration, without credentials, and the random key of the digests."""

from __future__ import annotations

import json
import re
import secrets
import typing as t

from ..errors import AlreadyExists, Changed, LedgerError
from .digests import Digests
from .entry import FORMAT, parsed
from .items import LedgerItems

__all__ = ["DEFINITION", "StoredDefinition"]

DEFINITION = "definition"
_KEY = re.compile(r"(?:[0-9a-f]{2})+")


class StoredDefinition:
    """The definition as it is stored.

    :ivar content: ``None`` where there is none.
    :ivar digests: those of its key; of a new key until a definition is read.
    """

    def __init__(self, items: LedgerItems) -> None:
        self.content: dict[str, t.Any] | None = None
        self._items = items
        self._key = secrets.token_hex(32)
        self.digests = Digests(bytes.fromhex(self._key))

    def understand(self, text: str) -> dict[str, t.Any]:
        """Take the content of the item.

        :raises LedgerError: it was made by a newer release, or is damaged.
        """
        self.content = parsed(f"{self._items.folder}/{DEFINITION}", text, "digest_key", _is_key)
        self._key = self.content["digest_key"]
        self.digests = Digests(bytes.fromhex(self._key))
        return self.content

    async def write(self, values: dict[str, t.Any], *, alone: bool) -> bool:
        """Change members of the definition, or make it. Only under the lease.

        Several batches of a new migration may begin at the same moment: one of them makes the definition, the others
        read it.

        :param alone: whether the lease is that of the whole migration, so that no other run writes the definition.
        :returns: whether another run has just made it. Then ``digests`` are others than before.
        :raises LedgerError: another run made a different one.
        """
        content = {**(self.content or {}), "format": FORMAT, **values, "digest_key": self._key}
        text = json.dumps(content, sort_keys=True)
        if alone:
            await self._items.write(DEFINITION, text)
            self.content = content
            return False
        return await self._write_beside_others(content, text)

    async def _write_beside_others(self, content: dict[str, t.Any], text: str) -> bool:
        seen = self.content
        try:
            if not self._items.has(DEFINITION):
                await self._items.create(DEFINITION, text)
            elif await self._read() == seen:
                await self._items.replace(DEFINITION, text)
            else:
                raise Changed("")
        except (AlreadyExists, Changed):
            before: str = content["digest_key"]
            stored, own = ({**d, "digest_key": ""} for d in (await self._read(), content))
            if stored != own:
                raise LedgerError(
                    f"another run of this migration has just changed its options ({self._items.folder}/{DEFINITION})",
                    "Give all batches the same options, then run again",
                ) from None
            return self._key != before
        self.content = content
        return False

    async def _read(self) -> dict[str, t.Any]:
        return self.understand((await self._items.texts([DEFINITION])).get(DEFINITION, ""))


def _is_key(value: t.Any) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None
