"""Every command and every Python example of the documentation is run, file by file, in the order of the text.

In a fence marked `console`, lines that begin with `$ ` are commands. A fence whose first line names a file after its
language (```json rows.jsonl) is written under that name first.
"""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(?P<language>\w*) *(?P<name>\S*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
#: Not run here: set-up, which CI does before any test, and what needs another machine or a hub.
EXEMPT = ("make", "docker", "pip", "ssh")
NOT_RUN = ("app", "bench", "compare")  # one serves until it is stopped, others take minutes: only flags are checked


@dataclass(frozen=True)
class Step:
    """One thing that a reader of `document` does, at `line`."""

    kind: str  # file, python or command
    text: str
    name: str
    line: int


def steps(document: Path) -> Iterator[Step]:
    text = document.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 2
        if fence["name"]:
            yield Step("file", fence["body"], fence["name"], line)
        elif fence["language"] == "python":
            yield Step("python", fence["body"], "", line)
        elif fence["language"] == "console":
            for offset, command in enumerate(fence["body"].splitlines()):
                if command.startswith("$ "):
                    yield Step("command", command[2:], "", line + offset)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, embedded_model: Path) -> Path:
    """One workspace for all documents: a run of the same name and settings is scored once."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "models").symlink_to(embedded_model.parent)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documented_steps_work(document: Path, workspace: Path, tmp_path: Path,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XTF_HOME", str(workspace))
    names: dict[str, object] = {"__name__": "__main__"}
    for step in steps(document):
        where = f"{document.name}:{step.line}"
        if step.kind == "file":
            Path(step.name).write_text(step.text, encoding="utf-8")
        elif step.kind == "python":
            exec(compile(step.text, where, "exec"), names)
        else:
            run(step.text, where)


def run(command: str, where: str) -> None:
    from xtf.cli.main import cli

    words = shlex.split(command, comments=True)
    if words[0] in EXEMPT:
        return
    assert words[0] == "xtf", f"{where}: {command!r} is neither an xtf command nor exempt"
    if words[1] in NOT_RUN:
        accepts(words[1:])
        return
    result = CliRunner().invoke(cli, words[1:], catch_exceptions=False)
    assert result.exit_code == 0, f"{where}: {command}\n{result.output}"


def accepts(words: list[str]) -> None:
    """Raises what the command would raise for words that it does not know."""
    from xtf.cli.main import cli

    with cli.make_context("xtf", words[:1]) as context:
        command = cli.get_command(context, words[0])
        assert command is not None
        rest = words[1:]
        if hasattr(command, "get_command"):
            command = command.get_command(context, rest.pop(0))
            assert command is not None
        command.make_context(words[0], rest)


def test_readme_opens_with_the_two_commands() -> None:
    first = [step.text for step in steps(ROOT / "README.md")][:2]
    assert first == ["make app", "make test"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = Path(os.path.normpath(document.parent / name)) if name else document
        assert file.exists(), f"{document.name} links to {target}"
        assert not anchor or anchor in anchors(file), f"{document.name} links to {target}"


def anchors(document: Path) -> set[str]:
    """The anchors that a renderer makes of headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
