"""The vendor's published example, and what must hold for any request."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from playback.vendor.signing import sign, string_to_sign, verify

EXAMPLE = json.loads((Path(__file__).parents[1] / "vectors" / "samples.json").read_text())["sign"]
PARAMS = {name: str(value) for name, value in EXAMPLE["params"].items()}
names = st.text(st.characters(min_codepoint=48, max_codepoint=122, exclude_characters="=&"), min_size=1).filter(
    lambda name: name not in {"sign", "partner_key"}
)
requests = st.dictionaries(names, st.text(st.characters(exclude_categories=["Cs"])), min_size=1)
KEY = "k" * 32


def test_the_vendors_published_example() -> None:
    assert string_to_sign(PARAMS, EXAMPLE["partner_key"]) == EXAMPLE["string_to_sign"]
    assert sign(PARAMS, EXAMPLE["partner_key"]) == EXAMPLE["sign"]


@given(requests, st.randoms())
def test_the_order_does_not_matter(params: dict[str, str], random: object) -> None:
    shuffled = list(params.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sign(dict(shuffled), KEY) == sign(params, KEY)


@given(requests, st.data(), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_changed_value_changes_the_sign(params: dict[str, str], data: st.DataObject, value: str) -> None:
    name = data.draw(st.sampled_from(sorted(params)))
    assume(params[name] != value)
    assert sign({**params, name: value}, KEY) != sign(params, KEY)


@given(requests, names)
def test_a_sent_empty_text_counts_and_an_absent_one_does_not(params: dict[str, str], name: str) -> None:
    assume(name not in params)
    assert sign({**params, name: ""}, KEY) != sign(params, KEY)
    assert f"{name}=&" in string_to_sign({**params, name: ""}, KEY)


@given(requests)
def test_sign_and_key_are_no_parameters(params: dict[str, str]) -> None:
    assert sign({**params, "sign": "x", "partner_key": "y"}, KEY) == sign(params, KEY)


@given(requests, st.data())
def test_a_callback_verifies_as_sent_and_not_otherwise(params: dict[str, str], data: st.DataObject) -> None:
    signed = {**params, "sign": sign(params, KEY)}
    assert verify(signed, KEY)
    assert not verify(signed, KEY + "x")
    name = data.draw(st.sampled_from(sorted(params)))
    assert not verify({**signed, name: params[name] + "x"}, KEY)
    assert not verify(params, KEY)
    assert not verify({**params, "sign": "ü"}, KEY)


def test_an_unset_key_verifies_nothing() -> None:
    assert not verify({**PARAMS, "sign": sign(PARAMS, "")}, "")


def test_values_are_signed_unescaped() -> None:
    assert string_to_sign({"b": "a b&c=d/+%", "a": "课"}, "K") == "a=课&b=a b&c=d/+%&partner_key=K"
