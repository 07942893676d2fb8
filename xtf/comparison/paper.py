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
#: Its ablation, average accuracy in % over its tasks and models, by which attributes drop tokens.
ABLATION = {"none": 30.7, "RI": 32.0, "KN": 34.5, "TR": 33.3, "RI + KN": 36.1, "RI + TR": 36.9, "KN + TR": 36.3,
            "RI + KN + TR": 40.1}
#: Our arms whose method the paper has under a name of its own.
_NAMES = {"df-perplexity": "data filtering", "df-ifd": "data filtering", "augment": "augmentation",
          "slm": "selective LM", "token-cleaning": "token cleaning", "self-evolving": "token cleaning",
          "xtf-paper": "xtf"}
#: How far its accuracy moved, in %, where its thresholds were moved by 3 % up and down.
THRESHOLDS_MOVED = (44.3, 56.2)


def accuracy(task: str, arm: str) -> float | None:
    """The paper's average accuracy of the method of one of our arms, in %; None where it tells none."""
    return TASKS[task].accuracy.get(_NAMES.get(arm, arm)) if task in TASKS else None


def gain(task: str, arm: str) -> float | None:
    """The same over normal fine-tuning, in points."""
    found, normal = accuracy(task, arm), accuracy(task, "normal")
    return None if found is None or normal is None else found - normal


def sentence(task: Task) -> str:
    """A task's figures in a sentence that says whose they are."""
    figures = ", ".join(f"{STRATEGIES[name].title if name in STRATEGIES else name} {value:.1f}"
                        for name, value in task.accuracy.items())
    averages = f"average accuracy in % on {task.title}: {figures}; " if figures else f"on {task.title}, "
    return f"Not ours but {LABEL}: {averages}its best single gain over normal was {task.best_gain:+.1f} points, with " \
           f"{task.best_model}."
