"""Which column of a roster is what: found by the words of its first rows, Chinese or English.

Above the header there may be a title, a date or nothing. A file in which no row names a column is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .values import tidy

USER_ID, USER_SN, NAME, PHONE = "user_id", "user_sn", "name", "phone"
LOOKED_AT = 20  # rows: titles and notes above a header are fewer

# Without spaces, underscores and signs, in lower case.
WORDS: dict[str, tuple[str, ...]] = {
    USER_ID: ("用户id", "userid", "uid", "用户编号id", "百家云id", "百家云用户id", "白名单用户id"),
    USER_SN: ("学号", "编号", "工号", "学员编号", "学生编号", "用户编号", "学籍号", "usersn", "sn", "usernumber",
              "number", "studentnumber", "studentno", "studentid", "no"),
    NAME: ("姓名", "名字", "学生姓名", "学员姓名", "用户名", "用户姓名", "name",
           "fullname", "username", "studentname"),
    PHONE: ("手机", "手机号", "手机号码", "电话", "电话号码", "联系电话", "联系方式", "家长手机", "phone",
            "phonenumber", "mobile", "mobilephone", "mobilenumber", "telephone", "tel", "cellphone"),
}  # fmt: skip
_MEANS = {word: column for column, words in WORDS.items() for word in words}
_NOT_A_WORD = re.compile(r"[\W_]+")
_IN_BRACKETS = re.compile(r"\(.*?\)")


def meaning(heading: str) -> str:
    """The column that a heading names, or ``""``. A remark in brackets is no part of it."""
    plain = tidy(heading).casefold()
    for text in (plain, _IN_BRACKETS.sub("", plain)):
        if found := _MEANS.get(_NOT_A_WORD.sub("", text)):
            return found
    return ""


def find(row: Sequence[str]) -> dict[str, int]:
    """Column → position, if this row is a header; the first of two columns of one meaning counts. A name alone does
    not make one: nobody is found by it."""
    found: dict[str, int] = {}
    for position, heading in enumerate(row):
        if column := meaning(heading):
            found.setdefault(column, position)
    return found if found.keys() - {NAME} else {}
