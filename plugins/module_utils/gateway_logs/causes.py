# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Causes of failures of a Gateway's migration: the texts in logs that show them, and remedies. Pure.

The texts of Akeyless are those of its API (``Desc: Failed to create item. Status 400 Bad Request, Error: InvalidParam.
Message: ... item_metadata too long``), where the code decides if it says enough; those of Vault its API's and Go
client's. How a Gateway words the rest is not documented: the patterns are wide, and what none of them knows is the
cause ``unknown``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..akeyless.refusals import live_code

__all__ = ["CAUSES", "UNKNOWN", "Cause", "cause_of"]


_NEVER = re.compile("(?!)")
# An error came from Vault: its address is in the text, or words of its client.
_VAULT = re.compile(r"/v1/|making API request|\bvault\b|\bhashi", re.IGNORECASE)


@dataclass(frozen=True)
class Cause:
    """A reason why an item was not migrated.

    :param name: stays the same from release to release, for conditions in playbooks.
    :param reason: what happened, in our words.
    :param remedy: what to do about it, one sentence.
    :param pattern: texts in logs. The first cause that matches counts.
    :param of_vault: texts that count only where the log line names Vault.
    :param source: the failure is in reading the source, not in writing the target.
    """

    name: str
    reason: str
    remedy: str
    pattern: re.Pattern[str] = field(repr=False, default=_NEVER)
    of_vault: re.Pattern[str] = field(repr=False, default=_NEVER)
    source: bool = False

    def explains(self, text: str) -> bool:
        """Whether the text shows this cause."""
        return bool(self.pattern.search(text) or (self.of_vault.search(text) and _VAULT.search(text)))


def _cause(name: str, pattern: str, reason: str, remedy: str, *, of_vault: str = "", source: bool = False) -> Cause:
    ours = re.compile(of_vault, re.IGNORECASE) if of_vault else _NEVER
    return Cause(name, reason, remedy, re.compile(pattern, re.IGNORECASE), ours, source)


CAUSES = (
    _cause(
        "description_too_long",
        r"(?:item_)?(?:metadata|description) (?:is )?too long|too long[^.]{0,20}(?:metadata|description)",
        "the metadata does not fit into the item's description, which takes 1024 characters",
        "Set the migration's metadata mode to minimal or none, or move these secrets with kv_migration, which keeps"
        " long metadata in metadata items",
    ),
    _cause(
        "name_too_long",
        r"(?:item_)?(?:name|path) (?:is )?too long",
        "the item's name is too long",
        "Choose a shorter target location, or move the secret to a shorter path at the source",
    ),
    _cause(
        "value_too_long",
        r"value (?:is )?too (?:long|large)|too (?:long|large)[^.]{0,20}value|(?:payload|entity) too large",
        "the value is over the account's limit",
        "Split the secret at the source, or set import_as_json to false, so that each key becomes an item of its own",
    ),
    _cause(
        "name_invalid",
        r"invalid (?:item |secret )?(?:name|path)|forbid\w* the characters|(?:invalid|illegal|forbidden) characters?",
        "the name has characters that the account does not allow",
        "Allow these characters in the account's settings, rename the secret at the source, or move it with"
        " kv_migration, which replaces them reversibly",
    ),
    _cause(
        "custom_field_missing",
        r"(?:missing|required)[^.]{0,30}custom[ _]field",
        "the account requires a custom field that migrations do not fill",
        "Make the custom field optional in the account's settings for the length of the migration",
    ),
    _cause(
        "protection_key",
        r"protection[ _-]?key|InvalidType|\bkey\b[^.]{0,40}(?:not found|does not exist|cannot be used)",
        "the protection key does not exist, or is not AES-GCM",
        "Give an AES128GCM or AES256GCM key that the Gateway's identity may use as protection_key",
    ),
    _cause(
        "not_allowed_for_gateway",
        r"NotAllowedForThisGateway",
        "the caller may not use this Gateway",
        "Give the caller the Gateway permission automatic_migration",
    ),
    _cause(
        "source_sealed",
        r"vault is sealed",
        "the source is sealed, or in maintenance",
        "Unseal Vault, and start the migration again",
        of_vault=r"sealed|(?:code|status):? 503",
        source=True,
    ),
    _cause(
        "source_rate_limited",
        r"rate limit quota",
        "the source limits requests",
        "Raise Vault's rate limit quota for the length of the migration, and start it again",
        of_vault=r"(?:code|status):? 429|too many requests|quota",
        source=True,
    ),
    _cause(
        "source_denied",
        r"permission denied|no permission to (?:list|read)|(?:code|status):? 403",
        "the source denied access",
        "Check that the migration's Vault token works and may list and read this path (source_credential_info shows the"
        " policy)",
        of_vault=r"(?:code|status):? 401|forbidden|bad token|invalid token",
        source=True,
    ),
    _cause(
        "source_certificate",
        r"x509|certificate (?:verify|signed|has expired|is not)|tls: |ssl|unknown authority",
        "the source's certificate is not trusted by the Gateway",
        "Make the certificate authority of the source known to the Gateway",
        source=True,
    ),
    _cause(
        "source_unreachable",
        r"connection (?:refused|reset|timed out|attempts failed)|no such host|i/o timeout|dial tcp|no route to host"
        r"|deadline exceeded|connect(?:ion)?(?:error|timeout)|network is unreachable|unexpected EOF"
        r"|name or service not known|(?:read|pool)timeout",
        "the source did not answer",
        "Check the address in the migration, and that the Gateway itself may reach it (DNS, firewall, proxy)",
        source=True,
    ),
    _cause(
        "permission",
        r"UnauthorizedAccess|AccessForbidden|no (?:create|update|read|list|delete)\w* permission|access ?denied"
        r"|unauthorized|not authorized",
        "the Gateway's identity may not do this at the target location",
        "Give the Gateway's access id a role with create, read, update and list at the target location",
    ),
    _cause(
        "already_exists",
        r"AlreadyExists|already exists",
        "an item of that name exists already, and was not replaced",
        "Look at that item: rename it, or give the migration another target location",
    ),
    _cause(
        "quota",
        r"(?:transactions?|hourly|daily|account|license) (?:quota|limit)|quota (?:exceeded|reached)",
        "the account's quota is used up",
        "Wait until the quota is renewed or have it raised, and start the migration again",
    ),
    _cause(
        "rate_limited",
        r"(?:code|status):? 429|too many requests|rate limit",
        "Akeyless limits requests",
        "Raise the Gateway's GW_RATE_LIMIT or the account's limit, and start the migration again",
    ),
)
"""In the order in which they are tried."""

UNKNOWN = Cause(
    "unknown",
    "for a reason that this collection does not know",
    "Read the Gateway's own log at this time; its text is not shown in full, as it may hold values",
)

# Codes that say enough by themselves. For missing things and rejected values, the text decides.
_BY_CODE = {
    "NotAllowedForThisGateway": "not_allowed_for_gateway",
    "UnauthorizedAccess": "permission",
    "Unauthorized": "permission",
    "AccessForbidden": "permission",
    "Forbidden": "permission",
    "AlreadyExists": "already_exists",
    "Conflict": "already_exists",
    "InvalidType": "protection_key",
    "QuotaExceeded": "quota",
}
_ITEM = "\0"  # stands for the item's name
_MISSING = re.compile(r"(?:NotFound: the requested item|failed to obtain item) (?P<own>\0(?:$|[\s'\",.]))?")
_KEY_STEP = re.compile(r"upload secret cred", re.IGNORECASE)


def cause_of(text: str, item: str = "") -> Cause:
    """The cause that a log's text shows, :data:`UNKNOWN` where none matches.

    :param item: the item that was to be written; the words of its name decide nothing. When something else was not
        found meanwhile, it is the protection key.
    """
    words = text.replace(item, _ITEM) if item else text
    status, code = live_code(words)
    if code in ("", "NotFound"):
        missing = _MISSING.search(words)
        if (missing and item and not missing["own"]) or (code and _KEY_STEP.search(words)):
            return _named("protection_key")
    if code in _BY_CODE:
        return _named(_BY_CODE[code])
    # A refusal in Akeyless' own form is not one of the source.
    return next((cause for cause in CAUSES if not (status and cause.source) and cause.explains(words)), UNKNOWN)


def _named(name: str) -> Cause:
    return next(cause for cause in CAUSES if cause.name == name)
