"""The admin's pages about members. Importing this package registers them."""

from . import list_panel, member

__all__ = ["list_panel", "member"]
