from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = _("Members")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib import admin

        from . import operations, staleness  # noqa: F401 - they register their kinds
        from .teaching import assigning, person_page

        assigning.add_to_rooms()
        person_page.add_to(admin.site)
