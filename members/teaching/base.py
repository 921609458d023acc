"""What all pages of a teacher share: who is let in, which rows there are, and how a part of a page answers."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import AccessMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse, reverse_lazy
from django.views import View

from playback.admin.panels import WAITS, sentence, words
from playback.conf import vendor_client
from playback.models import Recording
from playback.vendor.client import VendorClient
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

from .rights import recordings_of


class TeachingView(AccessMixin, View):
    """Signed-in people only; what they see is never stored by a browser that others may use."""

    login_url = reverse_lazy("teaching:sign-in")
    template_name = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self._to_sign_in(request)
        response = super().dispatch(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def get_queryset(self) -> QuerySet[Recording]:
        return recordings_of(self.request.user)

    def recording(self, pk: int) -> Recording:
        """This teacher's recording; 404 for any other."""
        return get_object_or_404(self.get_queryset(), pk=pk)

    def page(self, context: dict[str, Any], *, template: str = "", status: int = 200) -> HttpResponse:
        return TemplateResponse(self.request, template or self.template_name, context, status=status)

    def _to_sign_in(self, request: HttpRequest) -> HttpResponseBase:
        if "HX-Request" in request.headers:
            # A part of a page: the page itself goes to the sign-in, not the part.
            answer = HttpResponse(status=401)
            answer["HX-Refresh"] = "true"
            return answer
        return self.handle_no_permission()


class PartView(TeachingView):
    """A part of a recording's page that asks the vendor, fetched when it comes into view."""

    name = ""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        recording = self.recording(pk)
        context = {"recording": recording, "part_url": reverse(f"teaching:{self.name}", args=[pk])}
        try:
            response = self.page({**context, **self.load(recording)})
        except VendorError as error:
            context |= {"sentence": sentence(error), "words": words(error), "again": request.get_full_path()}
            response = self.page(context, template="teaching/parts/failed.html")
        return response

    def load(self, recording: Recording) -> dict[str, Any]:
        """The template's context. Raises the client's ``VendorError`` s, which are shown as a sentence."""
        raise NotImplementedError

    def client(self) -> VendorClient:
        return vendor_client(Lane.PERSON, max_wait=WAITS)
