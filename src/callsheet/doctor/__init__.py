"""The doctor: checks of any Models API, and what each known client makes of its answers."""
