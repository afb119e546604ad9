"""Workspaces and keys in the Admin API as the command line has them, beside Anthropic's own resources."""
