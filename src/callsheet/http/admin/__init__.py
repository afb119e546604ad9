"""The Admin API: ``/v1/organizations`` and what is below it."""
