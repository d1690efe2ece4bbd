"""The command: python -m data_samples.generate OUT_DIR [--only committed|generated] [--seed N]."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from data_samples.generate.files import COMMITTED, GENERATED, SEED, Make

Progress = Callable[[int, int, str], None]
COMMITTED_DIR = Path(__file__).resolve().parent.parent / "datong"


def make(jobs: list[tuple[Path, Make]], seed: int, progress: Progress) -> None:
    """Write every file of the list, telling progress(done, total, note) after each."""
    for done, (path, maker) in enumerate(jobs, start=1):
        path.parent.mkdir(parents=True, exist_ok=True)
        count = maker(path, seed)
        progress(done, len(jobs), f"{path.name}: {count:,} records or pixels, {path.stat().st_size:,} bytes")


def tell(done: int, total: int, note: str) -> None:
    """One line of progress on the error stream."""
    sys.stderr.write(f"[{done}/{total}] {note}\n")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and write the files; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m data_samples.generate", description="Make the sample city.")
    parser.add_argument(
        "out_dir",
        type=Path,
        help="where the large files go; small ones go to data_samples/datong, or here too with another seed",
    )
    parser.add_argument("--only", choices=("committed", "generated"), help="make only this half")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default {SEED}: the committed files are made with it")
    options = parser.parse_args(arguments)
    jobs: list[tuple[Path, Make]] = []
    committed = COMMITTED_DIR if options.seed == SEED else options.out_dir
    if options.only != "generated":
        jobs += [(committed / name, maker) for name, maker in COMMITTED.items()]
    if options.only != "committed":
        jobs += [(options.out_dir / name, maker) for name, maker in GENERATED.items()]
    make(jobs, options.seed, tell)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
