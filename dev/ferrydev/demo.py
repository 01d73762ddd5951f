# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make demo``: a real Vault, an Akeyless emulator, the playbooks of a rollout, and what the servers say about it.

Every statement is checked before it gets its tick; one that does not hold makes the exit status 1.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
import typing as t
from collections import Counter
from pathlib import Path

import httpx

from ferrydev.demo_compare import compare, show_item
from ferrydev.demo_data import MOUNTS, SHOWN, TOO_LARGE, UNREADABLE, Secret, inventory, seed, tree, write
from ferrydev.demo_play import APPLICATIONS, DemoError, DemoServers, PlaybookRun, demo_servers
from ferrydev.demo_screen import Screen, count
from ferrydev.emulator import EmulatorError
from ferrydev.readers import SourceSecret, read_vault
from ferrydev.vault import NoVaultError

_TELLING = {
    SHOWN: "3 is deleted, 5 and 6 are destroyed",
    "kv/analytics/models/prod/api-key": "older versions were pruned",
    "secret/payments/short lived/partner-a": "expires in 30 days, readable today",
    "secret/checkout/odd names/100%41": "no character is decoded twice",
    "secret/checkout/odd names/card reader #7": "",
    "secret/checkout/odd names/東京/鍵": "",
    "secret/checkout/stripe": "a secret ...",
    "secret/checkout/stripe/webhook": "... and a folder of the same name",
    "legacy/fax gateway/ldap bind": "KV version 1",
}
_ACCESS = ("expected_reads", "expected_denials", "missing_rights", "excessive_rights", "different_values")
_ROTATED = Secret("secret", "checkout/cart/prod/database", ('{"password": "made up, and rotated a minute ago"}',))
_TITLE = "secretferry.akeyless: roll a KV tree out from a real Vault into Akeyless, wave by wave"


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    screen = Screen(sys.stdout)
    started = time.monotonic()
    try:
        with demo_servers() as servers:
            _Demo(screen, servers).play()
        screen.say()
        if not screen.failed:
            screen.check(True, f"All as expected, in {time.monotonic() - started:.0f} s. Both servers are stopped.")
            _where_next(screen)
            return 0
        screen.check(False, f"{count(len(screen.failed), 'statement')} did not hold. Both servers are stopped.")
    except KeyboardInterrupt:
        screen.say()
        screen.say("Interrupted. Both servers are stopped, and nothing is left behind.")
        return 130
    except (DemoError, EmulatorError, NoVaultError, RuntimeError) as error:
        print(f"\nThe demo had to stop: {error}", file=sys.stderr)
    return 1


class _Demo:
    def __init__(self, screen: Screen, servers: DemoServers) -> None:
        self.screen = screen
        self.servers = servers
        self.secrets = tree()
        self.source: dict[str, SourceSecret] = {}
        self.token_file = servers.folder / "akeyless-token"

    def play(self) -> None:
        self.setting()
        self.assessment()
        self.plan()
        self.pilot()
        self.widening()
        self.repair()
        self.applications()
        self.life_goes_on()
        self.cutover()
        self.read_back()

    def setting(self) -> None:
        screen, vault = self.screen, self.servers.vault
        screen.title(_TITLE)
        version = vault.request("GET", "sys/health")["version"]
        screen.table(
            [
                ("From", f"Vault {version}, a real server", vault.addr),
                ("To", "Akeyless, an emulator of its API", self.servers.emulator.url),
            ]
        )
        seed(vault, self.secrets)
        screen.say()
        rows: dict[tuple[str, str], list[int]] = {}
        for secret in self.secrets:
            team = secret.path.partition("/")[0] if secret.mount == "secret" else ""
            row = rows.setdefault((f"{secret.mount}/{team}".rstrip("/") + "/", _kind(secret)), [0, 0, 0])
            row[0] += 1
            row[1] += len(secret.values)
            row[2] += len(secret.deleted) + len(secret.destroyed)
        screen.table(
            [(*place, *numbers) for place, numbers in rows.items()],
            head=("Filled with", "engine", "secrets", "versions written", "withdrawn"),
        )
        screen.say()
        screen.say("Every value is made up. The playbooks log in to Vault by an AppRole that may list and read,")
        screen.say("and to Akeyless as an identity that may write below /migrated; neither may do more.")

    def assessment(self) -> None:
        screen = self.screen
        screen.heading(1, "The assessment: what is there, and what cannot be migrated")
        run = self._run("demo", "--tags", "assess")
        totals, estimate = run.result["totals"], run.result["estimate"]
        screen.say(
            f"{count(totals['secrets'], 'secret')}, {count(totals['readable_versions'], 'readable version')},"
            f" {count(estimate['bytes'] // 1024, 'KiB', 'KiB')}. A migration would take"
            f" {count(sum(estimate['requests'].values()), 'request')} and {estimate['seconds']['total']:.0f} s"
        )
        findings = {finding["id"]: finding for finding in run.result["findings"]}
        for finding in findings.values():
            screen.labelled(finding["severity"], finding["text"])
        large = [entry["source"] for entry in run.result["sizes"]["over_limit"]]
        screen.check(
            large == [TOO_LARGE] and not run.result["ready"], f"the error is {TOO_LARGE}: it will stop a wave below"
        )
        screen.check(
            {"unreadable", "same_as_folder", "unversioned"} <= set(findings), "everything odd in the tree is found"
        )

    def plan(self) -> None:
        screen = self.screen
        screen.heading(2, "The plan: batches in waves from the inventory, and what would be done, and why")
        inventory(self.servers.inventory)
        waves: dict[str, list[int]] = {}
        for batch in sorted(self.servers.hosts().values(), key=lambda batch: str(batch["secretferry_wave_number"])):
            row = waves.setdefault(batch["secretferry_wave"], [0, 0])
            row[0] += 1
            row[1] += batch["secretferry_secret_count"]
        screen.table([(wave, *row) for wave, row in waves.items()], head=("wave", "batches", "secrets"))
        screen.check(list(waves) == ["pilot", "teams", "rest"], "three waves, made of the paths by the inventory")
        run = self._run("rollout", "--check", "--diff", may_fail=True)
        results = [result for _host, result in run.having("plan", "summary")]
        plan = {entry["source"]: entry for result in results for entry in result["plan"]}
        shown = next((line for line in run.stdout.splitlines() if line.startswith(f"+/migrated/{SHOWN}")), "")
        screen.say("With --diff Ansible prints a line for each item, such as")
        screen.quiet(f"  {shown}")
        screen.say("Some that other tools stumble over:")
        known = [name for name in _TELLING if plan.get(name, {}).get("action") == "create"]
        screen.table([(name, _numbers(plan[name]["versions"]), _TELLING[name]) for name in known], indent=5)
        screen.check(len(known) == len(_TELLING), "all of them are in the plan")
        self._no_writes(run, "writes in check mode")

    def pilot(self) -> None:
        screen = self.screen
        screen.heading(3, "The pilot: one wave alone, then a gate")
        run = self._run("rollout", "--limit", "wave_pilot")
        self._done(run)
        run = self._run("rollout")
        said = next((result["msg"] for _host, result in run.having("msg") if "is shut" in str(result["msg"])), "")
        screen.labelled("gate", said)
        self._no_writes(run, "writes before an approval")

    def widening(self) -> None:
        screen = self.screen
        screen.heading(4, "The second wave, approved: a failure stops the rollout")
        run = self._run("rollout", may_fail=True, secretferry_rollout_approved="all")
        failures = [failure for _host, result in run.having("failures") for failure in result["failures"]]
        for failure in failures:
            screen.labelled("error", f"{failure['source']}: {failure['reason']}. {failure['remedy']}")
        screen.check(
            run.status != 0 and {failure["source"] for failure in failures} == {TOO_LARGE},
            f"the playbook fails, with {count(len(failures), 'secret')} that did not go; all others of the wave did",
        )
        started = {host for host, _result in run.results if "-w03-" in host}
        screen.check(not started, "the third wave has not started")

    def repair(self) -> None:
        screen = self.screen
        screen.heading(5, "The repair: one line in the inventory, and the same command again")
        screen.quiet(f"  exclude: [{TOO_LARGE.rpartition('/')[0]}/*.jks]")
        inventory(self.servers.inventory, exclude=(f"{TOO_LARGE.rpartition('/')[0]}/*.jks",))
        run = self._run("rollout", secretferry_rollout_approved="all")
        self._done(run)
        created = [
            entry for _host, result in run.having("plan") for entry in result["plan"] if entry["action"] == "create"
        ]
        screen.check(
            bool(created) and not any(entry["source"].startswith("secret/checkout/") for entry in created),
            f"{count(len(created), 'item')} created, none of those that were there already",
        )
        self._compare()
        again = self._run("rollout", secretferry_rollout_approved="all")
        batches = [line for line in again.recap if not line.startswith("localhost ")]
        changed = [line for line in batches if "changed=0 " not in line]
        screen.check(not changed, f"once more: {count(len(batches), 'batch', 'batches')}, changed=0 in each")
        self._no_writes(again, "writes in the rerun")

    def applications(self) -> None:
        screen = self.screen
        screen.heading(6, "The applications: does each read what it must, and nothing else?")
        access = [
            {
                "name": team,
                "akeyless": {
                    "auth": {
                        "access_id": login["access_id"],
                        "access_key_file": str(self.servers.folder / f"{team}-access-key"),
                    }
                },
                "may_read": [f"secret/{team}/**"],
                "may_not_read": ["**"],
            }
            for team, login in APPLICATIONS.items()
        ]
        run = self._run("verify", secretferry_verify_access=access)
        totals: dict[str, Counter[str]] = {}
        for _host, result in run.having("verified", "access"):
            for application in result["access"]:
                totals.setdefault(application["name"], Counter()).update({key: application[key] for key in _ACCESS})
        screen.table(
            [(name, *(found[key] for key in _ACCESS)) for name, found in totals.items()],
            head=("application", "reads", "is denied", "lacks", "reads too much", "reads other values"),
        )
        verified = [result["verified"] for _host, result in run.having("verified")]
        screen.check(
            all(verified)
            and all(found["expected_reads"] > 0 and found["expected_denials"] > 0 for found in totals.values()),
            f"{count(len(verified), 'batch', 'batches')} verified: every version, value, and right is as it should be",
        )

    def life_goes_on(self) -> None:
        screen = self.screen
        screen.heading(7, "Life goes on: a password is rotated at the source, and sync carries it over")
        write(self.servers.vault, _ROTATED)
        run = self._run("sync")
        done = [
            entry
            for _host, result in run.having("plan")
            for entry in result["plan"]
            if entry["action"] not in ("skip", "unchanged")
        ]
        screen.table(
            [(entry["action"], entry["source"], _numbers(entry["versions"]), entry["reason"]) for entry in done],
            indent=5,
        )
        screen.check(
            [entry["source"] for entry in done] == [_ROTATED.full] and run.vault.data_reads == 1,
            f"values read: {run.vault.data_reads}, the new one and no other",
        )

    def cutover(self) -> None:
        screen, servers = self.screen, self.servers
        screen.heading(8, "The cutover: a last sync, verification, and the credentials revoked")
        self._run("demo", "--tags", "login", secretferry_demo_token_file=str(self.token_file))
        token = self.token_file.read_text("utf-8").strip()
        secret_id = (servers.folder / "vault-secret-id").read_text("utf-8").strip()
        run = self._run(
            "cutover",
            secretferry_cutover_credential={
                "type": "approle",
                "role_name": "migration",
                "dest": str(servers.folder / "vault-secret-id"),
                "operator_auth": {"token_file": str(servers.folder / "operator-token")},
            },
            secretferry_cutover_akeyless_token_file=str(self.token_file),
        )
        role_id = servers.vault.request("GET", "auth/approle/role/migration/role-id")["data"]["role_id"]
        login = servers.vault.request(
            "POST", "auth/approle/login", json={"role_id": role_id, "secret_id": secret_id}, raw=True
        )
        valid = httpx.post(f"{servers.emulator.url}/validate-token", json={"token": token}).json()["is_valid"]
        screen.check(login.status_code == 400, "the AppRole's secret id is revoked: tried, Vault rejects it")
        screen.check(valid is False, "the Akeyless token is revoked: tried, Akeyless says that it is not valid")
        report = run.having("html", "csv")[-1][1]
        screen.check(report["summary"]["status"] == "complete", f"the report's status: {report['summary']['status']}")
        kept = _keep(Path(report["html"]))
        screen.say(f"The report for the security officer: {kept}")

    def read_back(self) -> None:
        self.screen.heading(9, "One item, read back with Akeyless's own Python SDK, beside what Vault says")
        show_item(self.screen, self.servers, self.source[SHOWN])

    def _run(self, playbook: str, *options: str, may_fail: bool = False, **variables: t.Any) -> PlaybookRun:
        given = " ".join(
            [*options, *(f"-e {name}={value}" for name, value in variables.items() if isinstance(value, str))]
        ).replace(str(self.servers.folder), "...")
        what = "demo.yml" if playbook == "demo" else f"-i demo.kv_batches.yml secretferry.akeyless.{playbook}"
        self.screen.quiet(f"$ ansible-playbook {what} {given}")
        return self.servers.run(playbook, *options, may_fail=may_fail, **variables)

    def _done(self, run: PlaybookRun) -> None:
        """What a rollout did, wave by wave."""
        rows: dict[str, list[int]] = {}
        for host, result in run.having("plan", "summary", "ledger"):
            row = rows.setdefault(host.rpartition("-")[0], [0, 0, 0])
            row[0] += 1
            row[1] += result["summary"]["created"]
            row[2] += result["summary"]["versions_written"]
        self.screen.table(
            [(wave, *row) for wave, row in rows.items()],
            head=("wave", "batches", "items created", "versions written"),
            indent=5,
        )
        verified = [result["verified"] for _host, result in run.having("verified")]
        self.screen.check(
            run.vault.writes == 0 and bool(verified) and all(verified),
            f"{count(len(verified), 'batch', 'batches')} verified; writes at the source: {run.vault.writes}",
        )

    def _no_writes(self, run: PlaybookRun, what: str) -> None:
        at_vault, at_akeyless = run.vault.writes, run.akeyless["writes"]
        self.screen.check(
            at_vault == at_akeyless == 0,
            f"{what}: {at_vault + at_akeyless}"
            f"  (counted at the servers: {at_vault} at Vault, {at_akeyless} at Akeyless)",
        )

    def _compare(self) -> None:
        self.source = read_vault(self.servers.vault, {mount.path: mount.version for mount in MOUNTS})
        wanted = {
            path: secret
            for path, secret in self.source.items()
            if secret.readable and path != TOO_LARGE and not path.startswith(UNREADABLE)
        }
        found = compare(wanted, self.servers.emulator.control.dump(), "/migrated")
        screen = self.screen
        screen.say("Read from both servers by other code than the collection's:")
        screen.check(
            found.items == len(wanted) and not found.stray, f"{found.items:,} of {len(wanted):,} items, and no other"
        )
        screen.check(
            found.equal == found.versions, f"{found.equal:,} of {found.versions:,} versions equal, and in order"
        )
        screen.check(
            found.described == found.metadata,
            f"{found.described:,} of {found.metadata:,} metadata blocks whole,"
            f" {found.metadata_items} of them longer than a description may be",
        )


def _keep(page: Path) -> Path:
    """Copy the report to a folder that the demo does not remove, and return its path."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secretferry"
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(page, folder / "demo-report.html"))


def _kind(secret: Secret) -> str:
    return next(f"KV v{mount.version}" for mount in MOUNTS if mount.path == secret.mount)


def _numbers(versions: t.Sequence[int]) -> str:
    """``versions 1-2, 4``."""
    runs: list[list[int]] = []
    for number in versions:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return f"version{'s' if len(versions) > 1 else ''} {shown}"


def _where_next(screen: Screen) -> None:
    screen.say()
    screen.say("Where to go from here:")
    screen.table(
        [
            ("docs/guide.md", "from the first assessment to the cutover, for your own Vault and account"),
            ("playbooks/", "the playbooks that you have just seen; each says its variables"),
            ("docs/inventories.md", "inventories that put your secrets into waves"),
            ("docs/architecture.md", "how it works, and what it promises"),
        ],
        indent=5,
    )


if __name__ == "__main__":
    sys.exit(main())
