"""Pages of members that are no list of a model: who may open them, and the frame they stand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse

from ..models import Member

View = Callable[..., HttpResponse]


def page(permission: str, methods: Sequence[str] = ("GET", "HEAD", "POST")) -> Callable[[View], View]:
    """A view behind the admin's sign-in, for those who hold ``permission``."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return view(request, *args, **kwargs)

        return admin.site.admin_view(checked)

    return decorate


def answer(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    title: Any,
    status: int = 200,
) -> HttpResponse:
    """These pages are about people: no cache keeps them."""
    request.current_app = admin.site.name
    return TemplateResponse(
        request,
        f"members/{template}.html",
        {
            **admin.site.each_context(request),
            "opts": Member._meta,
            "title": title,
            "here": request.get_full_path(),
            **context,
        },
        status=status,
        headers={"Cache-Control": "no-store"},
    )
