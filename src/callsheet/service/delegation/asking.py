"""Asker: puts a question about a key to its gateway, in one form of the credential and then in the other."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from callsheet.api.client_kind import ANY_CLIENT
from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import SourceError
from callsheet.service.clock import Clock
from callsheet.service.delegation.forms import Form, forms_of
from callsheet.service.delegation.gateway import Gateway, LoopError, RefusedError
from callsheet.service.delegation.key_source import KeySource
from callsheet.service.delegation.limits import QuestionLimits
from callsheet.service.delegation.reading import Reader, digest_for
from callsheet.service.delegation.replies import Away, Listed, Refused, Reply
from callsheet.service.sync.failures import late
from callsheet.sources.secret_texts import SecretTexts


class Around(NamedTuple):
    """What a question depends on beside the gateway and the credential.

    Parameters
    ----------
    organization_id
        Of this installation.
    catalog
        Its models.
    asked_by
        The installations that the question has come through, this one included.
    client
        Which client asks, where the gateway tells clients apart.
    """

    organization_id: str
    catalog: Catalog
    asked_by: str
    client: bytes = ANY_CLIENT


class Asker:
    """Asks from one event loop.

    Parameters
    ----------
    limits
        What a question may take.
    clock
        Where the time comes from.
    """

    def __init__(self, limits: QuestionLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._gateway = Gateway(limits)
        self._reader = Reader(limits.max_rows)

    async def close(self) -> None:
        """Close all connections."""
        await self._gateway.close()

    async def ask(self, source: KeySource, secret: str, came: Form, around: Around) -> Reply:
        """Return what the gateway says of ``secret``; of what goes wrong, only a sentence without it comes back.

        Parameters
        ----------
        came
            The header that it came in.
        """
        texts = SecretTexts(secret)
        try:
            async with asyncio.timeout(self._limits.question_seconds):
                return await self._ask_in_forms(source, secret, came, around, texts)
        except TimeoutError:
            return Away(str(late(source.url, self._limits.question_seconds)))
        except LoopError as error:
            return Away(str(error), is_loop=True)
        except SourceError as error:
            return Away(texts.hide(str(error)))

    async def is_refused(self, source: KeySource, headers: Mapping[str, str], around: Around) -> bool:
        """Return whether the gateway refuses a request with these headers; not if it does not say."""
        try:
            async with asyncio.timeout(self._limits.question_seconds):
                await self._gateway.fetch(source, headers, around.organization_id, around.asked_by)
        except RefusedError:
            return True
        except (TimeoutError, SourceError):
            return False
        return False

    async def _ask_in_forms(
        self, source: KeySource, secret: str, came: Form, around: Around, texts: SecretTexts
    ) -> Reply:
        refused: Reply = Refused(0)
        for headers in forms_of(secret, came, source.key_list()):
            try:
                return await self._ask(source, headers, around, texts)
            except RefusedError as error:
                refused = Refused(error.status)
        return refused

    async def _ask(
        self, source: KeySource, headers: Mapping[str, str], around: Around, texts: SecretTexts
    ) -> Listed:
        gateway, reader = self._gateway, self._reader
        client = around.client
        answers = await gateway.fetch(source, headers, around.organization_id, around.asked_by, client)
        size = sum(len(answer.body) for answer in answers)
        now, catalog = self._clock.now(), around.catalog
        digest = await gateway.work(size, partial(digest_for, answers, texts))
        known = None if digest is None else reader.find(source, client, digest, catalog, now)
        if known is None:
            known = await gateway.work(size, partial(reader.make, source, client, answers, texts, catalog, now))
            if digest is not None:
                reader.remember(source, client, digest, catalog, now, known)
        return Listed(known)
