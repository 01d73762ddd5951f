# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin kv_batches on a real Vault, through ansible-inventory as AWX runs it."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from inventories import Listed, list_inventory, write_source

from ansible_collections.secretferry.akeyless.plugins.module_utils.batches.config import DEFAULTS, config_spec
from ferrydev.bench_batches import BATCH_TASK
from ferrydev.canaries import canary, scan
from ferrydev.emulator import Emulator
from ferrydev.play import Play, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

PLUGIN_FILE = Path(__file__).resolve().parents[2] / "plugins" / "inventory" / "kv_batches.py"
PROJECT_FILE = PLUGIN_FILE.parents[2] / "playbooks" / "inventory" / "awx.kv_batches.yml"
TEAMS = ("alpha", "beta", "gamma")
TIERS = ("low", "medium", "high")


@pytest.fixture(scope="module")
def kv(vault: Vault) -> Kv:
    """90 secrets: three teams, three tiers, two folders each."""
    kv = Kv(vault)
    for n in range(90):
        path = f"{TEAMS[n % 3]}/{('app', 'db')[n % 2]}/s{n:02d}"
        kv.put(path, {"password": canary()})
        kv.describe(path, custom_metadata={"tier": TIERS[n // 3 % 3], "owner": f"team-{TEAMS[n % 3]}"})
    return kv


@pytest.fixture(scope="module")
def play(vault: Vault) -> t.Iterator[Play]:
    made = Play(connection_env(vault, None))
    yield made
    made.close()


def migration(kv: Kv, *waves: dict[str, t.Any], **members: t.Any) -> dict[str, t.Any]:
    return {
        "name": "Payments",
        "target_location": "/migrated/payments",
        "source": {"paths": [f"{kv.mount}/"]},
        "waves": list(waves) or [{"name": "every", "rest": True}],
        **members,
    }


def inventory(play: Play, tmp_path: Path, *migrations: dict[str, t.Any], **members: t.Any) -> Listed:
    return list_inventory(play, write_source(tmp_path, {"migrations": list(migrations), **members}))


def every(kv: Kv, test: t.Callable[[int], bool] = lambda n: True) -> list[str]:
    numbers = (n for n in range(90) if test(n))
    return sorted(f"{kv.mount}/{TEAMS[n % 3]}/{('app', 'db')[n % 2]}/s{n:02d}" for n in numbers)


# --- what AWX needs


@pytest.fixture(scope="module")
def exported(kv: Kv, play: Play, tmp_path_factory: pytest.TempPathFactory) -> Listed:
    waves: list[dict[str, t.Any]] = [
        {"name": "pilot", "folders": [f"{kv.mount}/alpha/app"]},
        {"name": "everything", "rest": True},
    ]
    planned = migration(kv, *waves, environment="Pre-Prod", options={"conflict": "skip", "metadata_mode": "minimal"})
    listed = inventory(play, tmp_path_factory.mktemp("exported"), planned, batch_size=20)
    assert listed.rc == 0, listed.stderr
    return listed


def test_hosts_are_in_groups_of_wave_migration_and_environment(exported: Listed) -> None:
    assert set(exported.groups) == {"wave_pilot", "wave_everything", "migration_payments", "environment_pre_prod"}
    hosts = sorted(exported.hosts)
    assert sorted(exported.groups["migration_payments"]) == hosts
    assert sorted(exported.groups["environment_pre_prod"]) == hosts
    assert sorted(exported.groups["wave_pilot"] + exported.groups["wave_everything"]) == hosts


def test_names_are_padded_in_lower_case_and_a_wave_is_contiguous(exported: Listed) -> None:
    names = sorted(exported.hosts)
    assert all(re.fullmatch(r"payments-w0[12]-b[0-9a-f]{6}", name) for name in names)
    waves = [exported.hosts[name]["secretferry_wave_number"] for name in names]
    assert waves == sorted(waves)
    assert set(waves) == {1, 2}


def test_hosts_have_what_a_play_needs(exported: Listed, kv: Kv, vault: Vault) -> None:
    name = exported.groups["wave_pilot"][0]
    host = exported.hosts[name]
    assert set(host) == {
        "ansible_connection",
        "ansible_python_interpreter",
        *(f"secretferry_{name}" for name in ("migration", "target_location", "source", "options", "scope", "wave")),
        *(f"secretferry_{name}" for name in ("wave_number", "batch", "environment", "secret_count", "groups")),
    }
    assert (host["ansible_connection"], host["ansible_python_interpreter"]) == (
        "local",
        "{{ ansible_playbook_python }}",
    )
    assert host["secretferry_source"] == {
        "url": vault.addr,
        "namespace": "",
        "kv_version": "auto",
        "paths": [f"{kv.mount}/"],
        "include": [],
        "exclude": [],
    }
    assert host["secretferry_options"] == {"conflict": "skip", "metadata_mode": "minimal"}
    assert host["secretferry_batch"] == name
    assert set(host["secretferry_scope"]) == {"paths", "hash_prefix", "wave", "wave_number"}
    assert (host["secretferry_scope"]["wave"], host["secretferry_scope"]["wave_number"]) == ("pilot", 1)
    assert host["secretferry_groups"] == sorted(exported.groups)
    assert (host["secretferry_migration"], host["secretferry_target_location"]) == ("Payments", "/migrated/payments")
    assert host["secretferry_environment"] == "Pre-Prod"
    assert all(
        h["secretferry_secret_count"] == len(h["secretferry_scope"]["paths"]) <= 20 for h in exported.hosts.values()
    )


def test_every_secret_is_in_one_batch(exported: Listed, kv: Kv) -> None:
    assert sorted(exported.paths("wave_pilot") + exported.paths("wave_everything")) == every(kv)


def test_batches_of_a_wave_exclude_one_another(exported: Listed) -> None:
    batches = [exported.hosts[name]["secretferry_scope"]["hash_prefix"] for name in exported.groups["wave_everything"]]
    assert len(batches) > 3
    assert not any(a.startswith(b) for n, a in enumerate(batches) for m, b in enumerate(batches) if n != m)


def test_no_credential_and_no_value_is_shown(exported: Listed, vault: Vault) -> None:
    assert scan([exported.stdout, exported.stderr], [vault.root_token]) == []


def test_a_path_that_looks_like_a_template_is_data(vault: Vault, play: Play, tmp_path: Path) -> None:
    kv = Kv(vault)
    touched = tmp_path / "touched"
    evil = f"a {{{{ lookup('pipe', 'touch {touched.name}') }}}} {{% raw %}}"
    kv.vault.request("POST", f"{kv.mount}/data/{quote(evil)}", json={"data": {"v": 1}})
    file = write_source(tmp_path, {"migrations": [migration(kv)]})
    ran = play.run(_debug_play(tmp_path), inventory=file)
    assert ran.status == "successful", ran.stdout
    (host,) = ran.hosts.values()
    assert host["show"]["msg"] == [f"{kv.mount}/{evil}"]
    assert not list(play.folder.rglob(touched.name))


def _debug_play(folder: Path) -> Path:
    tasks = [{"name": "show", "ansible.builtin.debug": {"msg": "{{ secretferry_scope.paths }}"}}]
    file = folder / "show.yml"
    file.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), "utf-8")
    return file


def test_the_examples_work(kv: Kv, play: Play, tmp_path: Path) -> None:
    text = documented("EXAMPLES")
    assert "secret/payments" in text
    config = yaml.safe_load(text.replace("secret/payments", kv.mount).replace("sandbox", "alpha"))
    listed = list_inventory(play, write_source(tmp_path, config, "payments.kv_batches.yml"))
    assert listed.rc == 0, listed.stderr
    assert listed.paths("wave_pilot") == every(kv, lambda n: n % 3 == 0)
    assert sorted(path for group in WAVES_OF_EXAMPLE for path in listed.paths(f"wave_{group}")) == every(kv)
    assert sorted(listed.groups["metadata_full"]) == sorted(listed.hosts)


WAVES_OF_EXAMPLE = ("pilot", "canary", "relaxed", "everything")


def documented(part: str) -> str:
    found = re.search(rf'^{part} = r"""(.*?)"""', PLUGIN_FILE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found, part
    return found[1]


def test_every_option_is_documented_as_it_is_checked() -> None:
    options = yaml.safe_load(documented("DOCUMENTATION"))["options"]

    def outline(options: dict[str, t.Any], inner: str) -> dict[str, t.Any]:
        keys = ("type", "elements", "choices", "default", "required")
        return {
            name: {key: option[key] for key in keys if key in option}
            | ({"in": outline(option[inner], inner)} if inner in option else {})
            for name, option in options.items()
            # Those are documented by a fragment, or with the module that has them.
            if name not in ("plugin", "source", "akeyless", "options")
        }

    # Ansible reads the defaults of an inventory from its documentation; the argument spec cannot have them, because a
    # variable comes before a default.
    assert {name: options[name].pop("default") for name in DEFAULTS} == DEFAULTS
    assert outline(options, "suboptions") == outline(config_spec(), "options")


# --- selectors

SELECTORS: dict[str, tuple[t.Callable[[str], dict[str, t.Any]], t.Callable[[int], bool]]] = {
    "glob": (lambda m: {"include": [f"{m}/*/db/*"]}, lambda n: n % 2 == 1),
    "globs": (lambda m: {"include": ["**/s1?", f"{m}/**/s2?"]}, lambda n: 10 <= n < 30),
    "exclude": (lambda m: {"include": ["**"], "exclude": [f"{m}/beta/"]}, lambda n: n % 3 != 1),
    "folder": (lambda m: {"folders": [f"/{m}/beta/"]}, lambda n: n % 3 == 1),
    "folders": (lambda m: {"folders": [f"{m}/beta/app", f"{m}/gamma"]}, lambda n: n % 6 in (4, 2, 5)),
    "custom metadata": (lambda m: {"custom_metadata": {"tier": "low"}}, lambda n: n // 3 % 3 == 0),
    "custom metadata, any of": (
        lambda m: {"custom_metadata": {"tier": ["low", "medium"], "owner": "team-*a"}},
        lambda n: n // 3 % 3 != 2,
    ),
    "all of them": (
        lambda m: {"folders": [f"{m}/alpha"], "custom_metadata": {"tier": "high"}, "include": ["**/db/*"]},
        lambda n: n % 3 == 0 and n // 3 % 3 == 2 and n % 2 == 1,
    ),
}


@pytest.mark.parametrize("name", SELECTORS)
def test_a_selector_takes_what_it_says_and_rest_the_rest(name: str, kv: Kv, play: Play, tmp_path: Path) -> None:
    selector, test = SELECTORS[name]
    listed = inventory(
        play, tmp_path, migration(kv, {"name": "first", **selector(kv.mount)}, {"name": "rest", "rest": True})
    )
    assert listed.rc == 0, listed.stderr
    assert listed.paths("wave_first") == every(kv, test)
    assert listed.paths("wave_rest") == every(kv, lambda n: not test(n))


def test_shares_follow_one_another(kv: Kv, play: Play, tmp_path: Path) -> None:
    waves: list[dict[str, t.Any]] = [
        {"name": "a", "share": "10 %"},
        {"name": "b", "share": "40%"},
        {"name": "c", "rest": True},
    ]
    listed = inventory(play, tmp_path, migration(kv, *waves))
    assert listed.rc == 0, listed.stderr
    counts = [len(listed.paths(f"wave_{name}")) for name in "abc"]
    assert sum(counts) == 90
    assert 1 <= counts[0] <= 20
    assert 20 <= counts[1] <= 52
    # The same share alone takes the same secrets.
    alone = inventory(play, tmp_path, migration(kv, waves[0], waves[2]))
    assert alone.paths("wave_a") == listed.paths("wave_a")


def test_metadata_is_read_only_where_a_wave_asks_for_it(kv: Kv, vault: Vault, play: Play, tmp_path: Path) -> None:
    plain: dict[str, t.Any] = {"name": "w", "folders": [f"{kv.mount}/alpha"]}
    for wave, reads in ((plain, 0), ({**plain, "custom_metadata": {"tier": "low"}}, 30)):
        vault.audit_reset()
        assert inventory(play, tmp_path, migration(kv, wave, {"name": "rest", "rest": True})).rc == 0
        counts = vault.audit_counts()
        assert (counts.metadata_reads, counts.data_reads) == (reads, 0)


def test_secrets_of_kv_1_have_waves_too(vault: Vault, play: Play, tmp_path: Path) -> None:
    kv = Kv(vault, 1)
    kv.put("a/x", {"v": 1})
    kv.put("b/y", {"v": 1})
    waves: list[dict[str, t.Any]] = [
        {"name": "low", "custom_metadata": {"tier": "low"}},
        {"name": "a", "folders": [f"{kv.mount}/a"]},
        {"name": "rest", "rest": True},
    ]
    listed = inventory(play, tmp_path, migration(kv, *waves))
    assert (listed.paths("wave_a"), listed.paths("wave_rest")) == ([f"{kv.mount}/a/x"], [f"{kv.mount}/b/y"])
    assert "no secret is in the wave low" in listed.told


def test_include_and_exclude_of_the_migration_come_first(kv: Kv, play: Play, tmp_path: Path) -> None:
    source = {"paths": [f"{kv.mount}/"], "include": ["**/app/*"], "exclude": [f"{kv.mount}/gamma/"]}
    listed = inventory(play, tmp_path, migration(kv, source=source))
    assert listed.paths("wave_every") == every(kv, lambda n: n % 2 == 0 and n % 3 != 2)
    (host, *_more) = listed.hosts.values()
    assert host["secretferry_source"]["include"] == ["**/app/*"]


# --- mistakes


def test_overlapping_waves_are_named_with_some_paths(kv: Kv, play: Play, tmp_path: Path) -> None:
    waves: list[dict[str, t.Any]] = [
        {"name": "alpha", "folders": [f"{kv.mount}/alpha"]},
        {"name": "databases", "include": ["**/db/*"]},
        {"name": "rest", "rest": True},
    ]
    listed = inventory(play, tmp_path, migration(kv, *waves))
    assert listed.rc != 0
    both = every(kv, lambda n: n % 3 == 0 and n % 2 == 1)
    assert f"{len(both)} secrets of Payments are in more than one wave" in listed.told
    assert "in alpha and databases:" in listed.told
    assert any(path in listed.told for path in both)
    assert "overlap: first" in listed.told
    first = inventory(play, tmp_path, migration(kv, *waves, overlap="first"))
    assert first.rc == 0, first.stderr
    assert first.paths("wave_alpha") == every(kv, lambda n: n % 3 == 0)
    assert first.paths("wave_databases") == every(kv, lambda n: n % 3 != 0 and n % 2 == 1)


def test_secrets_in_no_wave_are_reported(kv: Kv, play: Play, tmp_path: Path) -> None:
    listed = inventory(play, tmp_path, migration(kv, {"name": "alpha", "folders": [f"{kv.mount}/alpha"]}))
    assert listed.rc == 0
    assert "60 secrets are in no wave" in listed.told
    assert f"{kv.mount}/beta/" in listed.told


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"waves": [{"name": "pilot", "shrae": "5 %"}]}, "unknown key migrations.waves.shrae"),
        ({"waves": [{"name": "pilot"}]}, "migrations[0].waves[0].name: the wave pilot has no selector"),
        ({"source": {"paths": ["nowhere/"]}}, "source.paths: Vault shows no mount for nowhere/"),
        ({"source": {"auth": {"method": "token", "token": "hvs.a-wrong-token"}}}, "token"),
        ({"source": {"url": "http://127.0.0.1:9"}}, "127.0.0.1:9"),
    ],
)
def test_mistakes_are_named(kv: Kv, play: Play, tmp_path: Path, members: dict[str, t.Any], said: str) -> None:
    listed = inventory(play, tmp_path, migration(kv, **members))
    assert listed.rc != 0
    assert said in listed.told
    assert "hvs.a-wrong-token" not in listed.told
    assert "Unexpected" not in listed.told
    assert "Traceback" not in listed.stderr


def test_an_unknown_key_of_the_file_is_named(kv: Kv, play: Play, tmp_path: Path) -> None:
    listed = inventory(play, tmp_path, migration(kv), batchsize=5)
    assert listed.rc != 0
    assert "unknown: batchsize" in listed.told


def test_folders_that_may_not_be_listed_are_reported_and_left_out(
    kv: Kv, vault: Vault, play: Play, tmp_path: Path
) -> None:
    vault.write_policy(
        "partly",
        f'path "{kv.mount}/metadata/" {{ capabilities = ["list"] }}\n'
        f'path "{kv.mount}/metadata/alpha/*" {{ capabilities = ["list"] }}',
    )
    env = {"VAULT_TOKEN": vault.token(["partly"])}
    planned = migration(kv)
    listed = list_inventory(play, write_source(tmp_path, {"migrations": [planned]}), **env)
    assert listed.rc == 0, listed.stderr
    assert listed.paths("wave_every") == every(kv, lambda n: n % 3 == 0)
    assert f"{kv.mount}/beta/ may not be listed, and 1 more" in listed.told
    planned["options"] = {"unreadable_paths": "fail"}
    refused = list_inventory(play, write_source(tmp_path, {"migrations": [planned]}), **env)
    assert refused.rc != 0
    assert "Grant the Vault policy list" in refused.told


@pytest.mark.parametrize("name", ["batches.yml", "kv_batches.json"])
def test_other_names_are_left_to_other_plugins(kv: Kv, play: Play, tmp_path: Path, name: str) -> None:
    file = write_source(tmp_path, {"migrations": [migration(kv)]}, name)
    assert list_inventory(play, file).rc != 0


def test_the_name_may_end_in_yaml_and_begin_with_anything(kv: Kv, play: Play, tmp_path: Path) -> None:
    file = write_source(tmp_path, {"migrations": [migration(kv)]}, "prod.kv_batches.yaml")
    assert list_inventory(play, file).rc == 0


# --- where options come from


def test_credentials_come_from_files_and_sizes_from_variables(kv: Kv, vault: Vault, play: Play, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(vault.root_token)
    (tmp_path / "size").write_text("10")
    file = write_source(tmp_path, {"migrations": [migration(kv)]})
    env = {"VAULT_TOKEN": "", "VAULT_TOKEN_FILE": str(tmp_path / "token")}
    listed = list_inventory(play, file, **env, SECRETFERRY_BATCH_SIZE_FILE=str(tmp_path / "size"))
    assert listed.rc == 0, listed.stderr
    assert max(host["secretferry_secret_count"] for host in listed.hosts.values()) <= 10
    coarse = list_inventory(play, file, **env, SECRETFERRY_BATCH_SIZE="90")
    assert [host["secretferry_secret_count"] for host in coarse.hosts.values()] == [90]
    assert [host["secretferry_batch"] for host in coarse.hosts.values()] == list(coarse.hosts), "also without a prefix"


def test_what_the_file_does_not_have_can_be_in_a_variable(kv: Kv, play: Play, tmp_path: Path) -> None:
    # The file that the collection has for AWX, with the text of the variable as playbooks/awx.yml gives it.
    text = "--- " + json.dumps({"migrations": [migration(kv)], "batch_size": 20})
    listed = list_inventory(play, PROJECT_FILE, SECRETFERRY_BATCH_CONFIG=text)
    assert listed.rc == 0, listed.stderr
    assert listed.paths("wave_every") == every(kv)
    own = write_source(tmp_path, {"batch_size": 90})
    assert len(list_inventory(play, own, SECRETFERRY_BATCH_CONFIG=text).hosts) == 1, (
        "the file comes before the variable"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("migrations: [", "SECRETFERRY_BATCH_CONFIG is no YAML with the options of the plugin. Correct the variable"),
        ("payments", "SECRETFERRY_BATCH_CONFIG is no YAML with the options of the plugin. Correct the variable"),
        ("batch_size: 3", "migrations"),
        ("{migrations: [], batchsize: 3}", "batchsize"),
    ],
)
def test_mistakes_in_the_variable_are_named(play: Play, text: str, said: str) -> None:
    listed = list_inventory(play, PROJECT_FILE, SECRETFERRY_BATCH_CONFIG=text)
    assert listed.rc == 4
    assert said in listed.told


def test_migrations_of_one_source_share_a_login(kv: Kv, vault: Vault, play: Play, tmp_path: Path) -> None:
    planned = [migration(kv, name=name, target_location=f"/migrated/{name}") for name in ("a", "b", "c")]
    vault.write_policy("inventory", f'path "{kv.mount}/metadata/*" {{ capabilities = ["list"] }}')
    login = vault.approle("inventory", ["inventory"], secret_id_num_uses=1)
    source = {"auth": {"method": "approle", "role_id": login.role_id}}
    listed = list_inventory(
        play, write_source(tmp_path, {"migrations": planned, "source": source}), VAULT_SECRET_ID=login.secret_id
    )
    assert listed.rc == 0, listed.stderr
    assert len(listed.groups["wave_every"]) == len(listed.hosts) == 3
    assert scan([listed.stdout, listed.stderr], [login.secret_id]) == []


# --- what Ansible offers to inventories


def test_hosts_can_be_composed_and_grouped(kv: Kv, play: Play, tmp_path: Path) -> None:
    listed = inventory(
        play,
        tmp_path,
        migration(kv),
        batch_size=30,
        compose={"large": "secretferry_secret_count > 20"},
        groups={"zeros": "secretferry_scope.hash_prefix.startswith('0')"},
        keyed_groups=[{"key": "secretferry_wave", "prefix": "in"}],
    )
    assert listed.rc == 0, listed.stderr
    assert {host["large"] for host in listed.hosts.values()} <= {True, False}
    assert sorted(listed.groups["in_every"]) == sorted(listed.hosts)
    assert listed.groups["zeros"] == [
        n for n in sorted(listed.hosts) if listed.hosts[n]["secretferry_scope"]["hash_prefix"][:1] == "0"
    ]


CACHE = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_timeout": 3600}


def test_the_cache_spares_the_walk_and_holds_no_credential(vault: Vault, play: Play, tmp_path: Path) -> None:
    kv = Kv(vault)
    kv.put("a", {"v": 1})
    token = vault.token(["root"])
    source = {"auth": {"method": "token", "token": token}}
    config = {"migrations": [migration(kv)], "source": source, "cache_connection": str(tmp_path / "cache"), **CACHE}
    file = write_source(tmp_path, config)
    first = list_inventory(play, file)
    assert first.rc == 0, first.stderr
    kv.put("b", {"v": 1})
    vault.audit_reset()
    second = list_inventory(play, file)
    assert second.hosts == first.hosts
    assert vault.audit_counts().total == 0
    kept = list((tmp_path / "cache").iterdir())
    assert kept
    assert scan(kept, [token, vault.root_token]) == []
    # Told to, it walks again; and so it does when the source says something else.
    flushed = play.run(_debug_play(tmp_path), "--flush-cache", inventory=file)
    shown = [path for host in flushed.hosts.values() for path in host["show"]["msg"]]
    assert sorted(shown) == [f"{kv.mount}/a", f"{kv.mount}/b"]
    assert list_inventory(play, file).paths("wave_every") == [f"{kv.mount}/a", f"{kv.mount}/b"]
    kv.put("c", {"v": 1})
    write_source(tmp_path, {**config, "batch_size": 2})
    assert len(list_inventory(play, file).paths("wave_every")) == 3


def test_a_missing_library_is_said_as_usual(kv: Kv, play: Play, tmp_path: Path) -> None:
    (tmp_path / "blocked" / "hvac").mkdir(parents=True)
    (tmp_path / "blocked" / "hvac" / "__init__.py").write_text("raise ImportError('blocked')")
    file = write_source(tmp_path, {"migrations": [migration(kv)]})
    listed = list_inventory(play, file, PYTHONPATH=str(tmp_path / "blocked"))
    assert listed.rc != 0
    assert "Failed to import the required Python library (hvac)" in listed.told


# --- and then a play


def test_a_play_migrates_a_wave_on_its_batches_at_once(
    kv: Kv, vault: Vault, emulator: Emulator, tmp_path: Path
) -> None:
    play = Play(connection_env(vault, emulator))
    waves: list[dict[str, t.Any]] = [
        {"name": "pilot", "folders": [f"{kv.mount}/alpha"]},
        {"name": "rest", "rest": True},
    ]
    file = write_source(tmp_path, {"migrations": [migration(kv, *waves, batch_size=10)]})
    playbook = migrate_play(tmp_path)
    pilot = play.run(playbook, "--forks 4", "--limit wave_pilot", inventory=file)
    assert pilot.status == "successful", pilot.stdout
    assert len(pilot.hosts) >= 3
    assert migrated(emulator) == every(kv, lambda n: n % 3 == 0)
    assert sum(host["migrate"]["summary"]["created"] for host in pilot.hosts.values()) == 30
    whole = play.run(playbook, "--forks 4", "--limit wave_rest", inventory=file)
    assert whole.status == "successful", whole.stdout
    assert migrated(emulator) == every(kv)
    again = play.run(playbook, "--forks 4", inventory=file)
    assert all(host["migrate"]["changed"] is False for host in again.hosts.values())
    assert scan([pilot.stdout, whole.stdout, *play.left_behind()]) == []
    play.close()


def test_the_rollout_takes_the_waves_in_order(vault: Vault, emulator: Emulator, tmp_path: Path) -> None:
    kv = Kv(vault)
    for n in range(6):
        kv.put(f"{TEAMS[n % 2]}/s{n}", {"password": canary()})
    waves: list[dict[str, t.Any]] = [
        {"name": "pilot", "folders": [f"{kv.mount}/alpha"]},
        {"name": "rest", "rest": True},
    ]
    file = write_source(tmp_path, {"migrations": [migration(kv, *waves, options={"metadata_mode": "minimal"})]})
    play = Play(connection_env(vault, emulator))
    (collections,) = (
        p for p in play.environment()["ANSIBLE_COLLECTIONS_PATH"].split(":") if (Path(p) / COLLECTION).exists()
    )
    rollout = Path(collections) / COLLECTION / "playbooks" / "rollout.yml"
    ran = play.run(rollout, inventory=file, secretferry_rollout_gate="automatic")
    assert ran.status == "successful", ran.stdout
    assert ran.stdout.index("payments-w01-b000000") < ran.stdout.index("payments-w02-b000000")
    assert migrated(emulator) == sorted(f"{kv.mount}/{TEAMS[n % 2]}/s{n}" for n in range(6))
    assert scan([ran.stdout, *play.left_behind()]) == []
    play.close()


COLLECTION = Path("ansible_collections", "secretferry", "akeyless")


def migrate_play(folder: Path) -> Path:
    file = folder / "migrate.yml"
    file.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [BATCH_TASK]}]), "utf-8")
    return file


def migrated(emulator: Emulator) -> list[str]:
    prefix = "/migrated/payments/"
    names = (name for name in emulator.control.dump() if "/.secretferry/" not in name)
    return sorted(name.removeprefix(prefix) for name in names)
