"""The editor of one version's mark points.

The form is opened with the list that the vendor has at that moment; where that cannot be read there is no editor, for
an empty one would delete everything. Its own buttons (take lines over, copy, sort, …) are sent as ``do`` and come back
with the same page: nothing typed is lost, and it works without scripts (``marks.js`` saves the way for some).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from playback.conf import vendor_client
from playback.models import Recording
from playback.operations import mark_lists, mark_text
from playback.operations.marks import Mark, format_offset
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

from .. import panels
from ..mark_rows import Row, Rows, parse_shift
from ..mark_versions import Choice, choice_of, choices_of
from . import OperationForm, form_for

SPARE = 3  # empty rows in a list that has none
_MEND = _("Some rows have to be mended first; they are marked below.")


@form_for("set_marks")
class SetMarksForm(OperationForm):
    """``rows`` are the list; ``failed`` is a sentence where the vendor's list could not be read; ``told`` says what
    the last button did."""

    pasted = forms.CharField(
        label=_("Lines to take over"),
        required=False,
        strip=False,
        help_text=_(
            "One mark point a line, its time first: 00:12:30 导入, or 12:30，新课; also with a tab, or as CSV."
        ),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5, "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("or a CSV file"),
        required=False,
        help_text=_("Two columns, time and text; in UTF-8 or as a Chinese Excel saves it (GB18030)."),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )
    other_version = forms.CharField(required=False)
    source = forms.CharField(
        label=_("Id of another recording"),
        required=False,
        help_text=_("As on its page: 24030100000001, or 24030100000001-202403011 in a long-term room."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "data-enter": "fetch"}),
    )
    shift = forms.CharField(
        label=_("Move all by"),
        required=False,
        help_text=_("+00:01:30 is later, -00:10:00 earlier: for a part that was cut out of a longer recording."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "data-enter": "shift"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = Rows()
        self.choices: list[Choice] = choices_of(self.single) if self.single else []
        self.version: int | None = None
        self.opened = ""
        self.replaces = False
        self.failed = self.failed_words = self.told = ""

    def is_valid(self) -> bool:
        """Only the plan's button makes a plan; the form's own buttons make the page again."""
        if not self.is_bound or self.single is None:
            return False
        data = cast("QueryDict", self.data)
        self.rows = Rows.typed(data.getlist("time"), data.getlist("text"))
        if not self.command.startswith("remove:"):  # which counts them
            self.rows.drop_blank()
        self.version = _number(self.data.get("version", ""))
        self.opened = str(self.data.get("opened", ""))[:64]
        self.replaces = self.data.get("how") == "replace"
        valid = super().is_valid()
        if not self.command:
            return valid
        self._act(self.command)
        return False

    @property
    def command(self) -> str:
        return str(self.data.get("do", ""))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.command or self.errors:
            return cleaned
        if not self.opened:
            raise forms.ValidationError(_("Open the list again: it is not known which one was edited."))
        if cleaned.get("pasted", "").strip() or cleaned.get("file"):
            self._keep_file()
            raise forms.ValidationError(
                {"pasted": _("These lines were not taken over yet. Take them over, or empty the field.")}
            )
        marks = self.rows.marks()
        if marks is None:
            raise forms.ValidationError(_MEND)
        # Asked here too, though the plan asks as well: a plan that could not be made would have lost what was typed.
        present = self._asked(self.version)
        if present is not None and self._pass_the_end(marks, present):
            raise forms.ValidationError(_MEND)
        cleaned["marks"] = marks
        return cleaned

    def _pass_the_end(self, marks: list[Mark], present: list[Mark]) -> bool:
        length = self.choice.length
        late = set() if length is None else set(mark_lists.beyond_end(marks, present, length))
        sentence = gettext("That is not before the end (%(length)s).") % {"length": format_offset(length or 0)}
        self.rows.blame({at: sentence for at, mark in enumerate(marks) if mark in late})
        return bool(late)

    def parameters(self) -> dict[str, Any]:
        marks = [[mark.offset, mark.text] for mark in self.cleaned_data["marks"]]
        return {"version": self.version, "content": marks, "opened": self.opened}

    # ------------------------------------------------------------ the form's own buttons

    def _act(self, command: str) -> None:
        name, _colon, number = command.partition(":")
        match name:
            case "open":
                self._open(self.version if "version" in self.data else self._main())
            case "add":
                self.rows += [Row()] * 5
            case "remove":
                self.rows[:] = [row for at, row in enumerate(self.rows, 1) if at != _number(number)]
            case "sort":
                self.rows.by_time()
                self.rows.marks()
            case "import":
                self._import()
            case "copy":
                self._copy()
            case "retarget":
                self._retarget()
            case "fetch":
                self._fetch()
            case "shift":
                self._shift()

    def _open(self, version: int | None) -> None:
        """The list as the vendor has it now, or ``failed``."""
        self.version = version
        try:
            marks = self._ask(version)
        except VendorError as error:
            self.failed, self.failed_words = panels.sentence(error), panels.words(error)
            return
        if len(marks) > mark_lists.MOST:
            counts = {"count": len(marks), "limit": mark_lists.MOST}
            self.failed = gettext("It has %(count)d mark points; at most %(limit)d can be edited here.") % counts
            return
        self.opened = mark_lists.token(marks)
        self.rows = Rows.of(marks)

    def _import(self) -> None:
        self._keep_file()
        text = self.data.get("pasted", "")
        if self.errors:
            return
        if not text.strip():
            self.add_error("pasted", _("Paste lines or choose a file first."))
            return
        lines = mark_text.read(text)
        for problem in lines.problems[:50]:
            self.add_error("pasted", str(problem))
        if not lines.problems:
            self._take_over(lines.marks)
            self._rewrite(pasted="")

    def _keep_file(self) -> None:
        """A browser does not send a file twice: its text goes into the field, where it can be mended."""
        file = self.files.get("file")
        if not file or "file" in self.errors:
            return
        try:
            text = mark_text.decode(file.read(mark_text.LARGEST_FILE + 1))
        except mark_text.NotText as error:
            self.add_error("file", str(error))
            return
        before = self.data.get("pasted", "").rstrip()
        self._rewrite(pasted=f"{before}\n{text}" if before else text)

    def _copy(self) -> None:
        other = self._other()
        marks = None if other is None else self._asked(other, "other_version")
        if marks is not None:
            self._take_over(marks)

    def _fetch(self) -> None:
        source = self._source()
        key = (source.room_id, source.session_id) if source else None
        marks = self._asked(source.main_version, "source", key) if source else None
        if marks is not None:
            self._take_over(marks)

    def _take_over(self, marks: list[Mark]) -> None:
        if self.replaces:
            self.rows.clear()
        count = self.rows.take_over(marks)
        self.told = ngettext(
            "%(count)d mark point was taken over. Nothing is saved yet.",
            "%(count)d mark points were taken over. Nothing is saved yet.",
            count,
        ) % {"count": count}

    def _retarget(self) -> None:
        """The rows stay; they are for the other version from now on."""
        other = self._other()
        present = None if other is None else self._asked(other, "other_version")
        if present is None:
            return
        self.version, self.opened = other, mark_lists.token(present)
        self.rows.marks()
        self.told = ngettext(
            "This list is now for version %(version)s, whose present list of %(count)d mark point it will replace.",
            "This list is now for version %(version)s, whose present list of %(count)d mark points it will replace.",
            len(present),
        ) % {"version": other, "count": len(present)}

    def _shift(self) -> None:
        seconds = parse_shift(self.data.get("shift", ""))
        if seconds is None:
            self.add_error("shift", _("Write it like +00:01:30 or -00:10:00."))
        elif self.rows.shift(seconds):
            self._rewrite(shift="")
            self.told = gettext("All were moved. Nothing is saved yet.")
        else:
            self.add_error("shift", _("Nothing was moved: mend or remove the marked rows first."))

    def _rewrite(self, **fields: str) -> None:
        """What the page shows in these fields, instead of what was sent."""
        data = cast("QueryDict", self.data).copy()
        for name, value in fields.items():
            data[name] = value
        self.data = data

    # ------------------------------------------------------------ versions and the vendor

    @property
    def choice(self) -> Choice:
        """The version that is edited."""
        assert self.single is not None  # noqa: S101 - the kind is for one recording
        return choice_of(self.single, self.choices, self.version)

    def _main(self) -> int | None:
        return self.single.main_version if self.single else None

    def _other(self) -> int | None:
        other = _number(self.data.get("other_version", ""))
        if other is None or other not in {choice.version for choice in self.choices}:
            self.add_error("other_version", _("Choose a version."))
            return None
        return other

    def _source(self) -> Recording | None:
        typed = unicodedata.normalize("NFKC", self.data.get("source", "")).strip()
        found = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", typed, re.ASCII)
        if found is None:
            self.add_error("source", _("Write the id as it stands on the recording's page."))
            return None
        rows = Recording.objects.filter(room=int(found[1]), gone_at=None)
        some = list((rows.filter(session_id=int(found[2])) if found[2] else rows)[:2])
        if len(some) == 1:
            return some[0]
        several = _("This room has several recordings: add the session id.")
        self.add_error("source", several if some else _("No recording with this id is known here."))
        return None

    def _asked(
        self, version: int | None, field: str | None = None, key: tuple[int, int] | None = None
    ) -> list[Mark] | None:
        """The vendor's list; None, with its sentence beside the field, where it cannot be read."""
        try:
            return self._ask(version, key)
        except VendorError as error:
            self.add_error(field, f"{panels.sentence(error)} {panels.words(error)}".strip())
            return None

    def _ask(self, version: int | None, key: tuple[int, int] | None = None) -> list[Mark]:
        assert self.single is not None  # noqa: S101 - the kind is for one recording
        room, session = key or (self.single.room_id, self.single.session_id)
        client = vendor_client(Lane.PERSON, max_wait=panels.WAITS)
        return mark_lists.ask(client, room, session, version)

    # ------------------------------------------------------------ the page

    def extra_context(self) -> dict[str, Any]:
        if self.single is None:
            self.failed = gettext("Mark points are edited for one recording at a time.")
            return {}
        if not self.is_bound:
            self._open(self._main())
        return {
            "spare": range(1 if self.rows else SPARE),
            "others": [choice for choice in self.choices if choice.version != self.version],
            "most": mark_lists.MOST,
            "longest": mark_lists.LONGEST_TEXT,
        }


def _number(text: str) -> int | None:
    text = str(text).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
