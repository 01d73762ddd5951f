# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make demo``: a real Vault, an Akeyless emulator, one playbook, and what the servers say about it.

Every statement with a tick is checked while it is made; one that does not hold makes the exit status 1.
"""

from __future__ import annotations

import signal
import sys
import time
import typing as t
from collections import Counter

from ferrydev.demo_compare import compare, show_item
from ferrydev.demo_data import MOUNTS, SHOWN, TOO_LARGE, UNREADABLE, Secret, seed, tree, write
from ferrydev.demo_play import DemoError, Run, Stage, stage
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
_ROTATED = Secret("secret", "checkout/cart/prod/database", ('{"password": "made up, and rotated a minute ago"}',))
_NEW = Secret("secret", "checkout/cart/prod/loyalty-card", ('{"key": "made up"}', '{"key": "made up again"}'))


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    screen = Screen(sys.stdout)
    started = time.monotonic()
    try:
        with stage() as on:
            _Demo(screen, on).play()
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
    def __init__(self, screen: Screen, on: Stage) -> None:
        self.screen = screen
        self.on = on
        self.secrets = tree()
        self.source: dict[str, SourceSecret] = {}

    def play(self) -> None:
        self.setting()
        self.assessment()
        planned = self.plan()
        self.migration(planned)
        self.rerun()
        self.life_goes_on()
        self.read_back()

    def setting(self) -> None:
        screen, vault = self.screen, self.on.vault
        screen.title("secretferry.akeyless: move a KV tree from a real Vault into Akeyless")
        version = vault.request("GET", "sys/health")["version"]
        screen.table(
            [
                ("From", f"Vault {version}, a real server", vault.addr),
                ("To", "Akeyless, an emulator of its API", self.on.emulator.url),
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
        screen.say("Every value is made up. The playbook logs in to Vault by an AppRole that may list and read,")
        screen.say("and to Akeyless as an identity that may write below /migrated; neither may do more.")

    def assessment(self) -> None:
        screen = self.screen
        screen.heading(1, "The assessment: what is there, and what will not go")
        run = self._run("--tags", "assess")
        totals, estimate = run.result["totals"], run.result["estimate"]
        screen.say(
            f"{count(totals['secrets'], 'secret')}, {count(totals['readable_versions'], 'readable version')},"
            f" {count(estimate['bytes'] // 1024, 'KiB', 'KiB')}. A migration would take"
            f" {count(sum(estimate['requests'].values()), 'request')} and {estimate['seconds']['total']:.0f} s"
        )
        findings = {finding["name"]: finding for finding in run.result["findings"]}
        for finding in findings.values():
            screen.labelled(finding["severity"], finding["text"])
        large = [entry["source"] for entry in run.result["sizes"]["over_limit"]]
        screen.check(
            large == [TOO_LARGE] and not run.result["ready"], f"the error is {TOO_LARGE}: the playbook excludes it"
        )
        screen.check({"unreadable", "twins", "unversioned"} <= set(findings), "everything odd in the tree is found")

    def plan(self) -> Run:
        screen = self.screen
        screen.heading(2, "The plan: what would be done, and why")
        run = self._run("--tags", "migrate", "--check", "--diff")
        plan = {entry["source"]: entry for entry in run.result["plan"]}
        summary = run.result["summary"]
        versions = sum(len(entry.get("versions", ())) for entry in plan.values())
        screen.say(
            f"{count(summary['created'], 'item')} to create with {count(versions, 'version')}."
            " With --diff Ansible prints a line for each, such as"
        )
        shown = next((line for line in run.stdout.splitlines() if line.startswith(f"+/migrated/{SHOWN}")), "")
        screen.quiet(f"  {shown}")
        screen.say("Some that other tools stumble over:")
        known = [name for name in _TELLING if plan.get(name, {}).get("action") == "create"]
        screen.table([(name, _numbers(plan[name]["versions"]), _TELLING[name]) for name in known], indent=5)
        screen.say("Left out, and said so:")
        left = [(entry["source"], entry["reason"]) for entry in run.result["unreadable"]]
        left += [(entry["source"], entry["reason"]) for entry in plan.values() if entry["action"] == "skip"]
        left.append((TOO_LARGE, "excluded in the playbook"))
        screen.table(left, indent=5)
        screen.check(
            len(known) == len(_TELLING) and summary["failed"] == summary["conflicts"] == 0,
            "nothing is in the way, and a folder that may not be read stops nobody",
        )
        self._no_writes(run, "writes in check mode")
        return run

    def migration(self, planned: Run) -> None:
        screen = self.screen
        screen.heading(3, "The migration: the same without --check")
        run = self._run("--tags", "migrate")
        summary, seconds = run.result["summary"], run.result["durations"]["total"]
        requests = run.result["requests"]
        screen.say(
            f"{count(summary['created'], 'item')} with {count(summary['versions_written'], 'version')}"
            f" in {seconds:.1f} s: {count(requests['vault'], 'request')} to Vault,"
            f" {requests['akeyless']:,} to Akeyless, one login each"
        )
        same = sum(one == other for one, other in zip(planned.result["plan"], run.result["plan"], strict=False))
        screen.check(
            planned.result["plan"] == run.result["plan"] and not run.result["plan_left_out"],
            f"what was done is what was planned, entry for entry: {same:,} of {len(planned.result['plan']):,}",
        )
        screen.check(
            run.vault.writes == 0 and run.vault.logins == run.akeyless["routes"]["auth"] == 1,
            f"writes at the source: {run.vault.writes}",
        )
        self._compare()

    def rerun(self) -> None:
        screen = self.screen
        screen.heading(4, "Again: nothing is new, so nothing happens")
        run = self._run("--tags", "migrate")
        screen.check("changed=0" in run.recap and not run.result["changed"], run.recap)
        self._no_writes(run, "writes in the rerun")
        read = run.vault.data_reads + run.akeyless_values
        screen.check(read == 0, f"values read in the rerun: {read}")
        screen.quiet(f"  (but for {run.vault.kv1_reads} in KV version 1, which keeps no versions to tell by)")

    def life_goes_on(self) -> None:
        screen = self.screen
        screen.heading(5, "Life goes on: a password is rotated, a secret is added, and the playbook runs once more")
        write(self.on.vault, _ROTATED)
        write(self.on.vault, _NEW)
        run = self._run("--tags", "migrate")
        done = [entry for entry in run.result["plan"] if entry["action"] != "skip"]
        screen.table(
            [(entry["action"], entry["source"], _numbers(entry["versions"]), entry["reason"]) for entry in done],
            indent=5,
        )
        actions = Counter(entry["action"] for entry in done)
        screen.check(
            actions == {"append": 1, "create": 1} and run.vault.data_reads == 3,
            f"values read: {run.vault.data_reads}, the new ones and no other",
        )
        screen.check(run.result["summary"]["versions_written"] == 3, "versions written: 3")

    def read_back(self) -> None:
        self.screen.heading(6, "One item, read back with Akeyless's own Python SDK, beside what Vault says")
        show_item(self.screen, self.on, self.source[SHOWN])

    def _run(self, *options: str) -> Run:
        self.screen.quiet(f"$ ansible-playbook secretferry.akeyless.demo {' '.join(options)}")
        return self.on.run(*options)

    def _no_writes(self, run: Run, what: str) -> None:
        at_vault, at_akeyless = run.vault.writes, run.akeyless["writes"]
        self.screen.check(
            at_vault == at_akeyless == 0,
            f"{what}: {at_vault + at_akeyless}"
            f"  (counted at the servers: {at_vault} at Vault, {at_akeyless} at Akeyless)",
        )

    def _compare(self) -> None:
        self.source = read_vault(self.on.vault, {mount.path: mount.version for mount in MOUNTS})
        wanted = {
            path: secret
            for path, secret in self.source.items()
            if secret.readable and path != TOO_LARGE and not path.startswith(UNREADABLE)
        }
        found = compare(wanted, self.on.emulator.control.dump(), "/migrated")
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
            f" {found.companions} of them longer than a description may be",
        )


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
            ("playbooks/migrate.yml", "the playbook that you have just seen, for your own Vault and account"),
            ("playbooks/demo.yml", "the variables that the demo gave it"),
            ("docs/migrating.md", "what you need, what arrives how, and what to do when something goes wrong"),
            ("docs/architecture.md", "how it works, and what it promises"),
        ],
        indent=5,
    )


if __name__ == "__main__":
    sys.exit(main())
