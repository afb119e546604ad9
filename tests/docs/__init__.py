"""The documents are tested like code: their blocks run, their links lead somewhere, their reference is complete."""
