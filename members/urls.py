"""Addresses of the pages about members that are no list of a model. All below ``/admin/members/``."""

from __future__ import annotations

from django.urls import path

from .admin import access, person, roster

urlpatterns = [
    path("access/", access.ask, name="members-access"),
    path("access/read/", access.read, name="members-access-read"),
    path("access/put-on/", access.put_on, name="members-access-put-on"),
    path("access/everybody/", access.everybody, name="members-access-everybody"),
    path("access/everybody.xlsx", access.download, name="members-access-download"),
    path("person/<int:pk>/export/", person.export, name="members-person-export"),
    path("person/<int:pk>/remove/", person.remove, name="members-person-remove"),
    path("roster/", roster.upload, name="members-roster"),
    path("roster/template.xlsx", roster.template, name="members-roster-template"),
    path("roster/<uuid:uuid>/", roster.preview, name="members-roster-preview"),
    path("roster/<uuid:uuid>/plan/", roster.plan, name="members-roster-plan"),
    path("roster/<uuid:uuid>/read/", roster.read, name="members-roster-read"),
    path("roster/<uuid:uuid>/rows.xlsx", roster.problems, name="members-roster-problems"),
]
