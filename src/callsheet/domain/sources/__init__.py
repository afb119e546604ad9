"""Sources: where models come from, how their runs ended, and which models they no longer list."""
