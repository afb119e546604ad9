"""The doctor's report for people: as Markdown, to be read in a terminal or pasted into an issue."""
