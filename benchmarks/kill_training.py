"""Ends `xtf train` at random moments, by kill -9 and as "Cancel" does, takes it up again each time, and compares.

    python benchmarks/kill_training.py --kills 20 --model MODEL --seed 7

A fine-tune with dropout is ended at random moments of the whole command (start, loading, steps, checkpoints, result)
until it happens to finish. Its weights must then be those of one that nobody ended, to 1e-5, its curve must have every
step once with the same loss, and nothing half-written may be left. SIGTERM must end it within 10 seconds, with a
checkpoint of the last step that it has told. Prints one JSON object; exit 1 if anything differs.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

import click
from safetensors.numpy import load_file

from xtf.errors import StoreError
from xtf.training.checkpoints import newest
from xtf.training.folder import CHECKPOINTS, Training, open_training

_TOLERANCE, _PATIENCE = 1e-5, 10.0  # seconds


def command(name: str, epochs: int) -> list[str]:
    return [sys.executable, "-m", "xtf", "train", "problems", "--name", name, "--strategy", "normal", "--epochs",
            str(epochs), "--batch-examples", "2", "--checkpoint-steps", "9", "--dropout", "0.1", "--rank", "4",
            "--device", "cpu", "--json"]


def ended(argv: list[str], number: signal.Signals, after: float) -> float | None:
    """Runs the command and ends it so many seconds later. Returns the seconds that this took; None if it was faster."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    try:
        _, errors = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        asked = time.monotonic()
        os.killpg(process.pid, number)
        _, errors = process.communicate()
        return time.monotonic() - asked
    if process.returncode:
        raise SystemExit(f"the command failed by itself: {errors.decode()}")
    return None


def faults_of(made: Training, whole: Training) -> list[str]:
    """What differs from the fine-tune that nobody ended, and what is left half-written."""
    found, expected = (load_file(one.result / "adapter_model.safetensors") for one in (made, whole))
    worst = max(float(abs(found[name] - weight).max()) for name, weight in expected.items())
    curve, known = (one.metrics()[["step", "loss"]].round(5).to_numpy().tolist() for one in (made, whole))
    left = [path.name for path in made.path.iterdir() if path.name.startswith((".result", ".writing")) or
            path.name == CHECKPOINTS]
    return [*([f"weights differ by {worst:.2g}"] if worst > _TOLERANCE else []),
            *(["the curve differs"] if curve != known else []), *(f"{name} is left" for name in left)]


def stopped_well(name: str, took: float) -> list[str]:
    """What is wrong after a SIGTERM."""
    try:
        made = open_training(name)
    except StoreError:  # it had not even begun
        return []
    steps, last = made.metrics()["step"].tolist(), newest(made.path / CHECKPOINTS)
    late = [f"SIGTERM took {took:.1f} s"] if took > _PATIENCE else []
    if not steps or made.done or (last is not None and last.name == f"checkpoint-{int(steps[-1])}"):
        return late
    return [*late, f"after step {steps[-1]} the newest checkpoint is {last and last.name}"]


@click.command(help=__doc__)
@click.option("--kills", default=20, show_default=True)
@click.option("--model", default="embedded", show_default=True, help="As for xtf score; a tiny one makes this quick.")
@click.option("--limit", default=12, show_default=True, help="Problems.")
@click.option("--epochs", default=12, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(kills: int, model: str, limit: int, epochs: int, seed: int) -> None:
    chance, told, faults, waits, runs = random.Random(seed), Counter(), [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XTF_HOME"] = folder
        subprocess.run([sys.executable, "-m", "xtf", "score", "demo", "--limit", str(limit), "--run", "problems",
                        "--model", model, "--device", "cpu", "--dtype", "float32"], check=True, capture_output=True)
        started = time.monotonic()
        subprocess.run(command("whole", epochs), check=True, capture_output=True)
        seconds = time.monotonic() - started
        while sum(told.values()) < kills:
            name, took = f"ended-{runs}", 0.0
            for _ in range(chance.randint(1, 5)):
                number = chance.choice((signal.SIGKILL, signal.SIGTERM))
                took = ended(command(name, epochs), number, chance.uniform(0, seconds))
                if took is None:
                    break
                told[number.name] += 1
                if number == signal.SIGTERM:
                    waits.append(took)
                    faults += [f"{name}: {fault}" for fault in stopped_well(name, took)]
            subprocess.run(command(name, epochs), check=True, capture_output=True)
            faults += [f"{name}: {fault}" for fault in faults_of(open_training(name), open_training("whole"))]
            runs += 1
            print(f"{runs} fine-tunes, {dict(told)}, {len(faults)} faults", file=sys.stderr, flush=True)
    print(json.dumps({"ended": dict(told), "fine_tunes": runs, "longest_wait": round(max(waits, default=0), 2),
                      "seconds": round(seconds, 1), "seed": seed, "faults": faults}))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
