"""The command `cim`: one subcommand a verb, plain sentences on errors, exit codes that scripts can trust.

Exit codes: 0 done; 1 an error, said in one sentence; 2 wrong usage; 3 some sources were refused, the rest is done.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from api import doctor, supervisor, up
from api.app import create_app
from api.terminal import Terminal
from cim import __version__
from cim.errors import CimError, NoSpace
from cim.settings import Settings, from_environment
from cim.store import catalogue
from loaders.simulate import simulate
from tilesets import products

Command = Callable[[Settings, argparse.Namespace, Terminal], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every CimError becomes one sentence on standard error and exit code 1."""
    parsed = _parser().parse_args(arguments)
    terminal = Terminal()
    command: Command = parsed.run
    try:
        return command(from_environment(os.environ, Path.cwd()), parsed, terminal)
    except CimError as error:
        terminal.line(f"cim: {error}")
    except OSError as error:
        if error.errno != 28:  # ENOSPC
            raise
        terminal.line(
            f"cim: {NoSpace(f'{error.filename or parsed.command}: the disk is full; free some space, then run it again')}"
        )
    except KeyboardInterrupt:
        terminal.line("cim: stopped; what was published stands, run the same command again to go on")
    return 1


def _up(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    loaded = up.up(settings, terminal, parsed.detach)
    return 3 if loaded.refusals else 0


def _down(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    up.down(settings, terminal)
    return 0


def _load(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    city = settings.city()
    database = up.connect(settings, terminal)
    up.make_sample(settings, city, terminal)
    loaded = up.load_all(settings, database, city, terminal, tuple(parsed.source))
    return 1 if loaded.refusals and not loaded.reports else 3 if loaded.refusals else 0


def _build(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    database = up.connect(settings, terminal)
    only = tuple(parsed.product)
    products.refresh(database, settings.city(), settings.data, terminal.progress, terminal.stage, only)
    return 0


def _serve(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    up.refuse_taken_port(settings)
    up.connect(settings, terminal).close()
    supervisor.record_self(settings)
    uvicorn.run(
        create_app(settings),
        host=parsed.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    return 0


def _simulate(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    base = parsed.url or f"http://127.0.0.1:{settings.port}"
    fixes = settings.locate(parsed.fixes) if parsed.fixes else None
    with terminal.stage("simulate"):
        simulate(
            base,
            seed=parsed.seed,
            speed=parsed.speed,
            duration_s=parsed.duration,
            fixes=fixes,
            backfill_s=parsed.backfill,
            progress=terminal.progress,
        )
    return 0


def _status(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    database = up.connect(settings, terminal)
    with database.begin() as connection:
        for version in catalogue.versions(connection):
            counts = f"{version['accepted'] or 0:,} accepted, {version['rejected'] or 0:,} rejected"
            when = version["started_at"].isoformat(timespec="seconds")
            sys.stdout.write(f"{version['dataset']:<20} {version['state']:<11} {counts:<34} {when}\n")
    server = supervisor.running(settings)
    sys.stdout.write(f"server: {f'port {server.port}, process {server.pid}' if server else 'not running'}\n")
    return 0


def _doctor(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    checks = doctor.examine(settings)
    for check in checks:
        sys.stdout.write(f"{'ok ' if check.ok else 'BAD'}  {check.name}: {check.found}\n")
        if not check.ok:
            sys.stdout.write(f"     mend: {check.remedy}\n")
    return 0 if all(check.ok or check.optional for check in checks) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cim", description="A city information model: load, build, serve, watch.")
    parser.add_argument("--version", action="version", version=f"cim {__version__}")
    verbs = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def verb(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=text, description=text)
        one.set_defaults(run=run)
        return one

    one = verb("up", _up, "from nothing to a running city: database, load, build, serve")
    one.add_argument("--detach", action="store_true", help="return when the server answers")
    verb("down", _down, "stop the server and the private database of this data folder")
    one = verb("load", _load, "load sources of the city file into the store")
    one.add_argument("source", nargs="*", help="names in the city file; all of them if none is given")
    one = verb("build", _build, "build tiles, terrain and imagery where their inputs changed")
    one.add_argument("product", nargs="*", help=f"of: {', '.join(products.NAMES)}; all of them if none is given")
    one = verb("serve", _serve, "serve over HTTP on CIM_PORT")
    one.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    one = verb("simulate", _simulate, "play sensors, a vehicle and an incident into a running service")
    one.add_argument("--url", help="the service (default: this machine on CIM_PORT)")
    one.add_argument("--seed", type=int, default=1, help="same seed, same readings")
    one.add_argument("--speed", type=float, default=1.0, help="seconds played per second; 0 plays as fast as it goes")
    one.add_argument("--duration", type=float, default=None, help="seconds to play (default: until Ctrl-C)")
    one.add_argument("--fixes", default="data_samples/datong/vehicles.csv", help="CSV of vehicle fixes to drive along")
    one.add_argument("--backfill", type=float, default=0.0, help="seconds of history to send first")
    verb("status", _status, "datasets, their versions and counts, and the server")
    verb("doctor", _doctor, "what is here, what is missing, and the command that mends it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
