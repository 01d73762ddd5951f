# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of options that several modules have, made from the same tables as their argument specs.

The files in ``plugins/doc_fragments`` make their texts with this package when ansible-doc loads them, so a login that
appears below ``source``, ``operator_auth``, ``writer_auth`` and ``access`` is written once.
"""
