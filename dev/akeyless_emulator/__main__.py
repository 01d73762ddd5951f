# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m akeyless_emulator --listen 127.0.0.1:0``: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import ssl
import sys
import threading
import typing as t
from pathlib import Path

from .account import Account
from .server import Emulator
from .serving import listen
from .storage import Storage


def main() -> int:
    options = _options()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        config = json.loads(options.config.read_text("utf-8")) if options.config else {}
        emulator = Emulator(Account(config))
    except (OSError, ValueError, TypeError, KeyError) as error:
        print(f"cannot use the configuration: {error}", file=sys.stderr)
        return 2
    with contextlib.suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(_serve(options, emulator))
    return 0


async def _serve(options: argparse.Namespace, emulator: Emulator) -> None:
    account = emulator.account
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    if options.until_stdin_closes:
        threading.Thread(target=_wait_for_stdin, args=(asyncio.get_running_loop(), ended), daemon=True).start()
    storage = Storage(options.state, account) if options.state else None
    host, _, port = options.listen.rpartition(":")
    runner, _port = await listen(emulator.handle, account.settings.body_limit, host, int(port), _tls(options))
    for asked in account.config.get("clusters", []):
        await emulator.gateways.start(asked)
    _announce(options, account, runner.addresses[0])
    writer = asyncio.create_task(storage.run(ended)) if storage else None
    await ended.wait()
    await emulator.gateways.close()
    await runner.cleanup()
    if storage and writer:
        await writer
        storage.close()


def _wait_for_stdin(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    # Not through sys.stdin: its lock, held by a thread, would disturb the interpreter's end.
    while os.read(0, 4096):
        pass
    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(ended.set)


def _announce(options: argparse.Namespace, account: Account, address: tuple[t.Any, ...]) -> None:
    """Print where the server listens as a line of JSON; write the port to the file, if one was named."""
    scheme = "https" if options.tls_cert else "http"
    admin = next(iter(account.identities.by_id))
    ready = {"url": f"{scheme}://{address[0]}:{address[1]}", "pid": os.getpid(), "access_id": admin}
    if options.port_file:
        options.port_file.write_text(f"{address[1]}\n", "utf-8")
    print(json.dumps(ready), flush=True)


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if not options.tls_cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="akeyless_emulator", description="A test double of the Akeyless API.")
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="port 0: any free one")
    parser.add_argument("--config", type=Path, metavar="FILE.json", help="settings, identities, roles, keys, faults")
    parser.add_argument("--state", type=Path, metavar="FILE.sqlite", help="keep items between restarts")
    parser.add_argument("--port-file", type=Path, metavar="FILE", help="write the port there when ready")
    parser.add_argument("--tls-cert", metavar="FILE.pem")
    parser.add_argument("--tls-key", metavar="FILE.pem")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end with the process that holds the other end of stdin"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
