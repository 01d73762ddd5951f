# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``kv_info``: from its options to its result. Reads only, on either side."""

from __future__ import annotations

import typing as t

from ..common.result import Mask, Params, Result
from ..options.spec import akeyless_spec
from ..plan.definition import LAYOUTS, Definition
from ..plan.metadata import MODES
from ..plan.spec import kv_source_spec
from .session import assess_source

__all__ = ["assess", "info_spec"]


def info_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "source": kv_source_spec(),
        "akeyless": akeyless_spec(),
        "target_location": {"type": "str"},
        "read_values": {"type": "bool", "default": True},
        "metadata_mode": {"type": "str", "choices": list(MODES), "default": Definition.metadata_mode},
        "versions": {"type": "str", "default": Definition.versions},
        "layout": {"type": "str", "choices": list(LAYOUTS), "default": Definition.layout},
        "value_limit": {"type": "int", "default": Definition.value_limit},
        "invalid_characters": {"type": "str"},
        "mount_folders": {"type": "dict"},
        "concurrency": {"type": "int", "default": Definition.concurrency},
        "report_limit": {"type": "int", "default": 500},
    }


async def assess(params: Params, *, check: bool, mask: Mask) -> Result:
    """Assess a source, and the target if it is given; see :func:`.session.assess_source`.

    :param check: makes no difference: nothing is ever written.
    """
    return await assess_source(params, mask)
