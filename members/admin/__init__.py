"""The admin's pages about members. Importing this package registers them."""

from . import contact_view, list_panel, member, person

__all__ = ["contact_view", "list_panel", "member", "person"]
