"""Addresses of the teachers' pages. The sign-in apart, each takes its rows from the person's own rooms."""

from __future__ import annotations

from django.urls import path

from . import links, pages, parts, sign_in

app_name = "teaching"

urlpatterns = [
    path("", pages.Home.as_view(), name="home"),
    path("recordings/<int:pk>/", pages.OneRecording.as_view(), name="recording"),
    path("recordings/<int:pk>/play/", pages.Play.as_view(), name="play"),
    path("recordings/<int:pk>/link/", links.OneTimeLink.as_view(), name="link"),
    path("recordings/<int:pk>/chapters/", parts.Chapters.as_view(), name="chapters"),
    path("recordings/<int:pk>/courseware/", parts.Courseware.as_view(), name="courseware"),
    path("recordings/<int:pk>/watched/", parts.WhoWatched.as_view(), name="watched"),
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign-out"),
    path("password/", sign_in.ChangePassword.as_view(), name="password"),
    path("password/changed/", sign_in.PasswordChanged.as_view(), name="password-changed"),
]
