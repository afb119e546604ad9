"""The headers that carry a source's secret, for any kind of upstream."""

from collections.abc import Mapping
from datetime import datetime

from callsheet.sources.upstream import Options, Signer, Upstream


def credentials(upstream: Upstream, url: str, secret: str, options: Options, now: datetime) -> Mapping[str, str]:
    """Return the headers with which ``upstream`` accepts a request, which are never to be shown or kept.

    Parameters
    ----------
    url
        The whole URL, percent-encoded as it is sent.
    secret
        What the source's reference leads to; empty if it has none. Blanks around it do not count.
    now
        When the request is sent (aware).

    Raises
    ------
    SourceError
        The kind of upstream cannot use the secret; the sentence does not hold it.
    """
    secret = secret.strip()
    if not secret:
        return {}
    if isinstance(upstream, Signer):
        return upstream.sign(url, secret, options, now)
    return upstream.authorization(secret)
