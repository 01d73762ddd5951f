# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/vocabulary.md holds: no old name is there, the rules of form are kept, and no other word is used for a thing."""

from __future__ import annotations

import re
import typing as t
from functools import lru_cache

import pytest
import yaml
from public_names import (
    MODULES,
    code_texts,
    doc_texts,
    options,
    public_names,
    return_keys,
    returns,
    used_names,
    variables,
    yaml_texts,
)

from ansible_collections.secretferry.akeyless.plugins.module_utils.assess.findings import RULES
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway_logs.causes import CAUSES
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.model import Kind
from ansible_collections.secretferry.akeyless.plugins.module_utils.preflight.spec import ids_of, preflight_spec
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.option_docs.render import DURATION
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.model import (
    SECTIONS,
    BatchProgress,
    ReportRow,
)
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.view import TONES
from ferrydev.layout import CHECKOUT

PAGE = (CHECKOUT / "docs" / "vocabulary.md").read_text("utf-8")
INVENTORY = "kv_batches"


def table(title: str) -> list[list[str]]:
    """The rows of the tables below a heading, without their heads."""
    part = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"]
    return [row for row in rows if not set(row[0]) <= set("- ") and row[0] not in ("word", "action", "where")]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# Names of the table that are in the same place with another meaning: place and name to what it is now.
STILL_THERE = {
    ("`kv_info`, `gateway_log_info`, `rollout_report`", "report_limit"): "its default has changed, not its name",
    ("`kv_verify`", "different"): "a count of the summary; that of an application is different_values",
    ("`source_credential`", "revoked"): "whether one credential is revoked; the list is revocations",
    ("`source_credential`", "credential.state"): "its values have changed, not its name",
    ("`gateway_migration_info`", "timeout"): "akeyless.timeout, of one request; that of the run is wait_timeout",
    ("inventory", "secretferry_batch"): "the batch's name; its bits are in the option scope",
}


@lru_cache
def names_where(where: str) -> frozenset[str]:
    """All names at the place that a row of "Renamed before 1.0" speaks of; none for a place that is not known."""
    if where == "all modules":
        modules = set(MODULES)
    elif where == "Gateway modules":
        modules = {module for module in MODULES if module.startswith("gateway_")}
    elif where.startswith("playbook") or where == "roles":
        return used_names()
    elif where.startswith("report, "):
        model = (SECTIONS, ReportRow.__annotations__, BatchProgress.__annotations__, TONES)
        return frozenset(name for names in model for name in names)
    elif where == "option `scope`":
        return frozenset(name for module in MODULES for name in public_names(module) if name.startswith("scope."))
    else:
        modules = {INVENTORY} if where == "inventory" else {*names_in(where)} & {*MODULES}
    found = {name for module in modules for name in public_names(module)}
    if "kv_info" in modules:
        found |= {rule.id for rule in RULES}
    if "preflight" in modules:
        found |= {check for engine in preflight_spec()["engine"]["choices"] for check in ids_of(engine, probe=True)}
    if "gateway_log_info" in modules:
        found |= {cause.name for cause in CAUSES}
    if {"kv_migration", "kv_sync"} & modules:
        found |= set(t.get_args(Kind))
    return frozenset(found)


RENAMED = [(row[0], old) for row in table("Renamed before 1.0") for old in names_in(row[1])]


@pytest.mark.parametrize(("where", "old"), RENAMED)
def test_an_old_name_is_not_there_any_more(where: str, old: str) -> None:
    assert names_where(where), "the row speaks of a place that this test does not know"
    assert (old.replace("[]", "") in names_where(where)) is ((where, old) in STILL_THERE)


def test_old_names_would_be_found() -> None:
    """The names that are there now are found where their rows say."""
    for where, now in (
        ("`kv_migration`", "conflict: append"),
        ("`kv_migration`", "unreadable_paths: warn"),
        ("`kv_migration`, `kv_sync`", "update_metadata"),
        ("`kv_migration`, `kv_sync`, `kv_verify`", "summary.removed_at_source"),
        ("option `scope`", "scope.hash_prefix"),
        ("`kv_sync`", "state: synced"),
        ("`kv_sync`", "outages.attempts"),
        ("`kv_rollback`", "plan.deleted_versions"),
        ("`kv_verify`", "access_expected_denials"),
        ("`kv_verify`", "out_of_order"),
        ("`kv_info`", "findings.id"),
        ("`kv_info` findings", "replaced_names"),
        ("`preflight` checks", "akeyless_ttl"),
        ("`source_credential`, `akeyless_token`", "already_revoked"),
        ("Gateway modules", "address.type"),
        ("`gateway_log_info`", "source_denied"),
        ("`rollout_report`", "complete_credentials_open"),
        ("report, states", "verification_failed"),
        ("report, batches", "at_target"),
        ("inventory", "secretferry_secret_count"),
        ("playbooks", "secretferry_hosts"),
        ("roles", "secretferry_verify_extra_items"),
    ):
        assert now in names_where(where), (where, now)
    assert set(STILL_THERE) <= set(RENAMED)


# --- rules of form

# Lists that report_limit does not bound, in modules that have the option: why.
NOT_BOUNDED = {
    "gateway_cluster_info.clusters": "the clusters of an account",
    "gateway_cluster_info.instances": "one entry for each address in the option",
    "gateway_log_info.causes": "at most one entry for each cause that is known",
    "gateway_log_info.messages": "one sentence for each entry of causes",
    "gateway_migration_info.migrations": "all are returned",
    "kv_info.findings": "at most one entry for each rule",
    "kv_info.what_to_do": "one line for each of findings, and two more",
    "kv_rollback.runs": "ids, all of them",
    "kv_sync.runs": "a window, the last 50",
    "kv_verify.access": "one entry for each application in the option",
    "rollout_report.remaining": "one sentence for each sort of work that remains",
}


def lists_without_count(module: str, entries: t.Iterable[tuple[str, dict[str, t.Any], dict[str, t.Any]]]) -> set[str]:
    """The lists of a module's results, by ``module.path``, that have no ``<list>_count`` beside them."""
    return {
        f"{module}.{path}"
        for path, entry, siblings in entries
        if entry.get("type") == "list" and f"{path.rpartition('.')[2]}_count" not in siblings
    }


def test_a_list_that_report_limit_bounds_has_its_count() -> None:
    limited = [module for module in MODULES if any(path == "report_limit" for path, *_ in options(module))]
    assert set().union(*(lists_without_count(module, returns(module)) for module in limited)) == set(NOT_BOUNDED)
    assert lists_without_count("m", [("a.b", {"type": "list"}, {"b": {}, "a_count": {}})]) == {"m.a.b"}


def test_report_limit_has_one_default() -> None:
    documented = [entry for module in MODULES for path, entry, _siblings in options(module) if path == "report_limit"]
    assert len(documented) >= 9
    assert {(entry["type"], entry["default"]) for entry in documented} == {("int", 500)}
    declared = re.findall(r'"report_limit": (\{.*\})', "\n".join(sources()))
    assert set(declared) == {'{"type": "int", "default": 500}'}


def sources() -> t.Iterator[str]:
    for path in (CHECKOUT / "plugins" / "module_utils").rglob("*.py"):
        yield path.read_text("utf-8")


DICT_METHODS = frozenset(name for name in dir(dict) if not name.startswith("_"))


def keys_named_like_methods(paths: t.Iterable[str]) -> list[str]:
    """Paths of results with a key that Jinja's dot notation cannot reach: it finds the method of the dict instead."""
    return [path for path in paths if DICT_METHODS & set(path.split("."))]


@pytest.mark.parametrize("module", MODULES)
def test_no_return_key_is_a_method_of_dicts(module: str) -> None:
    assert keys_named_like_methods(return_keys(module)) == []


def test_a_return_key_that_is_a_method_would_be_found() -> None:
    assert keys_named_like_methods(["totals.items", "drift.values", "totals.planned_items"]) == [
        "totals.items",
        "drift.values",
    ]
    assert "estimate.planned_items" in return_keys("kv_info"), "keys of samples count, too"


def test_variables_have_one_prefix() -> None:
    # Those of Ansible, and those that infra.aap_configuration takes.
    known = ("secretferry_", "ansible_", "controller_")
    assert {name: files for name, files in variables().items() if not name.startswith(known)} == {}
    assert len(variables()) > 100


def description(entry: dict[str, t.Any]) -> str:
    text = entry["description"]
    return text if isinstance(text, str) else " ".join(text)


_IS_DURATION = re.compile(r"(?:^|_)(?:ttl|timeout|interval|sleep|duration|patience)$")
# Named like a duration, and not one, or not of this collection: why.
NO_DURATIONS = {
    "active_directory.rotation_interval": "days, as the Gateway has it",
    "server_inventory.rotation_interval": "days, as the Gateway has it",
    "cache_timeout": "Ansible's own",
}


def durations_out_of_form(entries: dict[str, dict[str, t.Any]]) -> list[str]:
    """The durations among options that are no text, or whose description lacks the one sentence.

    "A duration like O(ttl)" stands for it where that option has the sentence.
    """
    said = {path for path, entry in entries.items() if DURATION in description(entry)}
    wrong = []
    for path, entry in entries.items():
        like = re.search(r"A duration like O\((\w+)\)", description(entry))
        same = like and {like[1], f"{path.rpartition('.')[0]}.{like[1]}"} & said
        if _IS_DURATION.search(path) and (entry["type"] != "str" or not (path in said or same)):
            wrong.append(path)
    return wrong


@pytest.mark.parametrize("plugin", [*MODULES, INVENTORY])
def test_a_duration_is_a_text_and_says_so_in_one_sentence(plugin: str) -> None:
    entries = {path: entry for path, entry, _siblings in options(plugin) if path not in NO_DURATIONS}
    assert durations_out_of_form(entries) == []


def test_a_duration_of_a_role_is_a_text_and_says_so_in_one_sentence() -> None:
    found = 0
    for path in (CHECKOUT / "roles").glob("*/meta/argument_specs.yml"):
        entries = yaml.safe_load(path.read_text("utf-8"))["argument_specs"]["main"]["options"]
        found += sum(bool(_IS_DURATION.search(name)) for name in entries)
        assert durations_out_of_form(entries) == [], path
    assert found >= 4
    assert durations_out_of_form({"ttl": {"type": "int", "description": [DURATION]}}) == ["ttl"]
    assert durations_out_of_form({"ttl": {"type": "str", "description": "Seconds."}}) == ["ttl"]


@pytest.mark.parametrize("plugin", [*MODULES, INVENTORY])
def test_no_default_contradicts_its_description(plugin: str) -> None:
    """A stored option has no default, and one sentence says what the first run stores."""
    for path, entry, _siblings in options(plugin):
        text = description(entry)
        assert "default" not in entry or entry["default"] is not None, path
        assert "for a new migration" not in text, path
        assert "default" not in entry or "Stored with the migration" not in text, path
        if "Stored with the migration" in text:
            assert re.search(r"When omitted, the stored value(?:\.|; the first run stores [^.]*\.)$", text), path


# --- words

# Words that the tables say not to use for a thing, and that mean something else, too: what.
OTHER_MEANING = {
    "batch": "the batches of a wave; its hash prefix is hash_prefix",
    "denied": "a right that a server does not grant; for rights of an application there are four words",
    "diff": "Ansible's diff mode",
    "drift": "of the instances of a Gateway",
    "ended": "a run or a task has ended; a credential is revoked",
    "entry": "of a list",
    "identity": "of a cloud; Akeyless's universal identity",
    "key": "of a JSON object; a protection key",
    "mode": "check mode; the metadata mode",
    "phase": "a result of the Gateway modules",
    "settings": "of an account, a Gateway or a mount",
    "stage": "of a run, in durations",
    "test": "the verb",
    "update": "the verb; the Gateway's own word",
    "user": "of a directory, a host or Vault's userpass",
}
# Where one of the other words stands in a phrase of another meaning.
PHRASES = re.compile(
    r"scheduled jobs?|job slices|job template|JSON object|object id|Ansible object|an object without|of its object"
    r"|light and dark|shared/database|users are taken|taken over",
    re.IGNORECASE,
)


def other_words() -> dict[str, str]:
    """Each word that a table says not to use: to the word that it has instead."""
    return {
        word.strip(): row[0]
        for title in ("Things", "What happens to an item")
        for row in table(title)
        for word in row[-1].split(",")
        if word.strip() and word.strip() not in OTHER_MEANING
    }


_OTHER = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(other_words())))})(?:s|es)?\b", re.IGNORECASE)


def misused(texts: t.Iterable[str]) -> list[str]:
    """Where texts use one of the words that the tables say not to use: the word and what is around it."""
    found = []
    for text in texts:
        clean = PHRASES.sub("", text)
        found += [f"{hit[0]}: {clean[max(0, hit.start() - 40) : hit.end() + 30]}" for hit in _OTHER.finditer(clean)]
    return found


def test_other_words_would_be_found() -> None:
    assert len(other_words()) > 30
    assert misused(["the transfer of a secret"])
    assert misused(["it writes the companions"])
    assert misused(["Refused by Akeyless"])
    assert misused(["the item is gone"])
    assert not misused(["a scheduled job reads a JSON object"])
    assert set(OTHER_MEANING) <= set(re.split(r"\W+", " ".join(row[-1] for row in all_rows())))


def all_rows() -> list[list[str]]:
    return [*table("Things"), *table("What happens to an item")]


@pytest.mark.parametrize("plugin", [*MODULES, INVENTORY])
def test_documentation_uses_the_words_of_the_tables(plugin: str) -> None:
    assert misused(doc_texts(plugin)) == []


def test_playbooks_and_roles_use_the_words_of_the_tables() -> None:
    assert {file: wrong for file, texts in yaml_texts().items() if (wrong := misused(texts))} == {}


def test_messages_use_the_words_of_the_tables() -> None:
    assert {file: wrong for file, texts in code_texts().items() if (wrong := misused(texts))} == {}
