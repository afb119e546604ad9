"""Buttons of a page that are forms by themselves: which of them was pressed."""

from callsheet.http.admin.errors import AdminError, Code


def unknown_button(action: str) -> AdminError:
    """Return the refusal of a form that no button of the page sends."""
    return AdminError(Code.INVALID_REQUEST, f"This page has no button {action[:40]!r}.")
