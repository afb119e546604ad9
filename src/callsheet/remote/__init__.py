"""The services of an installation, over its administration API in place of its database."""
