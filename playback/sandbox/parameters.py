"""A call's parameters, read as the vendor documents them; what cannot be read is refused by 1001, by name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .refusal import bad_parameter
from .state import BEIJING

MAX_PAGE_SIZE = 1000
UINT64 = (1 << 64) - 1
_SQL_MAX = (1 << 63) - 1


class Parameters(Mapping[str, str]):
    """The fields as sent. An empty string counts as not sent, as PHP's ``empty`` has it (it is signed all the same)."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return self._fields[name]

    def __iter__(self) -> Any:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def require(self, names: tuple[str, ...]) -> None:
        for name in names:
            if not self.get(name):
                raise bad_parameter(name, "不能为空")

    def text(self, name: str, *, longest: int = 255) -> str:
        """The words, or "" if not sent."""
        words = self.get(name, "")
        if len(words) > longest:
            raise bad_parameter(name, f"不能超过{longest}个字符")
        if any("\ud800" <= character <= "\udfff" for character in words):
            raise bad_parameter(name, "不是有效的UTF-8")
        return words

    def integer(self, name: str, default: int = 0, *, least: int = 0, most: int = UINT64) -> int:
        """An unsigned number, or the default if not sent."""
        words = self.get(name, "")
        if not words:
            return default
        if not re.fullmatch(r"[0-9]{1,20}", words, re.ASCII):
            raise bad_parameter(name, "必须是数字")
        number = int(words)
        if not least <= number <= most:
            raise bad_parameter(name, f"必须在{least}到{most}之间")
        return min(number, _SQL_MAX)

    def timestamp(self) -> float:
        """The request's own time. A fraction is let pass: public clients in Python send ``time.time()`` as it is."""
        words = self.get("timestamp", "")
        if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", words, re.ASCII):
            raise bad_parameter("timestamp", "必须是10位的unix时间戳" if words else "不能为空")
        return float(words)

    def optional_integer(self, name: str, *, most: int = UINT64) -> int | None:
        return self.integer(name, most=most) if self.get(name) else None

    def choice(self, name: str, allowed: tuple[int, ...], default: int | None = None) -> int:
        if default is not None and not self.get(name):
            return default
        number = self.integer(name, -1)
        if number not in allowed:
            raise bad_parameter(name, f"只能是{'、'.join(map(str, allowed))}")
        return number

    def flag(self, name: str) -> bool:
        return bool(self.choice(name, (0, 1), 0))

    def page(self, default_size: int = 100, size_name: str = "page_size") -> tuple[int, int, int]:
        """page, page_size and the offset of its first row."""
        page = self.integer("page", 1, least=1, most=1 << 31)
        size = self.integer(size_name, default_size, least=1, most=MAX_PAGE_SIZE)
        return page, size, (page - 1) * size

    def numbers(self, name: str) -> list[int]:
        """Comma-joined ids, in the order sent, each once."""
        parts = [part.strip() for part in self.get(name, "").split(",")]
        if not all(re.fullmatch(r"[0-9]{1,20}", part, re.ASCII) for part in parts):
            raise bad_parameter(name, "必须是英文逗号分隔的数字")
        return [min(int(part), _SQL_MAX) for part in dict.fromkeys(parts)]

    def moment(self, name: str) -> int | None:
        """``YYYY-MM-DD HH:MM:SS`` of Beijing as unix seconds; None if not sent."""
        words = self.get(name, "")
        return parse_moment(name, words) if words else None

    def same_day(self) -> tuple[int, int]:
        """start_time and end_time of one Beijing day, in this order."""
        self.require(("start_time", "end_time"))
        start, end = parse_moment("start_time", self["start_time"]), parse_moment("end_time", self["end_time"])
        if self["start_time"][:10] != self["end_time"][:10]:
            raise bad_parameter("start_time、end_time", "不能跨天")
        if end < start:
            raise bad_parameter("end_time", "不能早于start_time")
        return start, end

    def json_list(self, name: str, *, most: int = 1000) -> list[dict[str, Any]]:
        """A list of objects, sent as JSON text."""
        try:
            found = json.loads(self.get(name, ""))
        except ValueError:
            raise bad_parameter(name, "不是有效的JSON") from None
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise bad_parameter(name, "必须是JSON数组")
        if len(found) > most:
            raise bad_parameter(name, f"不能超过{most}条")
        return found


def parse_moment(name: str, words: object, why: str = "时间格式必须是YYYY-MM-DD HH:MM:SS") -> int:
    if isinstance(words, str) and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", words, re.ASCII):
        try:
            return int(datetime.fromisoformat(words).replace(tzinfo=BEIJING).timestamp())
        except ValueError:
            pass
    raise bad_parameter(name, why)


def parse_number(name: str, value: object) -> int:
    """A number inside a JSON parameter, which may come as a string."""
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,19}", str(value), re.ASCII):
        raise bad_parameter(name, "必须是数字")
    return min(int(str(value)), _SQL_MAX)
