"""Values and decisions: no HTTP, no SQL, no clock, no environment."""
