"""What a workspace or a key sees, as people and programs read it."""

from collections.abc import Mapping
from typing import Annotated

import typer

from callsheet.cli.output.tables import say
from callsheet.service.sight import Sight

Models = Annotated[bool, typer.Option("--models", help="Also name the models that are listed for it.")]


def say_sight(now: Sight, before: Sight | None = None) -> None:
    """Say how many models are visible after a change of rules, and which patterns do nothing."""
    was = "" if before is None else f" (was {before.total})"
    verb = "is" if now.total == 1 else "are"
    say(f"{now.total} of {now.listed} listed models {verb} visible now{was}.")
    for pattern in now.idle:
        meant = now.aliases.get(pattern)
        if meant is not None:
            advice = f"it is an alias, and patterns match ids: write {meant}"
        else:
            advice = "check its spelling" if now.listed else "the catalogue lists none yet"
        say(f"Warning: no model matches the pattern {pattern!r}; {advice}.")


def sight_record(sight: Sight, *, models: bool) -> Mapping[str, object]:
    """Return ``sight`` as plain JSON values."""
    named = {"models": list(sight.visible)} if models else {}
    return {"models_visible": sight.total, "models_listed": sight.listed, **named}


def sight_lines(sight: Sight, *, models: bool) -> Mapping[str, object]:
    """Return ``sight`` as lines for people."""
    named = {"": "\n".join(sight.visible)} if models and sight.visible else {}
    return {"models": f"{sight.total} of {sight.listed} listed", **named}
