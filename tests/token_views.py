"""A small scored run for tests of the token view, what Python sends of it, and the component on a bare page."""

import numpy as np

from tests.tables import EOS, PROMPT, RESPONSE, table
from xtf import filters
from xtf.assets import asset
from xtf.config import Cutoff, Off, Quantile, Thresholds
from xtf.data.types import Tokens
from xtf.figures import tokens


def scored():
    """One prompt token, five of the response, EOS with an empty span; a second example for dataset-wide ranges."""
    ids = [[9, 1, 2, 3, 4, 5, 6], [9, 1, 1]]
    marks = [[PROMPT, *[RESPONSE] * 5, EOS], [PROMPT, RESPONSE, RESPONSE]]
    scores = {
        "logprob": [np.log([1, 0.2, 0.96, 0.5, 1.0, 0.3, 0.4]), np.log([1, 0.5, 0.1])],
        "received_mean_adjusted": [[np.nan, 0.1, 2, 3, 4, 50, np.nan], [np.nan, 1, 2]]}
    types = {"embedding_dataset": {1: -0.5, 2: 0.5, 3: 0.0, 4: 0.25, 5: 0.5, 6: 0.5, 9: 0.5}}
    return table(ids, marks, scores, types, texts={3: "<b>", 6: ""})


THRESHOLDS = Thresholds(reasoning=Quantile(share=0.2), novelty=Cutoff(value=0.95), relevance=Off())


def payload(found, thresholds=THRESHOLDS, index=0, **more):
    verdicts = filters.judge(found, thresholds)
    return tokens.payload(found.example(index), verdicts, found, **more), verdicts


def plain(*parts, marks=None):
    """A payload of unscored tokens with these texts, one token each."""
    ends = np.cumsum([len(part) for part in parts], dtype=np.int32)
    spans = np.stack([np.r_[0, ends[:-1]], ends], axis=1).astype(np.int32)
    kinds = np.array(marks or [RESPONSE] * len(parts), np.uint8)
    return tokens.unscored(Tokens(np.arange(len(parts), dtype=np.int32), kinds, spans, "".join(parts)))


class View:
    """The component on a bare page, with Streamlit's part played by twenty lines."""

    def __init__(self, browser):
        self.page = browser.new_page(viewport={"width": 900, "height": 800})
        self.faults = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.faults.append(dialog.message), dialog.dismiss()))
        self.page.set_content(
            "<!doctype html><div id=host style='--st-text-color:#2f2d2b;--st-background-color:#fff'></div>")
        self.page.evaluate(
            """async ([html, css, js]) => {
                window.root = host.attachShadow({mode: "open"});
                root.innerHTML = `<style>${css}</style>` + html;
                const url = URL.createObjectURL(new Blob([js], {type: "text/javascript"}));
                window.component = (await import(url)).default;
                window.reported = [];
            }""", [asset("token_view/view.html").read_text(), tokens.style(), tokens.script()])

    def show(self, data):
        self.page.evaluate("""(data) => component({data, parentElement: root,
            setStateValue: (name, value) => reported.push([name, value]),
            setTriggerValue: (name, value) => reported.push([name, value])})""", data)
        return self

    def token(self, position):
        return self.page.locator(".text .token").nth(position)

    def focused(self):
        return self.page.evaluate("() => root.activeElement?.token")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return self.focused()
