"""What was, and what changed since: moments, differences between two of them, and who set each field."""
