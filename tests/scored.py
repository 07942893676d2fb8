"""Workspaces with a scored run, for tests of pages: scored once with the tiny model, then copied."""

import json
from pathlib import Path

import pytest

#: Text that has tripped other tools: markup, Markdown, maths, directives, emoji, right-to-left, controls, blanks.
HOSTILE = "<script>alert(1)</script> **bold** `code` $x^2$ :red[red] :smile: [a](http://x) 🙂 שלום \u202e\t<img src=x>"


def score(home: Path, model: Path, name: str, data: str, **settings) -> None:
    """Scores into `home` with the tiny model."""
    from xtf.config import ScoreSettings
    from xtf.engine import local

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTF_HOME", str(home))
        local.score(ScoreSettings(data=data, model=str(model), dtype="float32", device="cpu", **settings), name)


def hostile_file(folder: Path) -> Path:
    """Three examples whose ids, prompts and responses are hostile."""
    path = folder / "hostile.jsonl"
    rows = [{"id": f"{number} {HOSTILE}", "prompt": HOSTILE, "response": f"{HOSTILE} {number}\n" + " " * 40}
            for number in range(3)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
