"""The form of the admin's sign-in. In a module of its own: the admin site takes it while it is being made itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.forms import AuthenticationForm as DjangoForm
from unfold.forms import AuthenticationForm

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class AdminSignInForm(AuthenticationForm):
    """For whoever is active: where they may go is decided after that (:mod:`.sign_in`)."""

    def confirm_login_allowed(self, user: User) -> None:
        DjangoForm.confirm_login_allowed(self, user)
