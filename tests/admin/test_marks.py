"""The editor of mark points, their panel and their CSV: pages against the sandbox vendor."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from playback.models import Operation, Recording
from playback.operations import execute
from playback.operations.mark_lists import token
from playback.operations.marks import Mark
from playback.sandbox.server import Sandbox
from tests.operations.vendor import drive, mirrored, row

pytestmark = [pytest.mark.django_db]

OLD = [Mark(0, "导入"), Mark(600, "新课"), Mark(1800, "练习")]


def put(sandbox: Sandbox, recording: Recording, marks: list[Mark], version: int = 0) -> None:
    sandbox.state.set_mark_points((row(sandbox, recording) or {})["playback_id"], version, marks)


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    """Of two versions, with mark points in each."""
    made = mirrored(sandbox)
    sandbox.state.add_version(made.room_id, made.session_id, name="剪辑", length=600)
    put(sandbox, made, OLD)
    put(sandbox, made, [Mark(5, "片段")], version=1)
    made.versions.create(
        version=1, name="剪辑", status=100, length=600, created_at=made.created_at, first_seen_at=made.first_seen_at
    )
    sandbox.calls.clear()
    return made


class Editor:
    """What a browser without scripts does: sends the form as the last page showed it, with what was typed since."""

    def __init__(self, client: Client, recording: Recording) -> None:
        self.client = client
        self.recording = recording
        self.url = reverse("admin:playback_recording_operate", args=[recording.pk, "set_marks"])
        self.page: Any = None

    def open(self, version: int | None = None) -> Editor:
        wanted = {} if version is None else {"_planned": "1", "do": "open", "version": version}
        self.page = self.client.post(self.url, wanted)
        return self

    @property
    def form(self) -> Any:
        return self.page.context["form"]

    @property
    def rows(self) -> list[tuple[str, str]]:
        return [(row.time, row.text) for row in self.form.rows if not row.is_blank]

    @property
    def words(self) -> str:
        return html.unescape(self.page.content.decode())

    def send(self, do: str = "", rows: list[tuple[str, str]] | None = None, **typed: Any) -> Editor:
        rows = self.rows if rows is None else rows
        fields: dict[str, Any] = {
            "_planned": "1",
            "version": "" if self.form.version is None else self.form.version,
            "opened": self.form.opened,
            "how": "add",
            "pasted": self.form["pasted"].value() or "",
            "source": self.form["source"].value() or "",
            "shift": self.form["shift"].value() or "",
            "time": [time for time, _text in rows],
            "text": [text for _time, text in rows],
            **typed,
        }
        if do:
            fields["do"] = do
        self.page = self.client.post(self.url, fields)
        return self


@pytest.fixture
def editor(staff: Client, recording: Recording) -> Editor:
    return Editor(staff, recording).open()


def test_it_opens_with_the_vendors_list(editor: Editor) -> None:
    assert editor.rows == [("00:00:00", "导入"), ("00:10:00", "新课"), ("00:30:00", "练习")]
    assert re.findall(r'name="text" value="([^"]*)"', editor.words) == ["导入", "新课", "练习"]
    assert editor.form.version == 0
    assert editor.form.opened == token(OLD)
    assert editor.open(1).rows == [("00:00:05", "片段")]
    assert not Operation.objects.exists()


def test_the_list_becomes_a_plan_and_then_the_vendors(editor: Editor, sandbox: Sandbox) -> None:
    editor.send(rows=[("00:30:00", "小测"), ("", ""), ("0:10", "新课"), ("", "")])
    operation = Operation.objects.get()
    assert operation.parameters == {
        "version": 0,
        "content": [[10, "新课"], [1800, "小测"]],
        "opened": token(OLD),
    }
    page = editor.client.get(editor.page.url)
    assert page.context["to_do"] == 1
    words = page.content.decode()
    assert "00:10:00 新课</del>" in words
    assert "00:00:10 新课</ins>" in words
    execute.confirm(operation, operation.user)
    drive(operation)
    playback = (row(sandbox, editor.recording) or {})["playback_id"]
    assert sandbox.state.mark_points(playback, 0) == [(10, "新课"), (1800, "小测")]


def test_the_plan_says_that_the_list_changed_meanwhile(editor: Editor, sandbox: Sandbox) -> None:
    put(sandbox, editor.recording, [*OLD, Mark(900, "同事加的")])
    editor.send()
    page = editor.client.get(editor.page.url)
    note = Operation.objects.get().items.get().note
    assert note["code"] == "marks_changed_while_edited"
    assert "00:15:00 同事加的</del>" in page.content.decode()  # it would go, and that is shown


@pytest.mark.parametrize(
    ("fault", "options"),
    [("drop", {"when": "before"}), ("wrong_types", {"how": "nulls"}), ("refuse", {"code": 1, "message": "读不了"})],
)
def test_no_list_no_editor(
    staff: Client, recording: Recording, sandbox: Sandbox, fault: str, options: dict[str, Any], settings: Any
) -> None:
    settings.BAIJIAYUN_TIMEOUT = 0.5
    sandbox.faults.add("mark_points", fault, **options)
    editor = Editor(staff, recording).open(1)
    assert editor.form.failed
    assert 'name="time"' not in editor.words
    assert "查看计划" not in editor.words
    assert ("读不了" in editor.words) == (fault == "refuse")
    sandbox.faults.clear()
    assert editor.open(editor.form.version).rows == [("00:00:05", "片段")]  # the page's own button


def test_more_than_can_be_edited_is_told(staff: Client, recording: Recording, sandbox: Sandbox) -> None:
    put(sandbox, recording, [Mark(at, "点") for at in range(501)])
    editor = Editor(staff, recording).open()
    assert "501" in editor.form.failed
    assert 'name="time"' not in editor.words


def test_as_many_as_are_allowed_can_be_sent(editor: Editor) -> None:
    editor.send(rows=[(f"{at // 60:02}:{at % 60:02}", f"点{at}") for at in range(500)])
    assert len(Operation.objects.get().parameters["content"]) == 500
    editor.open()
    editor.send(rows=[(f"{at // 60:02}:{at % 60:02}", f"点{at}") for at in range(501)])
    assert Operation.objects.count() == 1
    assert len(editor.rows) == 501
    assert "500" in "".join(editor.form.non_field_errors())


@pytest.mark.parametrize(
    ("rows", "at", "words"),
    [
        ([("半点", "导入"), ("00:01", "新课")], 0, "not a time"),
        ([("00:01", "导入"), ("00:00:01", "新课")], 1, "stands in line 1"),
        ([("00:01", "导入"), ("00:02", " ")], 1, "text is missing"),
        ([("00:01", "字" * 256)], 0, "longer than 255"),
        ([("", "没有时间")], 0, "not a time"),
        ([("00:01", "导入"), ("99:00:00", "太晚")], 1, "before the end"),
    ],
)
def test_a_bad_row_comes_back_as_it_was_typed(editor: Editor, rows: list[tuple[str, str]], at: int, words: str) -> None:
    editor.client.cookies["django_language"] = "en"
    editor.send(rows=rows)
    assert editor.rows == rows
    assert words in editor.form.rows[at].problem
    assert [bool(row.problem) for row in editor.form.rows] == [place == at for place in range(len(rows))]
    assert editor.form.rows[at].problem in editor.words
    assert not Operation.objects.exists()


def test_an_editor_that_was_not_opened_saves_nothing(editor: Editor) -> None:
    editor.send(rows=[], opened="")
    assert editor.form.non_field_errors()
    assert not Operation.objects.exists()


def test_a_vendor_that_cannot_be_read_keeps_what_was_typed(editor: Editor, sandbox: Sandbox) -> None:
    sandbox.faults.add("mark_points", "refuse", code=1, message="忙")
    editor.send(rows=[("00:01", "新的")])
    assert editor.rows == [("00:01", "新的")]
    assert "忙" in "".join(editor.form.non_field_errors())
    assert not Operation.objects.exists()


def test_rows_are_added_removed_and_sorted_without_scripts(editor: Editor) -> None:
    editor.send("add")
    assert len(editor.form.rows) == 8
    editor.send("remove:2")
    assert editor.rows == [("00:00:00", "导入"), ("00:30:00", "练习")]
    editor.send("sort", rows=[("30:00", "练习"), ("什么", "？"), ("0:05", "导入")])
    assert editor.rows == [("0:05", "导入"), ("30:00", "练习"), ("什么", "？")]
    assert editor.form.rows[2].problem
    editor.send("remove:99")
    assert len(editor.rows) == 3


# ---------------------------------------------------------------- taking over


def test_pasted_lines_are_added(editor: Editor) -> None:
    editor.send("import", pasted="00:10:00 新课\n１２：３０，例题")
    assert editor.rows == [("00:00:00", "导入"), ("00:10:00", "新课"), ("00:12:30", "例题"), ("00:30:00", "练习")]
    assert editor.form["pasted"].value() == ""
    assert editor.form.told
    assert editor.form.opened == token(OLD)  # it is still that list that is edited


def test_pasted_lines_replace_where_that_is_wanted(editor: Editor) -> None:
    editor.send("import", pasted="0:10 一", how="replace")
    assert editor.rows == [("00:00:10", "一")]
    assert 'value="replace" checked' in editor.words


def test_a_shared_time_is_marked_and_not_decided(editor: Editor) -> None:
    editor.send("import", pasted="00:10:00 不同的")
    assert ("00:10:00", "新课") in editor.rows
    assert ("00:10:00", "不同的") in editor.rows
    assert [bool(row.problem) for row in editor.form.rows] == [False, False, True, False]


def test_bad_lines_are_named_and_kept(editor: Editor) -> None:
    pasted = "0:10 一\n坏行\n0:20 二"
    editor.client.cookies["django_language"] = "en"
    editor.send("import", pasted=pasted)
    assert editor.rows == [("00:00:00", "导入"), ("00:10:00", "新课"), ("00:30:00", "练习")]
    assert editor.form["pasted"].value() == pasted
    assert editor.form.errors["pasted"] == ["Line 2: It does not begin with a time like 00:12:30 or 12:30."]


def test_lines_that_were_not_taken_over_are_not_forgotten(editor: Editor) -> None:
    editor.send(pasted="0:10 一")
    assert editor.form.errors["pasted"]
    assert editor.form["pasted"].value() == "0:10 一"
    editor.send(pasted="", file=SimpleUploadedFile("点.csv", b"0:10,a"))
    assert editor.form["pasted"].value() == "0:10,a"
    assert not Operation.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_file_is_taken_over(editor: Editor, encoding: str) -> None:
    content = "时间,内容\r\n00:20:00,例题\r\n".encode(encoding)
    editor.send("import", file=SimpleUploadedFile("打点.xlsx", content, "application/vnd.ms-excel"))
    assert ("00:20:00", "例题") in editor.rows


def test_a_files_bad_lines_can_be_mended_in_the_page(editor: Editor) -> None:
    editor.send("import", file=SimpleUploadedFile("打点.csv", "00:20:00,例题\n?,?".encode()))
    assert editor.form["pasted"].value() == "00:20:00,例题\n?,?"
    assert editor.form.errors["pasted"]


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"\x00\x01\x02", b"1" * 600_000, b""])
def test_what_is_no_csv_is_refused(editor: Editor, content: bytes) -> None:
    editor.send("import", rows=[("0:01", "留着")], file=SimpleUploadedFile("a.csv", content))
    assert editor.form.errors["file"]
    assert editor.rows == [("0:01", "留着")]


def test_another_versions_list_is_copied(editor: Editor) -> None:
    editor.send("copy", other_version="1")
    assert ("00:00:05", "片段") in editor.rows
    assert len(editor.rows) == 4
    assert editor.form.version == 0


def test_the_list_is_meant_for_another_version(editor: Editor) -> None:
    editor.send("retarget", other_version="1")
    assert editor.rows == [("00:00:00", "导入"), ("00:10:00", "新课"), ("00:30:00", "练习")]
    assert (editor.form.version, editor.form.opened) == (1, token([Mark(5, "片段")]))
    editor.send()
    assert [bool(row.problem) for row in editor.form.rows] == [False, True, True]  # it is 600 s long
    editor.send(rows=[("0:01", "头")])
    assert Operation.objects.get().items.get().change == {"marks": [[[5, "片段"]], [[1, "头"]]]}


@pytest.mark.parametrize("do", ["copy", "retarget"])
@pytest.mark.parametrize("other", ["", "7", "x"])
def test_a_version_that_is_not_there_is_told(editor: Editor, do: str, other: str) -> None:
    editor.send(do, other_version=other)
    assert editor.form.errors["other_version"]
    assert len(editor.rows) == 3
    assert editor.form.version == 0


@pytest.mark.parametrize("do", ["copy", "retarget"])
def test_another_version_that_cannot_be_read_is_told(editor: Editor, sandbox: Sandbox, do: str) -> None:
    sandbox.faults.add("mark_points", "refuse", code=1, message="读不了")
    editor.send(do, other_version="1")
    assert "读不了" in "".join(editor.form.errors["other_version"])
    assert len(editor.rows) == 3
    assert (editor.form.version, editor.form.opened) == (0, token(OLD))


@pytest.mark.parametrize("session_id", [0, 202603021])
def test_another_recordings_list_is_copied(editor: Editor, sandbox: Sandbox, session_id: int) -> None:
    other = mirrored(sandbox, session_id=session_id)
    put(sandbox, other, [Mark(60, "来自别处")])
    editor.send("fetch", source=f" {other.vendor_key.replace('2', '２')} ")
    assert ("00:01:00", "来自别处") in editor.rows


def test_a_recording_that_cannot_be_found_is_told(editor: Editor, sandbox: Sandbox) -> None:
    first = mirrored(sandbox, session_id=202603021)
    Recording.objects.create(room=first.room, session_id=202603031, first_seen_at=first.first_seen_at)
    for source in ("", "abc", "12345", str(first.room_id), f"{first.room_id}-1"):
        editor.send("fetch", source=source)
        assert editor.form.errors["source"], source
        assert len(editor.rows) == 3
        assert editor.form["source"].value() == source


def test_all_are_moved(editor: Editor) -> None:
    editor.send("shift", shift="+00:01:30")
    assert [time for time, _text in editor.rows] == ["00:01:30", "00:11:30", "00:31:30"]
    editor.send("shift", shift="－1:30")
    assert [time for time, _text in editor.rows] == ["00:00:00", "00:10:00", "00:30:00"]
    editor.send("shift", shift="-10:00")
    assert [bool(row.problem) for row in editor.form.rows] == [True, False, False]
    assert [time for time, _text in editor.rows] == ["00:00:00", "00:10:00", "00:30:00"]
    editor.send("shift", shift="bald")
    assert editor.form.errors["shift"]


# ---------------------------------------------------------------- rights, panel, CSV


def test_it_takes_the_right(signed_in: Callable[[str], Client], recording: Recording) -> None:
    editor = Editor(signed_in("teacher"), recording)
    editor.page = editor.client.post(editor.url, {"_planned": "1", "do": "open"})
    assert editor.page.status_code == 403
    assert edit_buttons(editor.client, recording) == []


def edit_buttons(client: Client, recording: Recording) -> list[str]:
    page = client.get(reverse("admin:playback_recording_change", args=[recording.pk]))
    return re.findall(r'data-kind="(set_marks)"', page.content.decode())


def panel(recording: Recording) -> str:
    return reverse("admin:playback_recording_panel", args=[recording.pk, "marks"])


def test_the_panel_shows_a_versions_list(staff: Client, recording: Recording) -> None:
    assert edit_buttons(staff, recording) == ["set_marks"]
    words = staff.get(panel(recording)).content.decode()
    assert re.findall(r"<td[^>]*>([^<]*)</td>", words) == ["00:00:00", "导入", "00:10:00", "新课", "00:30:00", "练习"]
    assert "data-edit-marks" in words
    words = staff.get(panel(recording), {"version": "1"}).content.decode()
    assert re.findall(r"<td[^>]*>([^<]*)</td>", words) == ["00:00:05", "片段"]
    assert '<input type="hidden" name="version" value="1">' in words


def test_the_panel_without_the_right_has_no_button(teacher: Client, recording: Recording) -> None:
    words = teacher.get(panel(recording)).content.decode()
    assert "新课" in words
    assert "data-edit-marks" not in words


def test_the_panel_of_a_vendor_that_does_not_answer(staff: Client, recording: Recording, sandbox: Sandbox) -> None:
    sandbox.faults.add("mark_points", "wrong_types", how="missing")
    words = staff.get(panel(recording)).content.decode()
    assert "data-edit-marks" not in words  # not a part of a list, and nothing to edit
    assert "hx-get" in words


def test_a_text_is_never_markup(staff: Client, recording: Recording, sandbox: Sandbox) -> None:
    nasty = '"><script>alert(1)</script>'
    put(sandbox, recording, [Mark(1, nasty)])
    for page in (staff.get(panel(recording)), Editor(staff, recording).open().page):
        assert nasty not in page.content.decode()
        assert html.escape(nasty) in page.content.decode()


def test_a_versions_list_is_saved_as_csv(teacher: Client, recording: Recording, sandbox: Sandbox) -> None:
    put(sandbox, recording, [Mark(1, "=HYPERLINK(1)"), Mark(2, "一,二")], version=1)
    answer = teacher.post(panel(recording), {"version": "1"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert f"marks-{recording.vendor_key}-v1.csv" in answer["Content-Disposition"]
    with override("zh-hans"):
        text = answer.content.decode("utf-8-sig")
    assert text.splitlines()[1:] == ['"00:00:01","\'=HYPERLINK(1)"', '"00:00:02","一,二"']


def test_a_csv_that_cannot_be_read_is_told(staff: Client, recording: Recording, sandbox: Sandbox) -> None:
    sandbox.faults.add("mark_points", "refuse", code=1, message="读不了")
    answer = staff.post(panel(recording), {"version": "0"}, follow=True)
    assert "读不了" in answer.content.decode()
