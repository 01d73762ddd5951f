# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Akeyless account allows, and how items are therefore named."""

from __future__ import annotations

from dataclasses import dataclass

from ..akeyless.item import strange_answer
from ..akeyless.items import ItemStore
from ..errors import ApiError, OptionError, PermissionDenied
from ..plan.definition import Definition
from ..plan.naming import Naming

__all__ = ["Account", "check_protection_key"]

_KEY_TYPES = ("AES128GCM", "AES256GCM")


@dataclass(frozen=True)
class Account:
    """What the account allows, as far as the caller may read it.

    :ivar invalid_characters: those not allowed in names; ``None`` if not known.
    :ivar kept_versions: how many versions of a static secret it keeps, at the most; ``None`` if not known.
    """

    invalid_characters: str | None = None
    kept_versions: int | None = None

    @classmethod
    async def ask(cls, store: ItemStore) -> Account:
        """From ``get-account-settings``, which many callers may not read."""
        try:
            answer = await store.client.call("get-account-settings", {}, what="account settings", repeatable=True)
        except ApiError as error:
            if error.status >= 500 or error.status == 429:
                raise
            return cls()  # forbidden, or a Gateway that does not know the command
        try:
            invalid = (answer.get("general_settings") or {}).get("invalid_characters")
            versions = (answer.get("object_version_settings") or {}).get("items") or ()
            kept = next((v.get("max-versions") for v in versions if "static" in str(v.get("item-type")).lower()), None)
        except (AttributeError, TypeError):
            raise strange_answer("account settings") from None
        if not isinstance(invalid, (str, type(None))):
            raise strange_answer("account settings")
        return cls(invalid, int(kept) if kept and str(kept).isdecimal() else None)

    def naming(self, definition: Definition) -> Naming:
        """How the migration names its items: the definition's own ``invalid_characters``, or else the account's."""
        invalid = definition.invalid_characters
        return Naming(
            definition.target_location,
            definition.namespace,
            invalid if invalid is not None else self.invalid_characters or "",
            definition.mount_folders,
        )


async def check_protection_key(store: ItemStore, name: str) -> None:
    """:raises OptionError: there is no such key, or it is of a kind that cannot protect secrets."""
    try:
        key = await store.describe(name)
    except PermissionDenied as error:
        raise OptionError("protection_key", f"{name} may not be read", error.remedy) from None
    if key is None:
        raise OptionError("protection_key", f"there is no key {name}", "Give the name of an existing AES-GCM key")
    if key.type not in _KEY_TYPES:
        raise OptionError(
            "protection_key", f"{name} is of type {key.type or 'unknown'}", f"Akeyless takes {' or '.join(_KEY_TYPES)}"
        )
