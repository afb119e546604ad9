"""SQL that is compiled once for all SQLite databases of a run; each has an engine that would compile it again."""

from typing import Any

from sqlalchemy import Engine, NullPool, create_engine

from callsheet.storage.sqlite import connection


def share_compiled_statements() -> None:
    """Let every engine that is made from now on use the dialect, and what it has compiled, of the first."""
    first = create_engine("sqlite://", poolclass=NullPool)
    first.connect().close()  # which makes its dialect complete

    def create_alike(*arguments: Any, **options: Any) -> Engine:
        engine = create_engine(*arguments, **options)
        engine.dialect = engine.pool._dialect = first.dialect
        engine._compiled_cache = first._compiled_cache
        return engine

    vars(connection)["create_engine"] = create_alike
