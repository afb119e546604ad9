"""Writing what no change record is made of: answers to requests that may be repeated, and when keys were used."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from callsheet.domain.times import format_instant
from callsheet.storage import tables
from callsheet.storage.transactions.put import add_rows, put_rows
from callsheet.storage.transactions.read_admin import AdminReading, GivenAnswer
from callsheet.storage.transactions.selecting import VALUE_BATCH_SIZE


class AdminWriting(AdminReading):
    """What is written for those who administer in one transaction; none of it raises the revision."""

    def keep_answer(self, admin_key_id: str, idempotency_key: str, given: GivenAnswer, now: datetime) -> None:
        """Keep the answer to a request of this admin key with this idempotency key; there is none yet."""
        row: dict[str, Any] = {
            "admin_key_id": admin_key_id,
            "idempotency_key": idempotency_key,
            **given._asdict(),
            "at": format_instant(now.replace(microsecond=0)),
        }
        add_rows(self._connection, tables.repeated_requests, [row])

    def drop_answers(self, before: datetime) -> int:
        """Drop the answers that were given before this time; return how many."""
        moment = format_instant(before.replace(microsecond=0))
        statement = delete(tables.repeated_requests).where(tables.repeated_requests.c.at < moment)
        return int(self._connection.execute(statement).rowcount)

    def put_uses(self, uses: Mapping[str, str]) -> None:
        """Note when keys were last used, by id; what is not the id of a key, or was used later, is left out."""
        ids = list(uses)
        for start in range(0, len(ids), VALUE_BATCH_SIZE):
            some = ids[start : start + VALUE_BATCH_SIZE]
            known = select(tables.api_keys.c.id).where(tables.api_keys.c.id.in_(some))
            present = self.last_uses(some)
            found: Iterable[str] = self._connection.execute(known).scalars()
            rows = [
                {"key_id": key_id, "last_used_at": uses[key_id]}
                for key_id in found
                if present.get(key_id, "") < uses[key_id]
            ]
            put_rows(self._connection, tables.key_uses, rows)
