# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: kv_batches
short_description: Make hosts of batches of secrets in Vault KV mounts, in groups of waves
version_added: 0.1.0
author:
  - secretferry.akeyless contributors (@secretferry)
description:
  - Lists KV mounts of HashiCorp Vault or OpenBao, read-only, and makes one host of each batch of secrets. So forks,
    C(serial), C(--limit) and the job slices of AWX spread a migration over processes and machines.
  - With O(from=ledger) it lists what was migrated, at Akeyless, and needs no Vault.
  - Hosts are named C(<migration>-w<wave's number>-b<batch>), for instance C(payments-w01-b400000), in lower case, so
    that a wave's batches follow one another in order of name. They are in the groups C(wave_<name>),
    C(migration_<name>) and C(environment_<name>).
  - Each host has the variables C(secretferry_migration), C(secretferry_target_location), C(secretferry_source),
    C(secretferry_options), C(secretferry_scope), C(secretferry_wave), C(secretferry_wave_number),
    C(secretferry_batch), which is the host's name, C(secretferry_environment), C(secretferry_secret_count) and
    C(secretferry_groups), which are the groups of all batches and of empty waves; and it is worked on where Ansible
    runs, with the Python that Ansible runs with. No variable and no cache ever holds a credential or the value of a
    secret.
  - The same secrets always give the same batches. A new secret changes the batch that it falls into and no other. Where
    that one becomes too large it is split; its lower half keeps the name, its upper half has a new one, and no other
    batch is renamed. See the collection's page on inventories.
  - The file's name must end in C(kv_batches.yml) or C(kv_batches.yaml).
  - Options that the file does not have can be in the variable E(SECRETFERRY_BATCH_CONFIG), as YAML or JSON, so that a
    file without any of them serves every inventory source of AWX. Its twin E(SECRETFERRY_BATCH_CONFIG_FILE) can name a
    file that holds them.
extends_documentation_fragment:
  - constructed
  - inventory_cache
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.akeyless
options:
  plugin:
    description:
      - Marks the file as one for this plugin.
    type: str
    required: true
    choices: [secretferry.akeyless.kv_batches]
  from:
    description:
      - Where the secrets and their waves are read.
      - With V(source) the mounts are listed, and O(migrations[].waves) says which secret is in which wave.
      - With V(ledger) the secrets are those that the migrations' ledgers in Akeyless record, each in the wave in which
        it was written last. Vault is not asked. So a wave can be rolled back, or verified against the ledger, after
        the cutover. The migration's source comes from the ledger, and O(migrations[].waves) is not used.
      - A secret that was not written in a wave is in a batch C(<migration>-w00-b<batch>), and in no group
        C(wave_<name>). What a run wrote that died before it wrote the ledger is in no batch.
      - With the same O(batch_size), the same secrets make the same batches.
      - The variable's twin E(SECRETFERRY_BATCH_FROM_FILE) can name a file that holds it.
    type: str
    choices: [source, ledger]
    default: source
    env:
      - name: SECRETFERRY_BATCH_FROM
  batch_size:
    description:
      - How many secrets a batch holds at the most, from 1 to 10000.
      - Each batch costs Ansible about as much as any other host, so choose it such that there are 10 to 200 batches.
      - The variable's twin E(SECRETFERRY_BATCH_SIZE_FILE) can name a file that holds it.
      - A change of it renames batches.
    type: int
    default: 500
    env:
      - name: SECRETFERRY_BATCH_SIZE
  concurrency:
    description:
      - How many requests are in flight at once while the source is listed.
      - The variable's twin E(SECRETFERRY_BATCH_CONCURRENCY_FILE) can name a file that holds it.
    type: int
    default: 16
    env:
      - name: SECRETFERRY_BATCH_CONCURRENCY
  overlap:
    description:
      - What to do with a secret that several waves of its migration match. With V(fail) the inventory fails, and names
        the waves and some of the secrets. With V(first) the first of the waves takes it.
      - The variable's twin E(SECRETFERRY_BATCH_OVERLAP_FILE) can name a file that holds it.
    type: str
    choices: [fail, first]
    default: fail
    env:
      - name: SECRETFERRY_BATCH_OVERLAP
  migrations:
    description:
      - The migrations, with the names and options of M(secretferry.akeyless.kv_migration).
      - Required, here or in E(SECRETFERRY_BATCH_CONFIG).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The migration's name.
        type: str
        required: true
      target_location:
        description:
          - The folder in Akeyless.
        type: str
        required: true
      source:
        description:
          - Suboptions of O(source) for this migration. Each comes before the one in O(source).
        type: dict
      options:
        description:
          - Further options of the migration, such as C(metadata_mode), C(versions), C(layout) and C(conflict), with the
            names and values that M(secretferry.akeyless.kv_migration) has for them.
        type: dict
      environment:
        description:
          - A name like C(production), for a group of its own.
        type: str
      usage_file:
        description:
          - A file on the host that Ansible runs on, which M(secretferry.akeyless.vault_usage_info) has written as
            O(secretferry.akeyless.vault_usage_info#module:dest). For O(migrations[].waves[].used_by) and
            O(migrations[].waves[].unused). A relative path starts at the folder that Ansible was started in.
        type: path
      batch_size:
        description:
          - Instead of O(batch_size), for this migration.
        type: int
      overlap:
        description:
          - Instead of O(overlap), for this migration.
        type: str
        choices: [fail, first]
      waves:
        description:
          - The waves, first to last, 99 at the most. Required with O(from=source).
          - A wave takes the secrets that all its selectors match, and needs at least one of
            O(migrations[].waves[].include), O(migrations[].waves[].folders), O(migrations[].waves[].custom_metadata),
            O(migrations[].waves[].used_by), O(migrations[].waves[].unused), O(migrations[].waves[].share) and
            O(migrations[].waves[].rest).
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - The wave's name, of lower-case letters, digits and underscores.
            type: str
            required: true
          include:
            description:
              - Globs of which one must match the whole path, mount included, as in O(source.include).
            type: list
            elements: str
          exclude:
            description:
              - Globs of which none may match.
            type: list
            elements: str
          folders:
            description:
              - Folders of which one must hold the secret, mount included, such as C(secret/team-a).
            type: list
            elements: str
          custom_metadata:
            description:
              - Keys of the secret's C(custom_metadata), each with a value or a list of values of which one must be
                there. In a value, C(*) and C(?) stand for any characters.
              - Reads the metadata of each secret that the wave's other selectors match. A secret of KV version 1 has
                none.
            type: dict
          used_by:
            description:
              - Identities of which one must have used the secret, that is, have read or changed its value, as
                O(migrations[].usage_file) says. Each is a glob for the name, the role, the user, the service account,
                the display name or the entity, such as V(checkout).
              - A secret that identities of several waves use is in all of these waves. Set O(overlap=first), so that
                the first of them takes it.
            type: list
            elements: str
          unused:
            description:
              - Take the secrets whose value no identity has read, as O(migrations[].usage_file) says.
            type: bool
            default: false
          share:
            description:
              - A share such as V(5 %), chosen by a hash of the path. So a secret stays in its wave when other secrets
                are added or removed.
              - Shares of several waves do not overlap. V(5 %) and then V(20 %) are a quarter of the secrets.
            type: str
          rest:
            description:
              - Take the secrets that no other wave takes. For one wave, without any other selector.
            type: bool
            default: false
notes:
  - For Ansible an inventory source that fails is only a warning, and a playbook without hosts succeeds. So where a
    source of this plugin fails, the plugin ends the program, with the reason as the last line and with exit code 4,
    whichever other sources there are.
  - A limit that names a group C(wave_<name>), C(migration_<name>) or C(environment_<name>) which no source has fails in
    the same way. With several sources that is only a warning here, and an error of the playbooks of this collection.
  - The token needs no right to read values. It must list, and read the metadata where a wave selects by it.
seealso:
  - module: secretferry.akeyless.kv_migration
"""

EXAMPLES = r"""
# payments.kv_batches.yml, with VAULT_ADDR and VAULT_TOKEN or VAULT_TOKEN_FILE in the environment
plugin: secretferry.akeyless.kv_batches
batch_size: 200
migrations:
  - name: payments
    environment: production
    target_location: /migrated/payments
    source:
      paths:
        - secret/payments/
      exclude:
        - secret/payments/tmp/**
    options:
      metadata_mode: full
      conflict: fail
    overlap: first
    waves:
      - name: pilot
        folders:
          - secret/payments/sandbox
      - name: canary
        share: 5 %
      - name: relaxed
        custom_metadata:
          tier: [low, medium]
      - name: everything
        rest: true
# More groups, as of any other inventory
keyed_groups:
  - key: secretferry_options.metadata_mode
    prefix: metadata
"""

import asyncio
import hashlib
import json
import os
import re
import traceback
import typing as t

import yaml
from ansible import context
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.secretferry.akeyless.plugins.module_utils.batches.config import config_spec, read_config
from ansible_collections.secretferry.akeyless.plugins.module_utils.batches.hosts import as_hosts
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import (
    MissingLibrary,
    OptionError,
    SecretferryError,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.lookup import Lookup
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.private_files import take_file_warnings
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.spec import Option

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core before 2.19 trusts every text that is not marked as unsafe
    from ansible.utils.unsafe_proxy import wrap_var as _untrusted

    def trust_as_template(value: str) -> str:
        return value

else:

    def _untrusted(value: str) -> str:
        return value


_CONFIG = Option("config", ("SECRETFERRY_BATCH_CONFIG",))
_NAMES = ("kv_batches.yml", "kv_batches.yaml")
_PARSER_ERROR = 4  # the exit code of Ansible's programs for an inventory that they do not accept
_TEMPLATES = ("{{", "{%", "{#", "#jinja2:")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    """Adds hosts from the sources' listings, or from the cache."""

    NAME = "secretferry.akeyless.kv_batches"

    def verify_file(self, path: str) -> bool:
        """Whether the file is a source for this plugin, by its name."""
        if not super().verify_file(path):
            return False
        if not path.endswith(_NAMES) and path.endswith((".yml", ".yaml")):
            with open(path, encoding="utf-8", errors="replace") as file:
                if re.search(rf"^plugin:\s*['\"]?{re.escape(self.NAME)}['\"]?\s*$", file.read(), re.MULTILINE):
                    self._end(f"{path}: a source of {self.NAME} must have a name that ends in {' or '.join(_NAMES)}")
        return path.endswith(_NAMES)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Read the source, and add its hosts, groups and variables."""
        super().parse(inventory, loader, path)
        try:
            self._parse(path, cache)
        except AnsibleError as error:
            message = str(error.message)
        else:
            self._check_limit(path)
            return
        self._end(message)

    def _end(self, message: str) -> t.NoReturn:
        """End the program. Ansible takes any exception for a warning, lets other plugins try the file, and goes on."""
        self.display.error(message, wrap_text=False)
        raise SystemExit(_PARSER_ERROR)

    def _check_limit(self, path: str) -> None:
        """Name the groups that there are where the limit names one that there is not."""
        named = re.findall(
            r"(?:^|[,:&!]) *((?:wave|migration|environment)_\w+) *(?=$|[,:])", context.CLIARGS.get("subset") or ""
        )
        hosts = self.inventory.hosts.values()
        known = {group for host in hosts for group in host.vars.get("secretferry_groups", ())}
        if unknown := sorted(set(named) - known - set(self.inventory.groups)):
            message = f"{path}: there is no group {', '.join(unknown)}. Limit it to one of {', '.join(sorted(known))}"
            if len(context.CLIARGS.get("inventory") or ()) > 1 or os.path.isdir(context.CLIARGS["inventory"][0]):
                self.display.warning(message)  # another source may have it
            else:
                self._end(message)

    def _parse(self, path: str, cache: bool) -> None:
        given = {**_config_of_the_environment(), **self._read_config_data(path)}
        own = {key: value for key, value in given.items() if key in config_spec()}
        self._reject_unknown(given, path)
        fingerprint = _fingerprint(own)
        key = self.get_cache_key(path)
        hosts = self._cached(key, fingerprint) if cache and self.get_option("cache") else None
        if hosts is None:
            hosts = self._walk(own, path)
            if self.get_option("cache"):
                self._cache[key] = {"of": fingerprint, "hosts": hosts}
        for host in hosts:
            self._add(host)

    def _reject_unknown(self, given: dict[str, t.Any], path: str) -> None:
        known = {*config_spec(), *self.get_options()}
        if unknown := sorted(set(given) - known):
            raise AnsibleParserError(
                f"{path}: unknown: {', '.join(unknown)}. Remove it, or correct it to one of {', '.join(sorted(known))}"
            )

    def _cached(self, key: str, fingerprint: str) -> list[dict[str, t.Any]] | None:
        """The hosts in the cache for this very configuration."""
        try:
            entry = self._cache[key]
        except KeyError:
            return None
        return entry["hosts"] if isinstance(entry, dict) and entry.get("of") == fingerprint else None

    def _walk(self, own: dict[str, t.Any], path: str) -> list[dict[str, t.Any]]:
        # Raised only after the except blocks: Ansible would show the whole chain, and the text of an unknown exception
        # could hold anything.
        try:
            hosts, warnings = asyncio.run(as_hosts(read_config(own)))
        except MissingLibrary as error:
            message = missing_required_lib(error.library)
        except SecretferryError as error:
            message = str(error)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            place = " < ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in reversed(frames[-6:]))
            message = f"Unexpected {type(error).__name__} at {place}. Please report it; nothing was changed"
        else:
            for warning in [*warnings, *take_file_warnings()]:
                self.display.warning(f"{path}: {warning}")
            return hosts
        raise AnsibleParserError(f"{path}: {message}")

    def _add(self, host: dict[str, t.Any]) -> None:
        name = host["name"]
        self.inventory.add_host(name)
        for group in host["groups"]:
            self.inventory.add_child(self.inventory.add_group(group), name)
        for variable, value in host["vars"].items():
            self.inventory.set_variable(name, variable, _data(value))
        self.inventory.set_variable(name, "ansible_connection", _data("local"))
        self.inventory.set_variable(
            name, "ansible_python_interpreter", trust_as_template("{{ ansible_playbook_python }}")
        )
        variables = self.inventory.get_host(name).get_vars()
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


def _config_of_the_environment() -> dict[str, t.Any]:
    """What the variable has instead of the file.

    :raises AnsibleParserError: it is no mapping.
    """
    try:
        config = yaml.safe_load(Lookup("kv_batches", (_CONFIG,), {}, os.environ).text(_CONFIG.name)) or {}
    except OptionError as error:
        raise AnsibleParserError(str(error)) from None
    except yaml.YAMLError:
        config = None
    if not isinstance(config, dict):
        raise AnsibleParserError(f"{_CONFIG.env[0]} is no YAML with the options of the plugin. Correct the variable")
    return config


def _data(value: t.Any) -> t.Any:
    """A value that Ansible never evaluates as a template, as a secret may have any name.

    Ansible exports an untrusted text in a form of its own. So only texts that look like a template are marked as
    untrusted, and AWX shows all others as they are.
    """
    if isinstance(value, str):
        return _untrusted(value) if any(mark in value for mark in _TEMPLATES) else trust_as_template(value)
    if isinstance(value, dict):
        return {key: _data(member) for key, member in value.items()}
    return [_data(member) for member in value] if isinstance(value, list) else value


def _fingerprint(own: dict[str, t.Any]) -> str:
    """A digest of everything that decides about the hosts; without credentials."""
    where = {name: os.environ.get(name) for name in sorted(os.environ) if name.startswith(_PLACES)}
    files = [_digest(str(entry.get("usage_file") or "")) for entry in own.get("migrations") or () if entry]
    text = json.dumps([_without_auth(own), where, files], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(path: str) -> str:
    """Of a file's content; empty where it cannot be read, which reading it tells."""
    try:
        with open(os.path.expanduser(path), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


_PLACES = ("VAULT_ADDR", "VAULT_NAMESPACE", "AKEYLESS_API_URL", "SECRETFERRY_BATCH_")


def _without_auth(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _without_auth(member) for key, member in value.items() if key != "auth"}
    return [_without_auth(member) for member in value] if isinstance(value, list) else value
