"""Signing in: one sign-in for the staff and for teachers, at two addresses, and where it leads.

Who is no staff lands on the teachers' pages, wherever they signed in; so does a member of staff who has a room and no
right at all in the admin. The admin's own sign-in refused people who are no staff as if their password were wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from members.models import RoomTeacher

from .base import TeachingView

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


def belongs_here(user: User | AnonymousUser) -> bool:
    """There is nothing for this person in the admin."""
    if not user.is_authenticated:
        return False
    if not user.is_staff:
        return True
    return not user.get_all_permissions() and RoomTeacher.objects.filter(user_id=user.pk).exists()


@never_cache
@sensitive_post_parameters("password")
def admin_sign_in(request: HttpRequest) -> HttpResponseBase:
    """The admin's sign-in, which sends teachers on to their pages."""
    if request.method == "GET" and belongs_here(request.user):
        return HttpResponseRedirect(_destination(request))
    response = cast("HttpResponseBase", admin.site.login(request))
    if request.method == "POST" and response.status_code == 302 and belongs_here(request.user):
        return HttpResponseRedirect(_destination(request))
    return response


def _destination(request: HttpRequest) -> str:
    """Where a teacher goes: the page that was asked for, if it is one of the teachers'."""
    home = reverse("teaching:home")
    wanted = request.POST.get(REDIRECT_FIELD_NAME, request.GET.get(REDIRECT_FIELD_NAME, ""))
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith(home)
    return wanted if safe and not wanted.startswith(reverse("teaching:sign-in")) else home


class SignIn(LoginView):
    template_name = "teaching/sign_in.html"
    next_page = "teaching:home"
    redirect_authenticated_user = True

    def get_redirect_url(self, *args: Any) -> str:
        """An address of this site, but not this page: whoever is signed in would be sent in a circle."""
        wanted = super().get_redirect_url(*args)
        return "" if wanted.startswith(reverse("teaching:sign-in")) else wanted


class SignOut(LogoutView):
    next_page = "teaching:sign-in"


class ChangePassword(TeachingView):
    """A password of one's own: who gave the first one knows it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self._to_sign_in(request)
        view = PasswordChangeView.as_view(
            template_name="teaching/password.html", success_url=resolve_url("teaching:password-changed")
        )
        return view(request)


class PasswordChanged(TeachingView):
    template_name = "teaching/password_changed.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page({})
