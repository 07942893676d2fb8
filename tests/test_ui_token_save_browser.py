"""Saving one sample's tokens as a picture, in a real browser: the component's own files on a bare page."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.scored import HOSTILE
from tests.tables import table
from tests.token_views import payload
from xtf.assets import asset
from xtf.figures.svg import svg


@pytest.fixture
def page(browser):
    made = browser.new_page()
    faults = []
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    made.set_content("<!doctype html><div id=host></div>")
    made.evaluate("""async ([html, js]) => {
        window.root = host.attachShadow({mode: "open"});
        root.innerHTML = html;
        const url = URL.createObjectURL(new Blob([js], {type: "text/javascript"}));
        window.component = (await import(url)).default;
        window.asked = [];
        const setTriggerValue = (_, value) => asked.push(value);
        window.show = (data) => component({data, parentElement: root, setTriggerValue});
        show({name: "demo-3", picture: null});
    }""", [asset(f"token_view/save.{kind}").read_text() for kind in ("html", "js")])
    yield made
    made.close()
    assert faults == []


def saved(page, kind, drawn):
    page.get_by_role("button", name=kind.upper()).click()
    asked = page.evaluate("asked.at(-1)")
    assert (asked["kind"], asked["mode"], asked["theme"]) == (kind, "novelty", "light")
    picture = {"kind": kind, "number": asked["number"], "svg": drawn}
    with page.expect_download() as download:
        page.evaluate("picture => show({name: 'demo-3', picture})", picture)
    assert download.value.suggested_filename == f"demo-3.{kind}"
    return download.value.path().read_bytes(), picture


def hostile():
    texts = {1: HOSTILE, 2: "<script>alert(1)</script>", 3: "\x00\ufffe", 4: "]]>&amp;", 5: "مرحبا", 6: " 🎉"}
    found = table([[1, 2, 3, 4, 5, 6]], scores={"logprob": [np.log([0.1, 0.2, 0.99, 0.4, 0.5, 0.99])]}, texts=texts)
    return payload(found)[0]


def test_an_svg_is_saved_as_it_comes_and_once(page):
    drawn = svg(hostile(), "novelty")
    written, picture = saved(page, "svg", drawn)
    assert written.decode("utf-8") == drawn
    downloads = []
    page.on("download", lambda download: downloads.append(download))
    page.evaluate("picture => show({name: 'demo-3', picture})", picture)  # a rerun of the page sends it again
    page.evaluate("picture => show({name: 'demo-3', picture: {...picture, number: 5}})", picture)  # nobody asked
    page.wait_for_timeout(200)
    assert downloads == []


def test_a_png_shows_the_same_at_twice_the_size(page):
    data = hostile()
    data["texts"] = ["a"] * len(data["texts"])
    drawn = svg(data, "novelty", width=300)
    found = np.asarray(Image.open(BytesIO(saved(page, "png", drawn)[0])).convert("RGB"))
    assert found.shape[1] == 600
    assert found[0, 0].tolist() == [255, 255, 255]
    colours = {"#" + bytes(colour).hex() for colour in np.unique(found.reshape(-1, 3), axis=0)}
    fills = {part.split('"')[0] for part in drawn.split('height="19" fill="')[1:]}
    fills = {fill for fill in fills if fill.startswith("#")}
    assert len(fills) > 3 and fills <= colours


def test_hostile_text_can_be_drawn_to_a_png(page):
    png, _ = saved(page, "png", svg(hostile(), "novelty"))
    assert Image.open(BytesIO(png)).width == 1800


def test_a_picture_too_long_for_a_png_is_told(page):
    page.get_by_role("button", name="PNG").click()
    drawn = '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="40000"></svg>'
    page.evaluate("svg => show({name: 'x', picture: {kind: 'png', number: asked.at(-1).number, svg}})", drawn)
    page.get_by_text("This sample is too long for a PNG: save it as SVG.").wait_for()
