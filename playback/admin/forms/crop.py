"""Crop one recording: a row a part, filled in by hand or from the times when class ran.

A row left empty is no part. Beside "Show the plan" the form has two more ways to be sent, which come back with all that
was typed: more rows (for a browser without scripts), and the class's own times as further rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playback.conf import vendor_client
from playback.models import Version
from playback.operations import reasons
from playback.operations.base import OperationInvalid
from playback.operations.kinds import class_times, cutting
from playback.operations.kinds import parts as cuts
from playback.operations.kinds.crop import named, nodes_of
from playback.operations.marks import format_offset, parse_offset
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

from .. import panels
from . import OperationForm, form_for

SUBMITTED = "_planned"  # as in ``actions``: its value says which button it was
MORE, FROM_CLASS = "more", "class"
EMPTY_ROWS = 3
WAITS = 8.0  # s, for the call budget


@dataclass
class Row:
    start: str = ""
    end: str = ""
    name: str = ""
    error: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.start.strip() or self.end.strip() or self.name.strip())


@form_for("crop")
class CropForm(OperationForm):
    class_begins = forms.CharField(
        label=_("In the recording, class begins at"),
        required=False,
        widget=forms.TextInput(
            attrs={"class": "bo-input bo-time", "placeholder": "00:00:00", "autocomplete": "off", "inputmode": "text"}
        ),
        help_text=_(
            "The vendor tells when class ran by the clock, and not when the recording began. If you have looked where "
            "class begins, the parts are exact; if this stays empty, they are as wide as class may lie."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = self._rows_sent() if self.is_bound else []
        self.goes_on = not self.is_bound or self.data.get(SUBMITTED) not in (MORE, FROM_CLASS)
        self.ran: list[str] = []
        self.said = ""
        if not self.is_bound or self.data.get(SUBMITTED) == MORE:
            self.rows += [Row() for _row in range(EMPTY_ROWS)]

    def _rows_sent(self) -> list[Row]:
        columns = [self.data.getlist(name) for name in ("part_start", "part_end", "part_name")]  # type: ignore[attr-defined]
        return [Row(*cells) for cells in zip(*columns, strict=False)][: 2 * cuts.MOST]

    def is_valid(self) -> bool:
        """Not while more is to be filled in."""
        valid = super().is_valid()
        if self.is_bound and self.data.get(SUBMITTED) == FROM_CLASS:
            self._fill_in()
        return valid and self.goes_on

    def clean_class_begins(self) -> int | None:
        typed: str = self.cleaned_data["class_begins"]
        offset = parse_offset(typed) if typed else None
        if typed and offset is None:
            raise forms.ValidationError(_("Give a time such as 05:30 or 1:05:30."))
        return offset

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.goes_on:
            try:
                cuts.clean(self._given(), self._length())
            except OperationInvalid as invalid:
                self.refuse(invalid.errors)
        return cleaned

    def _given(self) -> list[dict[str, str]]:
        return [{"start": row.start, "end": row.end, "name": row.name} for row in self.rows if not row.is_empty]

    def refuse(self, errors: Any) -> None:
        """The kind names a part by its place among those given."""
        given = [row for row in self.rows if not row.is_empty]
        others = {}
        for name, sentence in errors.items():
            place = name.removeprefix("parts.")
            if name.startswith("parts.") and place.isdecimal() and int(place) < len(given):
                given[int(place)].error = sentence
            else:
                others[name] = sentence
        if len(others) < len(errors):
            self.add_error(None, gettext("Something is not right with the parts below."))
        super().refuse(others)

    def parameters(self) -> dict[str, Any]:
        return {"parts": self._given()}

    # ------------------------------------------------------------ the class's own times

    def _fill_in(self) -> None:
        """Further rows, after what was typed; one that stands there already is not added again."""
        if self.single is None or "class_begins" in self.errors:
            return
        key = {"room_id": self.single.room_id, "session_id": self.single.session_id}
        try:
            client = vendor_client(Lane.PERSON, max_wait=WAITS)
            nodes = nodes_of(client, key)
            there = cutting.versions(client, key)
        except VendorError as error:
            self.add_error(None, " ".join(filter(None, (panels.sentence(error), panels.words(error)))))
            return
        original = next(((cut, made_at) for cut, made_at in there if cut.number == cutting.ORIGINAL), None)
        self.ran = [class_times.ran(node) for node in nodes if node.end > node.start]
        length = original[0].length if original else None
        if original is None or not length:
            self.said = reasons.text(reasons.reason("length_unknown"))
            return
        runs = class_times.place(nodes, length, original[1], begins_at=self.cleaned_data.get("class_begins"))
        if isinstance(runs, dict):
            self.said = reasons.text(runs)
            return
        self.rows = [row for row in self.rows if not row.is_empty]
        for part in named(runs, self.single.name or self.single.vendor_key):
            row = Row(format_offset(part.start), format_offset(part.end), part.name)
            if not any((other.start, other.end) == (row.start, row.end) for other in self.rows):
                self.rows.append(row)

    def _length(self) -> int | None:
        """The original's; parts are cut from that."""
        if self.single is None:
            return None
        known = Version.objects.filter(recording=self.single, version=cutting.ORIGINAL).values_list("length", flat=True)
        length = known.first()
        return length or (None if self.single.main_version else self.single.length)

    def extra_context(self) -> dict[str, Any]:
        length = self._length()
        return {
            "rows": self.rows or [Row()],
            "ran": self.ran,
            "said": self.said,
            "length": format_offset(length) if length else "",
        }
