"""Kills `xtf score` with kill -9 at random moments, resumes it each time, and compares with an uninterrupted run.

    python benchmarks/kill.py --kills 50 --model MODEL --data FILE --limit 400

Half of the kills come at a random moment of the whole command (start, reading, loading, scoring); the other half at the
instant when a file is being written (settings, shard, checksum, checkpoint, token types, manifest), since these
instants are short. A run is killed again while it resumes, until it happens to finish; then the next one is begun.
After each kill: no shard that was whole was written again. At each end: every file is the uninterrupted run's, bit for
bit, but for names and times, and nothing half-written is left. Prints one JSON object; exit 1 if anything differs.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

#: What may differ between two runs of the same: how they are called, and when and how long they were scored.
TIMINGS = {"name", "created", "seconds"}


def command(model: str, data: str, limit: int, run: str) -> list[str]:
    """Scoring of so many examples into a run of that name."""
    return [sys.executable, "-m", "xtf", "score", data, "--limit", str(limit), "--model", model, "--device", "cpu",
            "--dtype", "float32", "--batch-tokens", "1024", "--run", run, "--json"]


def contents(run: Path) -> dict[str, str]:
    """What a finished run holds: a digest of each file, of JSON without timings."""
    found = {}
    for path in sorted(path for path in run.rglob("*") if path.is_file() and path.name != ".lock"):
        data = path.read_bytes()
        if path.name in ("manifest.json", "settings.json"):
            told = {name: value for name, value in json.loads(data).items() if name not in TIMINGS}
            data = json.dumps(told, sort_keys=True).encode()
        found[str(path.relative_to(run))] = hashlib.sha256(data).hexdigest()
    return found


def whole_shards(run: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of each shard that has its checksum beside it and holds what that says."""
    found = {}
    for path in sorted((run / "shards").glob("*.arrow")):
        beside = path.with_suffix(".json")
        if beside.is_file() and json.loads(beside.read_text())["sha256"] == hashlib.sha256(
                path.read_bytes()).hexdigest():
            status = path.stat()
            found[path.name] = (status.st_ino, status.st_mtime_ns)
    return found


def started(argv: list[str]) -> subprocess.Popen:
    """The command in a process group of its own, which can be killed as a whole."""
    return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def finished(process: subprocess.Popen) -> None:
    """Waits until it has done its work."""
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"the command failed by itself: {errors.decode()}")


def ended(pid: int) -> None:
    """Kills it and all that it has started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # it has not come to lead a group of its own
        os.kill(pid, signal.SIGKILL)


def killed_after(process: subprocess.Popen, seconds: float) -> str | None:
    """Kills at a moment of the clock. Returns the phase in which it was, None if it had ended by then."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return "clock"
    return None


def killed_at_write(process: subprocess.Popen, run: Path, number: int) -> str | None:
    """Waits for the run's `number`th file that is being written. Returns its folder, None if there was no such."""
    seen: set[str] = set()
    while process.poll() is None:
        for folder in (run, run / "shards"):
            try:
                names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(".writing-")]
            except FileNotFoundError:
                continue
            for name in names:
                if name not in seen:
                    seen.add(name)
                    if len(seen) >= number:
                        return f"writing in {folder.name if folder != run else 'the run'}"
    return None


def killed(process: subprocess.Popen, run: Path, chance: random.Random, seconds: float) -> str | None:
    """Kills the command that was started. Returns what it was killed at, None if it was faster."""
    if chance.random() < 0.5:
        at = killed_after(process, chance.uniform(0, seconds))
    else:
        at = killed_at_write(process, run, chance.randint(1, 14))
    if at is not None and process.poll() is None:
        ended(process.pid)
    _, errors = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"the command failed by itself: {errors.decode()}")
    return at if process.returncode else None


def leftovers(home: Path) -> list[str]:
    """Files that are half of something."""
    return [str(path.relative_to(home)) for path in home.rglob(".*")
            if path.name.startswith((".writing-", ".converting-", ".copying", ".probe-")) and path.suffix != ".lock"]


def experiment(home: Path, model: str, data: str, limit: int, kills: int, seed: int,
               start: Callable[[list[str]], subprocess.Popen] = started) -> dict:
    """All of it. Returns counts, and the faults that were found. `start` makes a process of a command."""
    began = time.monotonic()
    finished(start(command(model, data, limit, "whole")))
    seconds = time.monotonic() - began
    expected, chance = contents(home / "runs" / "whole"), random.Random(seed)
    phases, faults, runs, resumed = Counter(), [], 0, 0
    while sum(phases.values()) < kills:
        # The uninterrupted run would be found and copied: it is put aside while others are scored.
        aside = home / "whole"
        (home / "runs" / "whole").rename(aside)
        run, argv = home / "runs" / f"killed-{runs}", command(model, data, limit, f"killed-{runs}")
        for _ in range(chance.randint(1, 4)):
            before = whole_shards(run)
            at = killed(start(argv), run, chance, seconds)
            faults += rewritten(before, whole_shards(run), run.name)
            if at is None:
                break
            phases[at] += 1
            resumed += bool(before)
        before = whole_shards(run)
        finished(start(argv))
        faults += rewritten(before, whole_shards(run), run.name)
        found = contents(run)
        faults += [f"{run.name}: {name} differs" for name in expected.keys() | found.keys()
                   if expected.get(name) != found.get(name)]
        faults += [f"{run.name}: {name} is left" for name in leftovers(home / "runs")]
        finished(start([sys.executable, "-m", "xtf", "runs", "--delete", run.name]))
        aside.rename(home / "runs" / "whole")
        runs += 1
        print(f"{runs} runs, {dict(phases)}, {len(faults)} faults", file=sys.stderr, flush=True)
    return {"kills": sum(phases.values()), "phases": dict(phases), "kills_of_a_resumed_run": resumed, "runs": runs,
            "shards": sum(name.endswith(".arrow") for name in expected) - 1, "seconds": round(seconds, 1),
            "seed": seed, "faults": faults}


def rewritten(before: dict, after: dict, run: str) -> list[str]:
    """A sentence for each shard that was whole and is another file now."""
    return [f"{run}: {name} was scored again" for name, known in before.items() if after.get(name) != known]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--model", default="embedded", help="as for xtf score; a tiny one makes this quick")
    parser.add_argument("--data", default="demo")
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XTF_HOME"] = folder
        found = experiment(Path(folder), chosen.model, chosen.data, chosen.limit, chosen.kills, chosen.seed)
    print(json.dumps(found))
    sys.exit(1 if found["faults"] else 0)


if __name__ == "__main__":
    main()
