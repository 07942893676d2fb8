"""Tables of a comparison as files: escaped whatever text is in them, with captions that say what the figures are."""

import html.parser
import shutil
import subprocess

import pandas as pd
import pytest
from click.testing import CliRunner

from tests import comparisons
from tests.scored import HOSTILE
from xtf.cli.main import cli
from xtf.comparison import files
from xtf.comparison.result import result

SENTENCES = ("every arm makes the same passes over the data",
             "4 held-out examples of hostile, 2 seeds of each strategy", "95 % intervals", "Holm", "McNemar",
             "the paper's (models of 1B-14B; no seeds or intervals published)")


@pytest.fixture
def found(workplace):
    made = comparisons.finished("problems", "hostile")
    made.note(notes=[f"100 % of {HOSTILE}"], failures={"helped-xtf-s1": "The disk is full_."})
    return result(made)


class Page(html.parser.HTMLParser):
    """What a browser makes of it: tags, texts of cells, all text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.cells, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        self.text += data
        if self.cells:
            self.cells[-1] += data


def test_html_stands_by_itself_and_takes_text_literally(found):
    page = Page(files.written(found, "html"))
    assert {tag for tag, _ in page.tags} == {"html", "head", "meta", "title", "style", "body", "h1", "p", "div",
                                             "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert not any(name in attrs for _, attrs in page.tags for name in ("src", "href", "onerror", "onclick"))
    assert all(sentence in page.text for sentence in SENTENCES) and "The disk is full_." in page.text
    assert page.cells[0] == "strategy" and "62.5 [" in " ".join(page.cells)
    paper = [attrs for tag, attrs in page.tags if tag in ("td", "th") and attrs.get("class") == "paper"]
    assert len(paper) == 5  # a head and four rows, told apart from ours


def test_latex_by_hand(found):
    text = files.written(found, "latex")
    outcome, losses, costs = [table.splitlines() for table in text.split(r"\begin{table}")[1:]]
    assert outcome[outcome.index(r"\midrule") + 1].startswith(
        r"Base model & --- & --- & \begin{tabular}[t]{@{}l@{}}25.0\\{}[")
    row = next(line for line in outcome if line.startswith("XTF"))
    assert r"750 (75.0 \%)" in row and "45.7" in row and r"+25.0\\{}[" in row
    assert next(line for line in costs if line.startswith("XTF")) == (
        r"XTF & 12 s & 1 min 0 s & 1 min 12 s & 2.0 GB \\ \addlinespace")
    assert next(line for line in losses if line.startswith("Normal")).count("tabular") == 2 * 5
    assert "$-$" in text and r"Exact match\\{}(\%)" in text and r"full\_." in text
    assert all(sentence.replace("%", r"\%") in text for sentence in SENTENCES)
    for lines in (outcome, losses, costs):
        rows = [line for line in lines if line.endswith((r" \\", r"\addlinespace"))]
        assert len(rows) == 5 and len({line.count(" & ") for line in rows}) == 1
    assert text.isascii()  # what fonts may lack is named by its code point


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no TeX here")
def test_latex_compiles(found, tmp_path):
    (tmp_path / "table.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,graphicx}\\usepackage[T1]{fontenc}\\begin{document}\n"
        + files.written(found, "latex") + "\\end{document}\n")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "table.tex"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_command_writes_each_kind_and_says_where(found, tmp_path):
    for kind in files.FORMATS:
        done = CliRunner().invoke(cli, ["compare", "--show", "helped", "--format", kind, "--out", str(tmp_path / kind)])
        assert done.exit_code == 0 and str(tmp_path / kind) in done.stdout.replace("\n", "")
        assert (tmp_path / kind).read_text() == files.written(found, kind)
        assert CliRunner().invoke(cli, ["compare", "--show", "helped", "--format", kind]).stdout == files.written(
            found, kind)
    rows = pd.read_csv(tmp_path / "csv").set_index("strategy")
    assert rows.loc["xtf", "correct_minus_normal"] == 0.25 and rows.loc["xtf", "kept_share"] == 0.75
    assert "| XTF | 2 of 2 | 750 (75.0 %) | 62.5 " in (tmp_path / "markdown").read_text()


@pytest.mark.parametrize("words, told", [
    (["--format", "csv"], "name it with --show"),
    (["--show", "helped", "--format", "csv", "--out", "/no/such/place.csv"], "cannot be written")])
def test_what_cannot_be_written_is_told_in_a_sentence(words, told, found):
    done = CliRunner().invoke(cli, ["compare", *words])
    assert told in str(done.exception) and type(done.exception).__name__ == "SettingsError"
