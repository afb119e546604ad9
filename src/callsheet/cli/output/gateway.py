"""The gateway of ``serve --gateway``, as people read of it at a start."""

from collections.abc import Iterator
from shlex import quote

from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.plan.governed import Governed
from callsheet.service.sync.gateway import NAME, FollowedGateway, Found, Listing
from callsheet.service.sync.sources import Source
from callsheet.settings import GATEWAY_KEY, Settings
from callsheet.sources.upstream import SourceKind


def gateway_lines(gateway: FollowedGateway, settings: Settings) -> Iterator[str]:
    """Yield what was found at the gateway, and what its keys see."""
    url, found = settings.gateway, gateway.found
    if found is None:
        yield f"Gateway: {gateway.why} {_meanwhile(gateway, settings)}"
    else:
        yield f"Gateway: {url} answers as {found.kind} does ({'; '.join(found.evidence)})."
        yield _listing_line(found, gateway.source.config.key_mode, settings)
    if gateway.failure:
        yield f"The source {NAME}: {gateway.failure}"


def _meanwhile(gateway: FollowedGateway, settings: Settings) -> str:
    """What callers get as long as the gateway cannot be asked."""
    has_listed = gateway.source.state.last_good_at is not None
    if gateway.refuses_key:
        return "Each key of the gateway works all the same; only the catalogue does not follow the gateway's list."
    if settings.any_key:
        return f"Until it answers, {'what it listed last is' if has_listed else 'none of its models are'} served."
    last = "; keys that Callsheet itself made see what it listed last" if has_listed else ""
    return f"Until it answers, its keys get 529{last}."


def _listing_line(found: Found, mode: KeyMode, settings: Settings) -> str:
    if settings.any_key:
        return "Its list is served to everybody (any_key)."
    sees = "Each key of the gateway sees here what the gateway lists to it"
    if mode is KeyMode.GOVERN:
        sees += " and the rules of the workspace show"
    match found.listing:
        case Listing.CALLERS:
            return (
                f"{sees}. It lists nothing without a key; to have its models in the catalogue as well, put one of "
                f"its keys into {GATEWAY_KEY}."
            )
        case Listing.OWN_KEY:
            return f"{sees}; keys that Callsheet itself made see what it lists to {GATEWAY_KEY}."
        case Listing.EVERYBODY if found.kind is not SourceKind.OPENROUTER:  # which lists less to a key
            return f"{sees}. It lists its models to everybody, so that any credential is accepted here."
        case _:
            return f"{sees}."


def govern_line(governed: Governed | None, name: str) -> str:
    """Return a warning that keys of a gateway see little or nothing, as rules decide; else nothing.

    Parameters
    ----------
    governed
        What they see at most; None if no rules decide.
    name
        Of the source that is asked about keys.
    """
    if governed is None or not governed.is_poor:
        return ""
    warning = f"Warning: {governed.sentence(name)}"
    if not governed.listed:
        warning += (
            " Add models (callsheet catalog add), or let the source list them by one of its keys: put that into "
            f"{GATEWAY_KEY} for callsheet serve --gateway and start it again, or name where it is with callsheet "
            "sources change --secret-env."
        )
    return warning


def export_lines(url: str, settings: Settings) -> Iterator[str]:
    """Yield what to set for Claude Code."""
    key = "any word" if settings.any_key else "your gateway's key"
    yield from (
        "",
        f"For Claude Code, with {key}:",
        "",
        f"  export ANTHROPIC_BASE_URL={url}",
        f'  export ANTHROPIC_AUTH_TOKEN="{key}"',
        "  export CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1",
        "",
    )
    if not settings.forward:
        yield (
            "Only lists are answered at this address. To let messages through to the gateway as well, add "
            "--forward, or put a route in front of both:"
        )
        yield f"  callsheet route nginx --gateway {quote(settings.gateway)}"


def former_gateway_line(source: Source | None) -> str:
    """Return that the source of a gateway that is not set any more is still there; empty if it is None."""
    if source is None:
        return ""
    asked = ", and is asked about keys" if source.config.asks_keys else ""
    return (
        f"The source {NAME} ({source.config.url}), which --gateway added, stays{asked}; to remove it: "
        f"callsheet sources remove {NAME}"
    )
