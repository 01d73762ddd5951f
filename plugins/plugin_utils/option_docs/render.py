# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a table of options and their texts to documentation in Ansible's form."""

from __future__ import annotations

import typing as t

import yaml

from ...module_utils.options.spec import Option

__all__ = ["DURATION", "Docs", "Texts", "as_yaml", "from_file", "read_from", "suboptions"]

Docs = dict[str, t.Any]
"""The documentation of one option, or of several by name, as ansible-doc reads it from YAML."""

Texts = t.Mapping[str, t.Sequence[str]]
"""Option to sentences. The words in braces are replaced: see :func:`suboptions`."""

DURATION = "A duration such as V(90s), V(5m) or V(1h30m); a number alone is seconds."


def suboptions(
    table: tuple[Option, ...], texts: Texts, prefix: str, extra: Texts, *, variables: bool, connection: str = ""
) -> Docs:
    """The documentation of each option of a table, with its variables and its twin ``<name>_file``.

    :param texts: ``{prefix}`` in them is replaced by the option path of the dict, ``{connection}`` by that of the
        connection, and ``{unset}`` by what "when it is omitted" means.
    :param extra: further sentences, after those of ``texts``.
    :param variables: whether environment variables stand for options that are omitted.
    """
    unset = "When neither the option nor the variable is set," if variables else "When omitted,"
    docs: Docs = {}
    for option in table:
        sentences = [
            sentence.replace("{prefix}", prefix).replace("{connection}", connection).replace("{unset}", unset)
            for sentence in (*texts[option.name], *extra.get(option.name, ()))
        ]
        if variables and option.env:
            sentences.append(read_from(option.env, files=option.type == "str"))
        docs[option.name] = {"description": sentences, "type": option.type}
        if option.choices:
            docs[option.name]["choices"] = list(option.choices)
        if option.file:
            docs[f"{option.name}_file"] = from_file(f"{prefix}.{option.name}")
    return docs


def from_file(option: str) -> Docs:
    """The documentation of the twin ``<name>_file`` of an option, which is given by its path."""
    return {"description": [f"A file that holds O({option}), on the host that runs the module."], "type": "path"}


def read_from(env: t.Sequence[str], *, files: bool = True) -> str:
    """The sentence on the environment variables of an option, and on those that name a file."""
    named = " or ".join(f"E({variable})" for variable in env)
    if not files:
        return f"Read from {named} when omitted."
    named_files = " or ".join(f"E({variable}_FILE)" for variable in env)
    return f"Read from {named} when omitted, or from the file that {named_files} names."


def as_yaml(docs: Docs) -> str:
    """The text of a documentation fragment."""
    return str(yaml.safe_dump(docs, sort_keys=False, allow_unicode=True, width=110))
