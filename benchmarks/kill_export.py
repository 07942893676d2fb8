"""Kills `xtf export --overwrite` at random moments and looks at what is left.

    python benchmarks/kill_export.py --kills 100 --model MODEL --data FILE --limit 400

Two of three kills are kill -9, the others SIGTERM. A quarter come at a random moment of the whole command, the others
at and shortly after the instants that matter: the folder beside the target appears, its first file, its record, and the
exchange. After each: the target is the earlier export or the new one, whole and verified, or it is not there where it
was not there before. Formats and thresholds change from export to export. Up to six exports are killed in a row; then
one runs to its end, and nothing may be left beside it. Prints one JSON object; exit 1 if anything is found.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from xtf.config import Check
from xtf.errors import StoreError
from xtf.export import FORMATS, read_back
from xtf.export.record import RECORD

STAGES = ("before", "claimed", "writing", "described", "published")
#: Of SIGTERM: told by us, before or after our handler is there, or by Python where it interrupted `exec`.
STOPPED = (130, -signal.SIGTERM, -signal.SIGINT)
Start = Callable[[list[str]], subprocess.Popen]
ALLOWED = [part for name in get_args(Check) for part in ("--allow", name)]


def command(run: str, format: str, cutoff: float, out: Path) -> list[str]:
    return [sys.executable, "-m", "xtf", "export", run, "--format", format, "--novelty-cutoff", str(cutoff), "--out",
            str(out), "--overwrite", "--json", *ALLOWED]


def started(argv: list[str]) -> subprocess.Popen:
    return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def beside(out: Path) -> list[Path]:
    """What stands in the target's folder but for the target."""
    return [path for path in out.parent.iterdir() if path != out] if out.parent.is_dir() else []


@dataclass
class Watch:
    """How far an export has come, by what is on the disk."""

    out: Path
    before: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.before = inode(self.out)
        self._stale = {inode(path / "new") for path in beside(self.out)}  # of an export that was killed earlier

    def stage(self) -> int:
        if inode(self.out) not in (self.before, None):
            return 4
        new = [path / "new" for path in beside(self.out) if inode(path / "new") not in (*self._stale, None)]
        if not new:
            return 0
        try:
            names = [path.name for path in new[0].iterdir()]
        except FileNotFoundError:
            return self.stage()
        return 3 if RECORD in names else 2 if names else 1


def ended(process: subprocess.Popen) -> int:
    """Its exit code, once it has come to its end."""
    process.communicate()
    return process.returncode


def killed(argv: list[str], out: Path, chance: random.Random, seconds: float, start: Start) -> tuple[str, int]:
    """Runs the command, and sends a signal at some moment. Returns the stage it was sent in, and the exit code."""
    watch, process = Watch(out), start(argv)
    number = chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
    if chance.random() < 0.25:
        time.sleep(chance.uniform(0, seconds))
    else:
        wanted = chance.randint(1, 4)
        while process.poll() is None and watch.stage() < wanted:
            time.sleep(0.0002)
        time.sleep(chance.choice((0, chance.uniform(0, 0.002), chance.uniform(0, 0.05))))
    stage = STAGES[watch.stage()]
    if process.poll() is None:
        os.kill(process.pid, number)
    _, errors = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL, *STOPPED):
        raise SystemExit(f"the command ended by itself with {process.returncode}: {errors.decode()}")
    return stage, process.returncode


def held(out: Path) -> tuple[str, float] | None:
    """Format and cutoff of the export that is there, once it has been read back. Raises: StoreError."""
    if not out.exists():
        return None
    record = read_back(out)
    return record["format"], record["thresholds"]["novelty"]["value"]


@dataclass
class Found:
    """What came of it."""

    kills: int = 0
    stages: Counter[str] = field(default_factory=Counter)
    signals: Counter[int] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)  # earlier, new or no export after a kill
    left: int = 0  # kills that left something beside the target, for the next export to clear
    faults: list[str] = field(default_factory=list)

    def note(self, stage: str, code: int, out: Path, before: Any, asked: Any) -> None:
        """Looks at the target after a signal, or after the command's end."""
        where = f"{asked[0]}, {stage}, exit {code}"
        try:
            now = held(out)
        except StoreError as error:
            self.faults.append(f"{where}: {error}")
            return
        if now not in (before, asked) or (code == 0 and now != asked):
            self.faults.append(f"{where}: there is {now}, before it was {before}, asked for was {asked}")
        if code == 0:
            return
        self.kills += 1
        self.stages[stage] += 1
        self.signals[code] += 1
        self.formats[asked[0]] += 1
        self.kept["none" if now is None else "new" if now == asked else "earlier"] += 1
        self.left += bool(beside(out))


def experiment(folder: Path, run: str, kills: int, seed: int, formats: Sequence[str] = tuple(FORMATS),
               start: Start = started) -> Found:
    """Kills exports of `run` into `folder`. `start` makes a process of a command."""
    chance, found, series = random.Random(seed), Found(), 0
    order = list(formats)
    chance.shuffle(order)
    began = time.monotonic()
    assert ended(start(command(run, order[0], 0.5, folder / "first" / "out"))) == 0
    seconds, turn = time.monotonic() - began, 0
    while found.kills < kills:
        out = folder / f"targets-{series // 3}" / "out"  # new to the first of three series
        for last in (*[False] * chance.randint(2, 6), True):
            turn += 1
            asked = (order[turn % len(order)], round(chance.uniform(0.1, 0.99), 4))
            before, argv = held(out), command(run, *asked, out)
            stage, code = ("end", ended(start(argv))) if last else killed(argv, out, chance, seconds, start)
            found.note(stage, code, out, before, asked)
        found.faults += [f"{path} is left" for path in beside(out)]
        series += 1
        print(f"{found.kills} kills, {dict(found.stages)}, {len(found.faults)} faults", file=sys.stderr, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--model", default="embedded", help="as for xtf score; a tiny one makes this quick")
    parser.add_argument("--data", default="demo")
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--formats", nargs="+", choices=list(FORMATS), default=list(FORMATS))
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XTF_HOME"] = str(Path(folder) / "home")
        subprocess.run([sys.executable, "-m", "xtf", "score", chosen.data, "--limit", str(chosen.limit), "--model",
                        chosen.model, "--run", "killed", "--json"], check=True, stdout=subprocess.DEVNULL)
        found = experiment(Path(folder), "killed", chosen.kills, chosen.seed, chosen.formats)
    print(json.dumps(vars(found)))
    sys.exit(1 if found.faults else 0)


if __name__ == "__main__":
    main()
