"""What other applications import: `create_app` makes the ASGI application that they mount, from `Settings`."""

from callsheet.http.app import CallsheetApp, create_app
from callsheet.settings import Settings

__all__ = ["CallsheetApp", "Settings", "create_app"]
