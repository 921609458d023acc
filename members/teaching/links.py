"""A link for one opening, to share: asked for with one tap, shown once.

The ledger, the rules and the sentences are :mod:`playback.play_links`'s. No plan is shown before: there is one
recording and one link, and the page says what it is.
"""

from __future__ import annotations

from uuid import uuid4

import redis
from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playback.models import PlayLink, Recording
from playback.play_links import ledger, making, terms
from playback.play_links.terms import LONGEST_NAME, Terms, TermsInvalid

from .base import TeachingView
from .pages import about

KEY = "_key"  # this form, which makes one link however often it is sent


class ForWhom(forms.Form):
    name = forms.CharField(
        label=_("For whom"),
        required=False,
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off", "enterkeyhint": "done"}),
    )

    def clean_name(self) -> str:
        try:
            return terms.viewer(self.cleaned_data["name"]).name
        except TermsInvalid as invalid:
            raise forms.ValidationError(str(invalid)) from None


class OneTimeLink(TeachingView):
    template_name = "teaching/link.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._form(self.recording(pk), ForWhom())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        recording = self.recording(pk)
        form = ForWhom(request.POST)
        if not form.is_valid():
            return self._form(recording, form)
        try:
            first = ledger.claim(request.POST.get(KEY, ""))
        except redis.RedisError:
            sentence = gettext("Nothing was made: the store of the call budget does not answer. Try again in a moment.")
            return self._form(recording, form, sentence, status=503)
        if not first:
            return self.page({**about(recording), "used": True}, status=409)
        viewer = terms.viewer(form.cleaned_data["name"])
        (result,) = making.make_for_one(request.user, recording, [viewer], Terms(PlayLink.Kind.ONE_TIME))
        if not result.made:
            return self._form(recording, form, result.sentence, result.words)
        return self.page({**about(recording), "result": result})

    def _form(
        self, recording: Recording, form: ForWhom, problem: str = "", said: str = "", status: int = 200
    ) -> HttpResponse:
        context = {**about(recording), "form": form, "key": uuid4().hex, "problem": problem, "words": said}
        return self.page(context, status=status)
