"""Why a caller sees a model, who sees one, and what a caller sees: the State asked, and the change records."""
