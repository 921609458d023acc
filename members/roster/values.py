"""What a cell says, as people and their spreadsheet programs write it.

A school's number is a text; a spreadsheet program takes it for a quantity. So ``007`` comes back as 7, ``20230001`` as
20230001.0, and what has more than 15 digits with its last digits gone. The first two are read as what they were meant
to be; the third is said to be lost (``spoilt``), because whatever one read from it would be somebody else.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

_EXACT = 10**15  # a spreadsheet keeps 15 digits
_FLOAT = re.compile(r"[0-9]+\.0+")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]{1,2}")
_QUOTED = re.compile(r'="([^"]*)"')  # how a text is written into a CSV so that it stays one
_INVISIBLE = {"Cf", "Cc", "Zl", "Zp"}
LONGEST = 200


class Value(NamedTuple):
    """One cell. ``typed``: it is a text or has its leading zeros, so its zeros count. ``spoilt``: its digits are
    lost."""

    text: str = ""
    typed: bool = False
    spoilt: bool = False


NOTHING = Value()


def of_cell(value: Any, number_format: str = "") -> Value:
    """The value of a spreadsheet's cell."""
    if value is None or isinstance(value, bool):
        return NOTHING if value is None else Value(str(value))
    if isinstance(value, int | float):
        return _of_number(value, number_format)
    if isinstance(value, datetime | date | time):
        return Value(value.isoformat(), spoilt=True)  # a number that was taken for a day
    found = of_text(str(value))
    return found._replace(typed=True) if found.text and not found.spoilt else found


def of_text(text: str) -> Value:
    """The value of a field of a CSV, whose zeros a spreadsheet program may have eaten before."""
    plain = tidy(text)
    if not plain or plain.isdecimal() or plain[0].isalpha():  # nearly all of them
        return Value(plain, typed=plain.startswith("0"))
    if quoted := _QUOTED.fullmatch(plain):
        return Value(tidy(quoted[1]), typed=True)
    if plain.startswith("'") and len(plain) > 1:
        return Value(plain[1:], typed=True)
    if _FLOAT.fullmatch(plain):
        return Value(plain.partition(".")[0])
    if _SCIENTIFIC.fullmatch(plain):
        return _of_scientific(plain)
    if plain.startswith("#") and plain.isascii() and plain[1:2].isupper():
        return Value(plain, spoilt=True)  # #N/A, #VALUE!
    return Value(plain, typed=plain.startswith("0"))


def tidy(text: str) -> str:
    """Full-width digits and letters as plain ones, spaces and what nobody sees at the ends gone."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text[: LONGEST * 2])
    if text.isprintable() and "  " not in text:
        return text.strip()[:LONGEST]
    plain = text[: LONGEST * 2]
    visible = "".join(" " if c in "\t\r\n" else c for c in plain if c in "\t\r\n" or _is_visible(c))
    return " ".join(visible.split())[:LONGEST]


def _is_visible(character: str) -> bool:
    return (character.isascii() and character >= " ") or unicodedata.category(character) not in _INVISIBLE


def _of_number(value: float, number_format: str) -> Value:
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return Value(str(value), spoilt=True)
        if not value.is_integer():
            return Value(repr(value))
        value = int(value)
    if abs(value) >= _EXACT:
        return Value(str(value), spoilt=True)
    text = str(value)
    if number_format and not number_format.strip("0"):  # shown as 007 by a format of zeros alone
        return Value(text.zfill(len(number_format)), typed=len(number_format) > 1)
    return Value(text)


def _of_scientific(text: str) -> Value:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Value(text, spoilt=True)
    digits = len(number.as_tuple().digits)
    whole = number == number.to_integral_value()
    if not whole or digits <= number.adjusted():
        return Value(text, spoilt=True)
    return Value(str(int(number)))


def digits(text: str) -> str:
    return "".join(c for c in text if "0" <= c <= "9")


def phone_key(text: str) -> str:
    """The digits that two ways to write one telephone have in common: without China's prefix. Empty for what is too
    short to be one person's."""
    found = digits(text)
    for prefix in ("0086", "86"):
        if found.startswith(prefix) and len(found) - len(prefix) == 11:
            found = found[len(prefix) :]
            break
    return found if len(found) >= 7 else ""


def zeroless(text: str) -> str:
    """A number without its leading zeros; what is no number stays as it is, in lower case."""
    return (text.lstrip("0") or "0") if text.isascii() and text.isdigit() else text.casefold()
