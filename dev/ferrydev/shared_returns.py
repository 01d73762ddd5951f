# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the return values that several modules document: ``python -m ferrydev.shared_returns``.

Before ansible-core 2.20 no documentation fragment can hold return values. So a module marks where they stand in its
RETURN, between two comments, and this program writes the lines between them:

    # begin shared: address gateway_requests; returned: success
    # end shared
"""

from __future__ import annotations

import re
from pathlib import Path

from ferrydev import layout

__all__ = ["MARKED", "MODULES", "written"]

MODULES = layout.CHECKOUT / "plugins" / "modules"
MARKED = re.compile(r"^# begin shared: ([\w ]+); returned: (.+)\n(?:.*\n)*?# end shared\n", re.MULTILINE)

_SHARED = {
    "address": """\
address:
  description:
    - The Gateway's address. C(type) is V(cluster), V(instance) or V(unknown), and C(reason) says why. An instance and
      its cluster look the same from outside, so V(unknown) is common behind load balancers.
  returned: {returned}
  type: dict
  sample:
    url: https://gateway.example.com:8000/api/v2
    type: cluster
    reason: a cluster is registered under this address
""",
    "gateway_requests": """\
requests:
  description: HTTP requests made, logins included.
  returned: {returned}
  type: dict
  sample:
    akeyless: 5
durations:
  description: Seconds spent.
  returned: {returned}
  type: dict
  sample:
    total: 0.412
""",
    "checks": """\
checks:
  description: Every check, in the order of docs/preflight.md.
  returned: {returned}
  type: list
  elements: dict
  contains:
    id:
      description: Stays the same from release to release.
      type: str
    verdict:
      description: V(ok), V(warning), V(failed), or V(unknown) where this module cannot find out.
      type: str
    evidence:
      description: What was seen.
      type: str
    remedy:
      description: What to do about it.
      type: str
  sample:
    - id: source_write
      verdict: failed
      evidence: "it may write or delete: secret/data/payments/db (create, update)"
      remedy: "Make a credential with secretferry.akeyless.source_credential, state: present, and use that"
summary:
  description: How many checks there are of each verdict.
  returned: {returned}
  type: dict
  sample:
    failed: 1
    warning: 0
    unknown: 2
    ok: 24
""",
    "policy": """\
policy:
  description: The least-privilege Vault policy for this source and engine, as HCL.
  returned: {returned}
  type: str
  sample: |
    # What a migration into Akeyless must list and read, and nothing else.
    path "secret/data/payments/*" {{ capabilities = ["read"] }}
    path "secret/metadata/payments/*" {{ capabilities = ["list", "read"] }}
""",
    "token": """\
token:
  description: The properties of the source's token, as far as Vault shows them; never the token itself.
  returned: {returned}
  type: dict
  sample:
    accessor: 0e9e354a-520f-df04-6867-ee81cae3d42d
    policies:
      - default
      - secretferry-payments
    ttl: 3541
    renewable: true
    root: false
""",
    "at_target": """\
at_target:
  description:
    - How much of the migration is at the target after the run, within its O(scope), counted from the target's listing
      and the ledger. In check mode, how much is there now. Null if the run ended early, so that it is not known.
    - C(secrets) have at least one item of this migration, complete or not. C(versions) are those that it wrote; null
      if a deletion of some was begun and not finished.
    - C(secrets_change) and C(versions_change) say what this run changed, and C(changes) which secrets, if the scope
      names no paths. They are null after an outage, because then it is not known.
  returned: {returned}
  type: dict
  contains:
    secrets:
      description: Secrets with an item.
      type: int
    versions:
      description: Versions of these items.
      type: int
    secrets_change:
      description: More secrets than before, or fewer.
      type: int
    versions_change:
      description: More versions than before, or fewer.
      type: int
    changes:
      description: The secrets of which there are more or fewer versions, at most O(report_limit).
      type: list
      elements: dict
    changes_count:
      description: How many such secrets there are, listed or not.
      type: int
  sample:
    secrets: 281
    versions: 808
    secrets_change: 1
    versions_change: 3
    changes:
      - source: secret/payments/db
        secrets_change: 1
        versions_change: 3
    changes_count: 1
""",
    "unreadable": """\
unreadable:
  description: Paths that may not be listed or read.
  returned: {returned}
  type: list
  elements: dict
  sample:
    - source: secret/payments/hsm/
      reason: may not be listed
unreadable_count:
  description: How many paths may not be listed or read, listed here or not.
  returned: {returned}
  type: int
  sample: 1
""",
    "ledger": """\
ledger:
  description: The folder of the ledger in Akeyless.
  returned: {returned}
  type: str
  sample: /migrated/payments/.secretferry/payments
""",
    "requests": """\
requests:
  description: HTTP requests made to each side, logins included.
  returned: {returned}
  type: dict
  sample:
    vault: 480
    akeyless: 352
""",
    "effort": """\
values_read:
  description: Values read, by side, those of the ledger's items included.
  returned: {returned}
  type: dict
  sample:
    vault: 342
    akeyless: 3
retries:
  description: Requests that were sent again, by side.
  returned: {returned}
  type: dict
  sample:
    vault: 0
    akeyless: 0
lowest_concurrency:
  description: The lowest value of the adaptive limit of requests in flight, by side.
  returned: {returned}
  type: dict
  sample:
    vault: 32
    akeyless: 32
transport:
  description: The HTTP library that read and wrote secrets.
  returned: {returned}
  type: str
  sample: httptools
""",
}


def written(text: str) -> str:
    """The text of a module with its marked return values as they should be."""

    def block(found: re.Match[str]) -> str:
        names, returned = found[1], found[2]
        lines = "".join(_SHARED[name].format(returned=returned) for name in names.split())
        return f"# begin shared: {names}; returned: {returned}\n{lines}# end shared\n"

    return MARKED.sub(block, text)


def _write(module: Path) -> None:
    text = module.read_text("utf-8")
    if written(text) != text:
        module.write_text(written(text), "utf-8")


if __name__ == "__main__":
    for path in sorted(MODULES.glob("*.py")):
        _write(path)
