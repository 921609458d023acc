"""django-celery-beat's models in the theme's clothes: when the syncs run by themselves."""

from __future__ import annotations

from django.contrib import admin
from django_celery_beat.admin import ClockedScheduleAdmin, CrontabScheduleAdmin, PeriodicTaskAdmin, PeriodicTaskForm
from django_celery_beat.admin import TaskSelectWidget as BeatTaskSelectWidget
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)


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
