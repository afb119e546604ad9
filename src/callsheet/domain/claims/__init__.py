"""Claims: who says what of which model, and what a model comes to by it."""
