"""Addresses of the pages about members that are no list of a model. All below ``/admin/members/``."""

from __future__ import annotations

from django.urls import path

from .admin import roster

urlpatterns = [
    path("roster/", roster.upload, name="members-roster"),
    path("roster/template.xlsx", roster.template, name="members-roster-template"),
    path("roster/<uuid:uuid>/", roster.preview, name="members-roster-preview"),
    path("roster/<uuid:uuid>/plan/", roster.plan, name="members-roster-plan"),
    path("roster/<uuid:uuid>/read/", roster.read, name="members-roster-read"),
    path("roster/<uuid:uuid>/rows.xlsx", roster.problems, name="members-roster-problems"),
]
