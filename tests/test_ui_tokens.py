"""The Tokens page run as a script: list, filters, verdicts by hand, ways to the examples."""

import numpy as np
import pytest

from tests.pages import listed, opened, rerun, widget
from xtf import contexts, filters, roles, runs
from xtf.config import PRESETS, ByType
from xtf.ui.contexts_view import signs

TOKENS = "pages/tokens.py"
CORRECTED = PRESETS["corrected"][1]


def types(name="problems"):
    table = runs.open_run(name).table()
    return contexts.types(table, filters.judge(table, CORRECTED))


def naive(column, passes=lambda row: True):
    """Ids in the order of a column, by Python's own sort."""
    rows = sorted((row for row in types().itertuples() if passes(row)), key=lambda row: -getattr(row, column))
    return [row.id for row in rows]


@pytest.mark.parametrize("order", ["dropped", "share", "kept", "tokens"])
def test_orders(order, workplace):
    app = opened(TOKENS)
    widget(app.selectbox, "Order").set_value(order)
    assert listed(rerun(app)) == naive(order)


def test_filters_combine(workplace):
    app = opened(TOKENS)
    widget(app.selectbox, "Dropped by").set_value("reasoning")
    widget(app.number_input, "At least").set_value(2)
    wanted = naive("reasoning", lambda row: row.reasoning and row.tokens >= 2)
    assert listed(rerun(app)) == wanted and wanted
    role = types().set_index("id")["role"][wanted[0]]
    widget(app.selectbox, "Role").set_value(role)
    wanted = naive("reasoning", lambda row: row.reasoning and row.tokens >= 2 and row.role == role)
    assert listed(rerun(app)) == wanted and wanted


def test_search_by_text_signs_and_id(workplace):
    app = opened(TOKENS)
    for query, fits in ((" t", lambda row: " t" in row.text.lower()), ("␣T", lambda row: " t" in row.text.lower()),
                        ("⏎", lambda row: "\n" in row.text)):
        widget(app.text_input, "Search").set_value(query if query != " t" else "␣t")
        assert listed(rerun(app)) == naive("dropped", fits), query
    some = types().iloc[3]
    widget(app.text_input, "Search").set_value(str(some["id"]))
    assert some["id"] in listed(rerun(app))
    widget(app.text_input, "Search").set_value("nowhere to be found")
    assert "No token type fits" in rerun(app).info[0].value


def test_never_drop_keeps_every_token_of_the_type_and_can_be_taken_back(workplace):
    table = runs.open_run("problems").table()
    row = types().sort_values("dropped", ascending=False, kind="stable").iloc[0]
    app = opened(TOKENS)
    widget(app.button, "Never drop this token").click()
    thresholds = rerun(app).session_state["xtf.thresholds"]
    decided, = thresholds.overrides
    assert isinstance(decided, ByType) and (decided.token, decided.text, decided.action) == (
        row["id"], row["text"], "keep") and decided.created.endswith("+00:00")
    mine = (table.ids == row["id"]) & table.trainable
    assert filters.judge(table, thresholds).keep[mine].all() and not filters.judge(table, CORRECTED).keep[mine].all()
    shown = app.dataframe[0].value
    assert shown[shown["id"] == row["id"]]["dropped"].tolist() == [0]
    widget(app.button, "Never dropped by hand: take it back").click()
    assert rerun(app).session_state["xtf.thresholds"].overrides == ()


def test_always_drop_is_counted_by_hand(workplace):
    app = opened(TOKENS)
    widget(app.button, "Always drop it").click()
    shown = rerun(app).dataframe[0].value
    row = types().sort_values("dropped", ascending=False, kind="stable").iloc[0]
    assert shown[shown["id"] == row["id"]][["by_hand", "dropped"]].to_numpy().tolist() == [[row["tokens"]] * 2]


@pytest.mark.parametrize("verdict", ["dropped", "kept"])
def test_its_examples_are_listed_on_explore(verdict, workplace):
    row = next(row for row in types().itertuples() if row.dropped and row.kept)
    app = opened(TOKENS, **{"xtf.form.tokens": {"type": row.id}})
    widget(app.button, f"Show examples where it is {verdict}").click()
    rerun(app)
    assert app.session_state["xtf.pick"] == f"type:{row.id}:{verdict}"
    assert app.title[0].value == "Explore"
    assert app.dataframe[0].value["matches"].sum() == getattr(row, verdict)


def test_stepping_chooses_types_and_others_are_drawn(workplace):
    app = opened(TOKENS)
    ids = listed(app)
    for _ in range(2):
        widget(app.button, "Next").click()
        rerun(app)
    assert app.session_state["xtf.form.tokens"]["type"] == ids[2]
    frequent = int(types().iloc[0]["id"])
    app = opened(TOKENS, **{"xtf.form.tokens": {"type": frequent}})
    widget(app.button, "Draw others").click()
    assert rerun(app).session_state["xtf.form.tokens"]["seed"] == 1


def test_roles_of_the_list_are_those_of_the_run(workplace):
    table = runs.open_run("problems").table()
    known = dict(zip(table.types("id").tolist(), np.array(roles.ROLES)[roles.of_types(table)].tolist(), strict=True))
    shown = opened(TOKENS).dataframe[0].value
    assert shown["role"].tolist() == [known[id_] for id_ in shown["id"]]


def test_signs_show_what_cannot_be_seen():
    assert signs(" a\n\t") == "␣a⏎⇥"
    assert signs("x\u202e\x00\u200d") == "x‹202E›‹0000›‹200D›"
    assert signs("") == "‹empty›" and signs("<b>") == "<b>"
