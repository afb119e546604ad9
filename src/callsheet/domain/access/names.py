"""Names of workspaces and keys."""

from callsheet.domain.errors import InvalidError


def check_name(name: str, what: str) -> str:
    """Return ``name`` if people can read it: 1-128 printable characters.

    Raises
    ------
    InvalidError
        It is not; the sentence begins with ``what``.
    """
    if not 1 <= len(name) <= 128 or name != name.strip() or not name.isprintable():
        raise InvalidError(f"{what} must be 1 to 128 printable characters, not {name[:60]!r}.", field="name")
    return name
