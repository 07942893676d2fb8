"""Contents are found to the character in whatever a chat template makes of them. Templates here are plain functions."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtf.data.chat import locate

contents_lists = st.lists(st.text("ab \n<xtfcontent0e>", max_size=12), min_size=1, max_size=4)


def found(render, contents):
    """What the regions cover, message by message; regions must be in order and must not overlap."""
    text, regions = locate(render, contents)
    assert text == render(contents)
    ends = [0, *(region.end for region in regions)]
    assert all(region.start >= end for region, end in zip(regions, ends))
    return {region.message: text[region.start:region.end] for region in regions}


def chatml(contents):
    return "".join(f"<|{index}|>\n{content}<|end|>\n" for index, content in enumerate(contents))


def stripping(contents):
    return "".join(f"[{index}] {content.strip()} [/]\n" for index, content in enumerate(contents))


def without_thoughts(contents):
    """As Qwen3 and DeepSeek-R1: thoughts are cut out of all turns but the last."""
    kept = [re.sub("(?s).*</think>", "", content).lstrip("\n") for content in contents[:-1]]
    return "".join(f"<|turn|>{content}<|end|>" for content in [*kept, contents[-1]])


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(contents_lists)
def test_contents_are_found_as_they_are(contents):
    assert found(chatml, contents) == dict(enumerate(contents))


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(contents_lists)
def test_contents_are_found_where_the_template_strips_them(contents):
    assert found(stripping, contents) == {index: content.strip() for index, content in enumerate(contents)}


def test_a_content_that_repeats_the_template_is_no_trap():
    contents = ["user", "<|1|>\nuser<|end|>\n", "user"]
    text, regions = locate(chatml, contents)
    assert [text[region.start - len("<|0|>\n"):region.start] for region in regions] == ["<|0|>\n", "<|1|>\n", "<|2|>\n"]
    assert found(chatml, contents) == dict(enumerate(contents))


def test_the_order_is_that_of_the_text():
    assert found(lambda contents: f"{contents[1]}|system: {contents[0]}", ["be kind", "hi"]) == {0: "be kind", 1: "hi"}
    _, regions = locate(lambda contents: f"{contents[1]}|system: {contents[0]}", ["be kind", "hi"])
    assert [region.message for region in regions] == [1, 0]


def test_a_content_that_is_left_out_has_no_region():
    assert found(lambda contents: "> " + contents[1], ["system", "hello"]) == {1: "hello"}


def test_a_template_that_cuts_out_thoughts():
    contents = ["why", "<think>hm</think>\n\nso", "why", "<think>hm</think>\n\nso"]
    assert found(without_thoughts, contents) == {0: "why", 1: "so", 2: "why", 3: contents[3]}


def test_thoughts_and_left_out_contents_together():
    """The first content is left out, and one of them looks like a placeholder."""
    def render(contents):
        return without_thoughts(contents[1:])

    contents = ["Be brief.", "xtfcontent1e", "<think>xtfcontent2e</think>so", "why xtfcontent2e", "so"]
    assert found(render, contents) == {1: contents[1], 2: "so", 3: contents[3], 4: "so"}


@pytest.mark.parametrize("strip", [str.lstrip, str.rstrip])
def test_a_template_that_strips_one_side(strip):
    def render(contents):
        return "".join(f"[{strip(content)}]" for content in contents)

    contents = ["  a  ", "b ", " c", " a", ""]
    assert found(render, contents) == {index: strip(content) for index, content in enumerate(contents)}


def test_what_a_template_adds_for_a_content_s_sake_is_no_content():
    def render(contents):
        return "".join(content + (" (long)" if len(content) > 20 else "") for content in contents)

    assert found(render, ["x" * 30, "y" * 40]) == {0: "x" * 30, 1: "y" * 40}


def test_a_template_whose_frame_depends_on_the_content():
    """As Qwen3: an empty thought is put in where the last turn has none, so the placeholder's frame is another one."""
    def render(contents):
        last = contents[-1] if "<think>" in contents[-1] else "<think>\n\n</think>\n\n" + contents[-1]
        return f"<|turn|>{contents[0]}<|end|><|turn|>{last}<|end|>"

    assert found(render, ["sum?", "four"]) == {0: "sum?", 1: "four"}
    thought = "<think>\n2 + 2\n</think>\n\nfour"
    assert found(render, ["sum?", thought]) == {0: "sum?", 1: thought}
    assert locate(render, [thought, thought])[1] is None  # which of the two places is whose cannot be told


@pytest.mark.parametrize("render", [lambda contents: contents[0].upper() + "!" * len(contents[0]),
                                    lambda contents: f"{len(contents[0])} {contents[0][::-1]}"])
def test_a_template_that_rewrites_contents_is_not_guessed_at(render):
    assert locate(render, ["abc"]) == (render(["abc"]), None)
