# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module's documentation says of results is what playbooks get, and its examples run."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from counted_runs import MODULE, Counted, CountedRuns, documented, migrating, source_of

from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

TYPES: dict[str, type] = {"dict": dict, "list": list, "str": str, "int": int}
# Ansible's own, in any result.
COMMON = {"changed", "failed", "msg", "diff", "warnings", "invocation", "exception", "deprecations"}
PRESENT = ("plan", "migrate", "fails")
EXAMPLES = [task["name"] for task in documented("EXAMPLES")]


@dataclass
class Shown:
    """A play with every kind of result, and a play of the examples."""

    results: dict[str, dict[str, t.Any]]
    examples: Counted
    items: dict[str, t.Any]


@pytest.fixture(scope="module")
def shown(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Shown]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        kv = Kv(vault)
        for path in ("payments/db", "payments/api", "payments/tmp/junk"):
            kv.put(path, *({"n": n} for n in range(1, 5)))
        kv.describe("payments/db", custom_metadata={"owner": "payments"})
        vault.write_policy("docs", f'path "{kv.mount}/*" {{ capabilities = ["read", "list"] }}')
        login = vault.approle("docs", ["docs", "default"])
        files = tmp_path_factory.mktemp("run-secrets")
        (files / "vault-secret-id").write_text(login.secret_id + "\n")
        (files / "akeyless-access-key").write_text(emulator.access_key + "\n")
        stage = CountedRuns(vault, emulator, {"VAULT_ROLE_ID": login.role_id})
        examples = stage.run(_examples(vault, emulator, kv, files))
        dump = emulator.control.dump()
        kv.put("large", {"x": "x" * 17000})
        source = {"paths": [f"{kv.mount}/payments/"]}
        results = stage.run(
            [
                migrating("plan", name="docs", target_location="/docs", source=source, keywords={"check_mode": True}),
                migrating("migrate", name="docs", target_location="/docs", source=source),
                migrating(
                    "fails", name="docs", target_location="/docs", source={"paths": [f"{kv.mount}/"]}, ignore=True
                ),
                migrating("absent", name="docs", target_location="/docs", state="absent"),
            ],
            "--diff",
        )
        yield Shown(results.played.results, examples, dump)
        stage.close()


def _examples(vault: Vault, emulator: Emulator, kv: Kv, files: Path) -> list[dict[str, t.Any]]:
    """EXAMPLES as they stand, but for the addresses, paths and the account of the test servers."""
    text = source_of("EXAMPLES")
    for theirs, ours in (
        ("https://vault.example.com:8200", vault.addr),
        ("secret/payments", f"{kv.mount}/payments"),
        ("/run/secrets", str(files)),
        ("p-abcdef123456", emulator.access_id),
    ):
        assert theirs in text
        text = text.replace(theirs, ours)
    return t.cast("list[dict[str, t.Any]]", yaml.safe_load(text))


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(shown: Shown, name: str) -> None:
    assert shown.examples.played.rc == 0, shown.examples.played.stdout
    assert not shown.examples[name].get("failed")


def test_examples_do_what_their_names_say(shown: Shown) -> None:
    plan, migrate, again, one, forget = (shown.examples[name] for name in EXAMPLES)
    assert plan["summary"]["created"] == 3
    assert plan["summary"]["versions_written"] == 0
    assert plan["diff"]
    assert (migrate["summary"]["created"], migrate["summary"]["versions_written"]) == (2, 6)
    assert again["changed"] is False
    assert again["definition"] == migrate["definition"]
    assert (one["changed"], one["summary"]["unchanged"]) == (False, 1)
    assert forget["changed"] is True
    assert [name.rpartition("/")[2] for name in sorted(shown.items)] == ["api", "db"]
    db = next(item for name, item in shown.items.items() if name.endswith("/db"))
    assert db["description"] == '{"owner":"payments"}'


@pytest.mark.parametrize("task", [*PRESENT, "absent"])
def test_every_key_of_a_result_is_documented(shown: Shown, task: str) -> None:
    keys = {key for key in shown.results[task] if not key.startswith("_")}
    assert keys - COMMON <= set(documented("RETURN"))


@pytest.mark.parametrize("task", PRESENT)
def test_every_documented_key_is_returned(shown: Shown, task: str) -> None:
    assert set(documented("RETURN")) <= set(shown.results[task])


def test_what_absent_returns_is_what_is_documented_for_every_success(shown: Shown) -> None:
    always = {key for key, doc in documented("RETURN").items() if doc["returned"] == "success"}
    assert set(shown.results["absent"]) & set(documented("RETURN")) == always


@pytest.mark.parametrize("task", PRESENT)
@pytest.mark.parametrize("key", documented("RETURN"))
def test_results_have_the_documented_type_and_members(shown: Shown, task: str, key: str) -> None:
    doc: dict[str, t.Any] = documented("RETURN")[key]
    value: t.Any = shown.results[task][key]
    assert isinstance(shown.results[task][key], TYPES[doc["type"]])
    sample: t.Any = doc.get("sample")
    if isinstance(sample, dict):
        assert set(value) == set(sample)
    elif isinstance(sample, list):
        for entry in value:
            assert set(entry) <= set(sample[0])
            assert {"source", "reason"} <= set(entry)


def test_the_invocation_shows_options_and_no_credential(shown: Shown) -> None:
    options = set(shown.results["migrate"]["invocation"]["module_args"])
    assert options == {*documented("DOCUMENTATION")["options"], "source", "akeyless", "scope"}


def test_the_documented_module_is_the_one_that_ran() -> None:
    assert documented("DOCUMENTATION")["module"] == MODULE.rpartition(".")[2]
