"""The paper's own figures, to stand beside ours and never among them: arXiv 2602.14536, averages over its models."""

from typing import NamedTuple

from xtf.strategies import STRATEGIES

LABEL = "the paper's (models of 1B-14B; no seeds or intervals published)"


class Task(NamedTuple):
    """What the paper tells of one kind of task: average accuracy in %, by our names of strategies where we have one
    and by the paper's elsewhere, and its best single gain over normal in points."""

    title: str
    accuracy: dict[str, float]
    best_gain: float
    best_model: str  # with which that was reached, in words


#: By the names of our tasks (`xtf.evaluation`). For code the paper's averages are not known to us.
TASKS: dict[str, Task] = {
    "maths": Task("GSM8K", {"base": 16.0, "normal": 37.1, "twice the epochs": 39.0, "data filtering": 41.4,
                            "augmentation": 36.5, "selective LM": 40.5, "token cleaning": 41.0, "xtf": 45.7},
                  13.3, "DeepSeek-R1-distill-Qwen-1.5B"),
    "medicine": Task("PubMedQA", {"base": 20.6, "normal": 30.4, "twice the epochs": 29.9, "data filtering": 31.4,
                                  "augmentation": 32.7, "selective LM": 33.5, "token cleaning": 33.7, "xtf": 37.1},
                     13.7, "Llama-3.1-8B, LoRA"),
    "code": Task("code, pass@1", {}, 5.6, "its best model"),
}
#: How far its accuracy moved, in %, where its thresholds were moved by 3 % up and down.
THRESHOLDS_MOVED = (44.3, 56.2)


def sentence(task: Task) -> str:
    """A task's figures in a sentence that says whose they are."""
    figures = ", ".join(f"{STRATEGIES[name].title if name in STRATEGIES else name} {value:.1f}"
                        for name, value in task.accuracy.items())
    averages = f"average accuracy in % on {task.title}: {figures}; " if figures else f"on {task.title}, "
    return f"Not ours but {LABEL}: {averages}its best single gain over normal was {task.best_gain:+.1f} points, with " \
           f"{task.best_model}."
