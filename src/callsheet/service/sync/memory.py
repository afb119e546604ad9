"""What a source remembers from one run to the next: the members of `SourceState.memory`."""

from typing import Final

#: The digest of what the last good run depended on beside the answers; see `listing.basis_of`.
BASIS: Final = "basis"

#: The configuration of the last good run.
CONFIG: Final = "config"

#: The marks of the installations that the list came through; see `loop`.
PATH: Final = "path"

#: What a person rejected: names, each with its cause.
REJECTED: Final = "rejected"

#: How many names are absent and still within their grace.
ABSENT: Final = "absent"
