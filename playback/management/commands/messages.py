"""``manage.py messages``: keep the Chinese catalogue in step with the code, without GNU gettext.

Reads the msgids out of our Python files (their syntax tree) and templates (Django's own ``templatize``), and those of
the theme and the scheduler that no installed Chinese catalogue translates; adds the new ones to ``django.po``, drops
the ones nobody uses, and compiles ``django.mo``, which is committed because a fresh machine has no ``msgfmt``; and the
same for the admin's scripts in ``djangojs``. Ends with status 1 while a text has no Chinese. For developers:
production only reads the ``.mo``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

LANGUAGE = "zh_Hans"
OURS = ("config", "playback", "members", "templates")
BORROWED = ("unfold", "django_celery_beat", "axes")
# Whose Chinese is used as it is, where there is one.
CATALOGUES = ("django", "django.contrib.admin", "django.contrib.auth", "django.contrib.humanize", "django_celery_beat",
              "axes")  # fmt: skip
# Texts that we say better than the catalogue that has them.
REPLACED = {" By %(filter_title)s "}
_SINGLE = {"gettext", "gettext_lazy", "gettext_noop"}
_PLURAL = {"ngettext", "ngettext_lazy"}
_STRING = r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_TEMPLATE = re.compile(rf"(?<![A-Za-z_])(?:(gettext|_)\(\s*{_STRING}\s*\)|ngettext\(\s*{_STRING}\s*,\s*{_STRING})")

# In a script: not pgettext, whose texts need a context that this catalogue does not keep.
_SCRIPT = re.compile(rf"(?<![A-Za-z_])(?:gettext\(\s*{_STRING}|ngettext\(\s*{_STRING}\s*,\s*{_STRING})")


class Text(NamedTuple):
    """A msgid and its plural (empty for most)."""

    msgid: str
    plural: str = ""


@dataclass(slots=True)
class Found:
    """Texts and the files that use them."""

    texts: dict[str, Text] = field(default_factory=dict)
    files: dict[str, set[str]] = field(default_factory=dict)

    def add(self, text: Text, where: str) -> None:
        known = self.texts.get(text.msgid)
        if known is None or (text.plural and not known.plural):
            self.texts[text.msgid] = text
        self.files.setdefault(text.msgid, set()).add(where)


class Command(BaseCommand):
    help = "Update and compile the Chinese catalogue (locale/zh_Hans)."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        missing = [*self.keep("django", wanted()), *self.keep("djangojs", wanted_of_scripts())]
        for msgid in missing:
            self.stdout.write(f"no Chinese: {msgid!r}")
        if missing:
            raise CommandError(f"{len(missing)} texts have no Chinese")

    def keep(self, domain: str, found: Found) -> list[str]:
        """Bring one catalogue in step with the texts that were found; answers those without Chinese."""
        import polib

        path = catalogue_path(domain)
        po = polib.pofile(str(path), wrapwidth=118) if path.is_file() else polib.POFile(wrapwidth=118)
        po.metadata = {
            "Language": LANGUAGE,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            "Plural-Forms": "nplurals=1; plural=0;",
        }
        known = {entry.msgid: entry for entry in po if not entry.obsolete}
        for entry in list(po):
            if entry.obsolete or entry.msgid not in found.texts:
                po.remove(entry)
        for msgid, text in found.texts.items():
            entry = known.get(msgid)
            if entry is None:
                entry = polib.POEntry(msgid=msgid)
                po.append(entry)
            if text.plural and not entry.msgid_plural:
                entry.msgid_plural = text.plural
                entry.msgstr_plural = {0: entry.msgstr}
                entry.msgstr = ""
            elif not text.plural and entry.msgid_plural:
                entry.msgstr, entry.msgid_plural, entry.msgstr_plural = entry.msgstr_plural.get(0, ""), "", {}
            entry.occurrences = [(name, "") for name in sorted(found.files[msgid])]
            entry.flags = ["python-format"] if re.search(r"%\(\w+\)[a-z.\d]", msgid) else []
        po.sort(key=lambda entry: (entry.occurrences[0][0], entry.msgid))
        path.parent.mkdir(parents=True, exist_ok=True)
        po.save(str(path))
        po.save_as_mofile(str(path.with_suffix(".mo")))
        self.stdout.write(f"{domain}: {len(po)} texts")
        return [entry.msgid for entry in po if not translated(entry)]


def catalogue_path(domain: str = "django") -> Path:
    return Path(settings.LOCALE_PATHS[0]) / LANGUAGE / "LC_MESSAGES" / f"{domain}.po"


def translated(entry: Any) -> bool:
    words = entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr
    return bool(words) and "fuzzy" not in entry.flags


def wanted() -> Found:
    """Every text that our catalogue must have."""
    found = Found()
    root = Path(settings.BASE_DIR)
    for name in OURS:
        for file in _files(root / name):
            for text in _texts(file):
                found.add(text, file.relative_to(root).as_posix())
    elsewhere = _translated_elsewhere()
    for package in BORROWED:
        for file in _files(_package(package)):
            for text in _texts(file):
                if text.msgid not in elsewhere or text.msgid in REPLACED:
                    found.add(text, package)
    return found


def wanted_of_scripts() -> Found:
    """The texts of the admin's scripts that Django's own catalogue for scripts lacks."""
    found = Found()
    elsewhere = _translated_elsewhere("djangojs")
    for file in sorted((_package("django.contrib.admin") / "static" / "admin" / "js").glob("*.js")):
        for match in _SCRIPT.finditer(file.read_text(encoding="utf-8")):
            text = Text(*(ast.literal_eval(part) for part in match.groups() if part))
            if text.msgid not in elsewhere:
                found.add(text, "django.contrib.admin")
    return found


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        skipped = {"migrations", "tests", "sandbox"} & set(file.relative_to(folder).parts)
        if file.suffix in {".py", ".html", ".txt"} and file.is_file() and not skipped:
            yield file


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise CommandError(f"package {name} is not installed")
    return Path(spec.origin).parent


def _texts(file: Path) -> Iterator[Text]:
    source = file.read_text(encoding="utf-8")
    return _of_python(source) if file.suffix == ".py" else _of_template(source, file.name)


def _of_python(source: str) -> Iterator[Text]:
    tree = ast.parse(source)
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = names.get(called.id, "") if isinstance(called, ast.Name) else ""
        words = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if name in _SINGLE and words:
            yield Text(words[0])
        elif name in _PLURAL and len(words) >= 2:
            yield Text(words[0], words[1])


def _of_template(source: str, name: str) -> Iterator[Text]:
    for match in _TEMPLATE.finditer(templatize(source, origin=name)):
        if match[2] is not None:
            yield Text(ast.literal_eval(match[2]))
        else:
            yield Text(ast.literal_eval(match[3]), ast.literal_eval(match[4]))


def _translated_elsewhere(domain: str = "django") -> set[str]:
    import polib

    known: set[str] = set()
    for package in CATALOGUES:
        folder = _package(package)
        folder = folder / "conf" if package == "django" else folder
        for path in (folder / "locale" / LANGUAGE / "LC_MESSAGES").glob(f"{domain}.mo"):
            known |= {entry.msgid for entry in polib.mofile(str(path)) if translated(entry)}
    return known
