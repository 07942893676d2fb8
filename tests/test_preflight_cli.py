"""`xtf preflight`: the checks as a table or as JSON, and an exit code that scripts can go by."""

import json
import subprocess
import sys
from typing import get_args

import pytest
from click.testing import CliRunner

from tests.preflights import rows
from tests.tables import saved
from xtf.cli.main import cli
from xtf.config import Check
from xtf.errors import SettingsError

NOVELTY = ["--reasoning-off", "--relevance-off", "--novelty-cutoff", "0.5", "--insist"]


def run(*arguments):
    return CliRunner().invoke(cli, ["preflight", *arguments])


@pytest.fixture
def made_up(home):
    saved("fine", rows("pkkdE", "pkE", "pkE"))
    saved("empty", rows("pkkkE", "pdd", "pkkkE", "pde", "pkkkE", "pkkkE"))


def test_good_rows_exit_0(made_up):
    done = run("fine", *NOVELTY)
    assert done.exit_code == 0, done.output
    assert "Every row trains at least one token." in done.output and "stop" not in done.output


def test_a_stop_is_a_sentence_and_names_the_way_on(made_up):
    done = run("empty", *NOVELTY, "--no-protect-eos")
    assert isinstance(done.exception, SettingsError)
    assert str(done.exception) == ("Not ready for a trainer: 2 of 6 rows keep no token and give no gradient "
                                   "(--drop-empty mends it, --allow empty goes on all the same).")
    assert "2 of 6 rows keep no token" in done.output and "--drop-empty" in done.output
    assert run("empty", *NOVELTY, "--drop-empty").exit_code == 0
    allowed = run("empty", *NOVELTY, "--no-protect-eos", "--allow", "empty", "--json")
    assert allowed.exit_code == 0
    assert json.loads(allowed.stdout)["findings"][0]["allowed"]


def test_json_holds_every_check(made_up):
    done = run("empty", *NOVELTY, "--no-protect-eos", "--json")
    found = json.loads(done.stdout)
    assert tuple(finding["check"] for finding in found["findings"]) == get_args(Check)
    assert found["run"] == "empty" and found["complete"]
    assert found["findings"][0] == {
        "check": "empty", "level": "stop", "title": "Something to train", "examples": 2, "allowed": False,
        "sentence": "2 of 6 rows keep no token and give no gradient.", "first_examples": ["e1", "e3"],
        "fix": {"words": "Leave them out", "target": "export", "change": {"drop_empty": True},
                "flags": "--drop-empty"}}


def test_the_command_exits_with_2(made_up):
    command = [sys.executable, "-m", "xtf", "preflight", "empty", *NOVELTY, "--no-protect-eos", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr.startswith("xtf: Not ready for a trainer: ")
    assert json.loads(done.stdout)["findings"]


def test_hostile_names_pass(workplace):
    done = run("hostile", "--json")
    found = {finding["check"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert found["duplicates"]["level"] == "good" and len(found) == 8
    assert CliRunner().invoke(cli, ["preflight", "hostile", "--trainer-length", "5"]).output.count("\x1b") == 0
    named = json.loads(run("hostile", "--trainer-length", "5", "--json").stdout)["findings"][3]["first_examples"]
    assert len(named) == 3 and "<script>" in named[0]


def test_the_demo_passes(workplace):
    done = run("problems", "--json")
    assert {finding["level"] for finding in json.loads(done.stdout)["findings"]} <= {"good", "note"}, done.output


def test_for_another_tokenizer(workplace, tiny_model):
    plain, other = run("problems", "--json"), run("problems", "--for-tokenizer", str(tiny_model), "--json")
    assert other.exit_code == 0
    assert json.loads(plain.stdout)["findings"] == json.loads(other.stdout)["findings"]
