from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class PlaybackConfig(AppConfig):
    name = "playback"
    verbose_name = _("Playback")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import tracing  # noqa: F401 - it listens to tasks being sent and begun
        from .checks import check_mail_settings, check_vendor_settings
        from .operations import effects
        from .staleness import limits

        effects.listen()
        register(check_vendor_settings)
        register(check_mail_settings)
        register(limits.check)
