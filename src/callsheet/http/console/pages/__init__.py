"""One file for each page, or for each few that belong together."""
