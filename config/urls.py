"""Addresses. The admin is the product; everything else hangs below it or beside it."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from members.teaching.assigning import room_teachers
from members.teaching.sign_in import admin_sign_in
from playback.admin import mirror_state
from playback.views.callbacks import receive
from playback.views.health import alive, ready
from playback.views.metrics import scrape
from playback.views.player import preview_page

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    # For machines: no sign-in, no session.
    path("healthz", alive, name="healthz"),
    path("readyz", ready, name="readyz"),
    path("metrics", scrape, name="metrics"),
    path("callbacks/baijiayun/", receive, name="callbacks"),
    path("i18n/", include("django.conf.urls.i18n")),
    # Before the admin's own addresses, inside its frame and behind its sign-in.
    path("admin/playback/recording/<int:pk>/preview/", admin.site.admin_view(preview_page), name="recording-preview"),
    path("admin/playback/mirror/", admin.site.admin_view(mirror_state.page), name="mirror-state"),
    path("admin/members/", include("members.urls")),
    path("admin/playback/room/<int:pk>/teachers/", admin.site.admin_view(room_teachers), name="room-teachers"),
    path("admin/login/", admin_sign_in),  # before the admin's own, which it wraps and whose name it keeps
    path("teach/", include("members.teaching.urls")),
    path("admin/", admin.site.urls),
]
