# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the parts of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..akeyless.items import ItemStore
from ..common.workdb import WorkDb
from ..ledger.ledger import Ledger
from ..plan.definition import Definition
from ..plan.model import PlanPolicy
from ..plan.naming import Naming
from ..plan.scope import Scope
from ..target.count import TargetCount
from ..target.listing import Listing
from ..vault.kv import KvReader
from .report import MigrationReport

__all__ = ["LatestChange", "RunContext"]


@dataclass
class LatestChange:
    """When an item of the migration was changed last, as far as this run can tell.

    :ivar moment: seconds since the epoch by the server's clock; 0 where nothing was changed.
    """

    moment: float = 0.0

    def note(self, moment: float) -> None:
        """An item was changed at this moment, or just before."""
        self.moment = max(self.moment, moment)


@dataclass(frozen=True)
class RunContext:
    """The two sides, the ledger, the plan's policies and the report of one run.

    :ivar check: whether the run is in check mode, and must not write.
    :ivar syncing: whether the run is a pass of ``kv_sync``.
    """

    definition: Definition
    reader: KvReader
    store: ItemStore
    ledger: Ledger
    workdb: WorkDb
    report: MigrationReport
    naming: Naming
    listing: Listing
    count: TargetCount
    policy: PlanPolicy
    scope: Scope
    check: bool = False
    syncing: bool = False
    latest_change: LatestChange = field(default_factory=LatestChange)

    @property
    def one_item_per_key(self) -> bool:
        """Whether each key of a secret is an item of its own (``layout: keys``)."""
        return self.definition.layout == "keys"

    @property
    def form(self) -> str:
        """The format of the items' values, ``json`` or ``text``."""
        return "text" if self.one_item_per_key else "json"
