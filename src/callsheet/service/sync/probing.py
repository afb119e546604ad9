"""Probing: what an upstream answers to the questions by which its kind is recognised."""

from callsheet.domain.errors import SourceError
from callsheet.service.sync.fetch import Fetcher
from callsheet.service.sync.limits import LIMITS, Limits
from callsheet.sources.recognise import PROBES, authorization
from callsheet.sources.upstream import Answer


def answers_to_probes(url: str, secret: str, organization_id: str, limits: Limits = LIMITS) -> list[Answer]:
    """Return the answers of the upstream at ``url`` to `PROBES`; those that it does not give are left out.

    Parameters
    ----------
    secret
        Sent in each of the headers that upstreams of some kind read; empty for none.
    organization_id
        Of this installation, which must not be its own upstream.
    limits
        What all of it may take.

    Raises
    ------
    SourceError
        It does not answer the first of them.
    """
    headers = authorization(secret)
    answers: list[Answer] = []
    with Fetcher(url, lambda _url: headers, secret, organization_id, limits) as fetcher:
        for probe in PROBES:
            try:
                answers.append(fetcher.ask(probe))
            except SourceError:  # one path may hang or redirect where another answers
                if not answers:
                    raise
    return answers
