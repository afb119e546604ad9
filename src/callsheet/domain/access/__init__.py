"""Who may ask, and what they see: workspaces, API keys, visibility."""
