"""The Chinese catalogue is whole, in step with the code, and compiled as it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

import polib
import pytest
from django.test import Client
from django.urls import reverse

from playback.management.commands.messages import catalogue_path, translated, wanted, wanted_of_scripts
from tests.factories import RecordingFactory

_NAMED = re.compile(r"%\((\w+)\)|\{(\w*)\}")


class VisibleText(HTMLParser):
    """The words of a page that a person reads: no scripts, no names of icons."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in ("title", "placeholder", "aria-label", "alt"):
            if given.get(name):
                self.found.append(str(given[name]))
        if tag not in {"input", "img", "link", "meta", "br", "hr"}:
            icon = "material-symbols-outlined" in (given.get("class") or "")
            self.silent.append(icon or tag in {"script", "style"})

    def handle_endtag(self, tag: str) -> None:
        if self.silent and tag not in {"input", "img", "link", "meta", "br", "hr"}:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(self.silent):
            self.found.append(data.strip())


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(catalogue_path()))


def test_every_text_in_use_has_chinese(catalogue: polib.POFile) -> None:
    have = {entry.msgid for entry in catalogue if translated(entry)}
    assert sorted(set(wanted().texts) - have) == [], "run: manage.py messages"


def test_the_admins_scripts_speak_chinese(administrator: Client) -> None:
    """The pickers of rights: Django's own catalogue for scripts lags behind its texts."""
    scripts = polib.pofile(str(catalogue_path("djangojs")))
    assert {entry.msgid for entry in scripts} == set(wanted_of_scripts().texts)
    assert [entry.msgid for entry in scripts if not translated(entry)] == []
    served = administrator.get(reverse("admin:jsi18n")).content.decode()
    assert json.dumps("（点击清除）").strip('"') in served or "（点击清除）" in served


def test_nothing_is_kept_that_nobody_uses(catalogue: polib.POFile) -> None:
    assert {entry.msgid for entry in catalogue} == set(wanted().texts)


def test_nothing_is_fuzzy_or_obsolete(catalogue: polib.POFile) -> None:
    assert not catalogue.fuzzy_entries()
    assert not catalogue.obsolete_entries()


def test_placeholders_are_the_same_on_both_sides(catalogue: polib.POFile) -> None:
    for entry in catalogue:
        # Chinese has one form for any number, so it must hold what the plural holds.
        words = entry.msgstr_plural[0] if entry.msgid_plural else entry.msgstr
        assert set(_NAMED.findall(words)) == set(_NAMED.findall(entry.msgid_plural or entry.msgid)), entry.msgid


def test_the_compiled_catalogue_is_this_one(catalogue: polib.POFile) -> None:
    assert catalogue_path().with_suffix(".mo").read_bytes() == catalogue.to_binary()


def test_every_plural_has_its_one_chinese_form(catalogue: polib.POFile) -> None:
    for entry in catalogue:
        if entry.msgid_plural:
            assert set(entry.msgstr_plural) == {0}, entry.msgid


@pytest.mark.django_db
class TestLanguage:
    def test_chinese_first_whatever_the_browser_prefers(self, staff: Client) -> None:
        page = staff.get(reverse("admin:index"), headers={"accept-language": "en-US,en;q=0.9"})
        assert '<html lang="zh-hans"' in page.content.decode()

    def test_the_switch_changes_the_language_and_keeps_it(self, staff: Client) -> None:
        RecordingFactory()
        url = reverse("admin:playback_recording_changelist")
        staff.post(reverse("set_language"), {"language": "en", "next": url})
        page = staff.get(url).content.decode()
        assert '<html lang="en"' in page
        assert "Publish state" in page
        staff.post(reverse("set_language"), {"language": "zh-hans", "next": url})
        assert "发布状态" in staff.get(url).content.decode()

    def test_a_language_that_is_not_ours_is_ignored(self, staff: Client) -> None:
        staff.cookies["django_language"] = "fr"
        assert '<html lang="zh-hans"' in staff.get(reverse("admin:index")).content.decode()

    @pytest.mark.parametrize("name", ["room", "recording", "version", "syncrun", "operation", "index"])
    def test_a_chinese_page_shows_no_english_words(self, signed_in: Callable[[str], Client], name: str) -> None:
        client = signed_in("administrator")
        RecordingFactory()
        url = reverse("admin:index") if name == "index" else reverse(f"admin:playback_{name}_changelist")
        visible = VisibleText()
        visible.feed(client.get(url).content.decode())
        allowed = {"administrator", "English", "zh-hans", "en", "esc"}
        english = [words for words in visible.found if re.search("[A-Za-z]{2,}", words) and words not in allowed]
        assert [words for words in english if not re.search("JPEG|ID|BAIJIAYUN|GB", words)] == []

    def test_the_sign_in_page_has_the_switch_too(self, client: Client) -> None:
        url = reverse("admin:login")
        assert 'name="language" value="en"' in client.get(url).content.decode()
        client.post(reverse("set_language"), {"language": "en", "next": url})
        assert "Log in" in client.get(url).content.decode()
