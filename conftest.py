# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets a plain ``pytest tests/...`` find the collection too; ``make`` says itself which one is tested."""

from __future__ import annotations

import os
import random

from ferrydev.layout import link

os.environ.setdefault("ANSIBLE_COLLECTIONS_PATH", str(link()))
# One seed for all worker processes of a run, or they would disagree about what there is to do.
os.environ.setdefault("FERRY_SEED", str(random.randrange(10_000)))
