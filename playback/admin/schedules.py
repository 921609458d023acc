"""django-celery-beat's models in the theme's clothes: when the syncs run by themselves.

The rows are made by migrations, their names and descriptions in English; the list shows the names translated.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as _noop
from django_celery_beat.admin import ClockedScheduleAdmin, CrontabScheduleAdmin, PeriodicTaskAdmin, PeriodicTaskForm
from django_celery_beat.admin import TaskSelectWidget as BeatTaskSelectWidget
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from playback import display

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)

# The migrations' names, for the translators; the last one is Celery's own.
TASK_NAMES = (
    _noop("Sync: newest recordings"),
    _noop("Sync: newest versions"),
    _noop("Sync: newest rooms"),
    _noop("Sync: all rooms"),
    _noop("Sync: all recordings"),
    _noop("Sync: all versions"),
    _noop("Sync: lists of members"),
    _noop("Operations: take up what was lost"),
    _noop("Callbacks: take up what waits"),
    _noop("Callbacks: look up what is overdue"),
    _noop("Callbacks: compare the address"),
    _noop("Heartbeat"),
    _noop("Trash: delete what is due"),
    _noop("Sync: who watched"),
    _noop("Sync: expiry of new recordings"),
    _noop("Sync: expiry of all recordings"),
    _noop("Mail: what expires soon"),
    _noop("Members: forget rosters"),
    _noop("Members: make old data anonymous"),
    _noop("celery.backend_cleanup"),
)


def title_of(name: str) -> str:
    """A row's name; those that the migrations made are translated."""
    return gettext(name) if name in TASK_NAMES else name


class TaskSelectWidget(UnfoldAdminSelectWidget, BeatTaskSelectWidget):
    """The list of registered tasks, drawn by the theme."""


class ThemedPeriodicTaskForm(PeriodicTaskForm):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelectWidget()


@admin.register(PeriodicTask)
class ThemedPeriodicTaskAdmin(PeriodicTaskAdmin, ModelAdmin):
    form = ThemedPeriodicTaskForm
    change_form_template = None  # its inline script has no place under our policy; it only repeats a help text
    list_display = ("title", "enabled", "rhythm", "last_run", "runs")
    list_display_links = ("title",)

    @admin.display(description=_("name"), ordering="name")
    def title(self, task: PeriodicTask) -> str:
        return title_of(str(task.name))

    @admin.display(description=_("when"))
    def rhythm(self, task: PeriodicTask) -> str:
        at = task.crontab
        if at is None or {at.day_of_week, at.day_of_month, at.month_of_year} != {"*"}:
            return str(task.scheduler)
        if not (str(at.hour).isdecimal() and str(at.minute).isdecimal()):
            return str(at)
        return gettext("every day at %(time)s (%(zone)s)") % {
            "time": f"{int(at.hour):02}:{int(at.minute):02}",
            "zone": gettext("Beijing") if str(at.timezone) == "Asia/Shanghai" else at.timezone,
        }

    @admin.display(description=_("last run (Beijing)"), ordering="last_run_at")
    def last_run(self, task: PeriodicTask) -> Any:
        """A new row's "last run" is only there to make it due."""
        return display.moment(task.last_run_at) if task.total_run_count else display.EMPTY

    @admin.display(description=_("runs"), ordering="total_run_count")
    def runs(self, task: PeriodicTask) -> str:
        return display.number(task.total_run_count)

    @admin.display(description=_("Crontab in words"))
    def crontab_translation(self, obj: PeriodicTask) -> Any:
        return super().crontab_translation(obj)


@admin.register(IntervalSchedule)
class ThemedIntervalAdmin(ModelAdmin):
    pass


@admin.register(CrontabSchedule)
class ThemedCrontabAdmin(CrontabScheduleAdmin, ModelAdmin):
    pass


@admin.register(SolarSchedule)
class ThemedSolarAdmin(ModelAdmin):
    pass


@admin.register(ClockedSchedule)
class ThemedClockedAdmin(ClockedScheduleAdmin, ModelAdmin):
    pass
