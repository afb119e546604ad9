"""The command line: translates arguments into one call of a service, and its result into text."""
