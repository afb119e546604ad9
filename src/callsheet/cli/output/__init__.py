"""What people and programs read: tables, JSON, texts, progress."""
