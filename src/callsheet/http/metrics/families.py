"""Families of metrics: name, kind and meaning of each, and how figures of several processes are joined."""

import operator
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Final, NamedTuple


class Series(NamedTuple):
    """One figure's name and labels."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()


Figures = dict[Series, float]


class Family(NamedTuple):
    """A metric as Prometheus knows it.

    Parameters
    ----------
    name
        With its unit, as Prometheus' conventions have it.
    kind
        counter, gauge, histogram or summary.
    sentence
        What the figure says.
    joined
        Joins the figures of two processes into one.
    """

    name: str
    kind: str
    sentence: str
    joined: Callable[[float, float], float] = operator.add

    @property
    def is_lasting(self) -> bool:
        """Whether the figures of a process that has ended still count."""
        return self.kind != "gauge"

    @property
    def series_names(self) -> tuple[str, ...]:
        """The names of its series."""
        endings = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
        return tuple(f"{self.name}{ending}" for ending in endings.get(self.kind, ("",)))


#: All metrics, in the order of the output.
FAMILIES: Final = (
    Family("callsheet_build_info", "gauge", "1, with the version that runs.", max),
    Family("callsheet_workers", "gauge", "Worker processes that are running."),
    Family(
        "callsheet_workers_wanted",
        "gauge",
        "Worker processes wanted: the setting workers, and one for an Admin API with a listener.",
        max,
    ),
    Family("callsheet_requests_total", "counter", "Answers given to requests for models."),
    Family("callsheet_request_seconds", "histogram", "Time it took to make an answer."),
    Family("callsheet_memo_hits_total", "counter", "Answers given from the response cache."),
    Family(
        "callsheet_ordinary_path_requests_total",
        "counter",
        "Requests that the fast path left to the ordinary path, by reason.",
    ),
    Family(
        "callsheet_fast_path_errors_total",
        "counter",
        "Requests that the fast path failed to answer, so that the ordinary path did.",
    ),
    Family("callsheet_rate_limited_total", "counter", "Requests refused because a caller sent too many."),
    Family("callsheet_connections", "gauge", "Connections that are open."),
    Family(
        "callsheet_connections_dropped_total",
        "counter",
        "Connections refused, or ended because of slow callers.",
    ),
    Family("callsheet_unread_bytes", "gauge", "Bytes of answers that callers have not read yet."),
    Family(
        "callsheet_unread_refusals_total",
        "counter",
        "Requests for large lists refused because callers left too much unread.",
    ),
    Family(
        "callsheet_forward_requests_total", "counter", "Requests that the gateway answered, by class of status."
    ),
    Family("callsheet_forward_requests_open", "gauge", "Requests that are being forwarded."),
    Family("callsheet_forward_bytes_total", "counter", "Bytes of bodies forwarded, each way."),
    Family(
        "callsheet_forward_failures_total",
        "counter",
        "Requests to forward that were answered here, or broke off, by reason.",
    ),
    Family(
        "callsheet_forward_first_byte_seconds",
        "histogram",
        "Time from a forwarded request to the head of its answer.",
    ),
    Family("callsheet_admin_requests_total", "counter", "Answers of the Admin API, by call and status."),
    Family("callsheet_state_revision", "gauge", "Revision that answers come from, the oldest of all workers.", min),
    Family("callsheet_state_age_seconds", "gauge", "Time since the state last matched the database.", max),
    Family("callsheet_models", "gauge", "Models in the catalogue, retired and hidden ones too.", max),
    Family(
        "callsheet_models_retiring",
        "gauge",
        "Models that are to retire within 30 days and are not overdue.",
        max,
    ),
    Family("callsheet_models_overdue", "gauge", "Models whose date of retirement has passed, not retired.", max),
    Family("callsheet_keys", "gauge", "API keys, archived ones too.", max),
    Family("callsheet_database_up", "gauge", "Whether the database can be followed: 1 or 0.", min),
    Family(
        "callsheet_database_foreign",
        "gauge",
        "Whether the database holds another installation than is served: 1 or 0.",
        max,
    ),
    Family("callsheet_database_older", "gauge", "Whether the database lacks a change that it had: 1 or 0.", max),
    Family(
        "callsheet_database_regressions_total",
        "counter",
        "Times the database was found at an older history without a restore.",
    ),
    Family(
        "callsheet_database_replacements_total",
        "counter",
        "Times a file of the database was replaced or removed while the server ran.",
    ),
    Family("callsheet_notifications_total", "counter", "Changes that the database announced without being asked."),
    Family("callsheet_polls_total", "counter", "Times the database was asked whether it has changed."),
    Family("callsheet_refresh_seconds", "summary", "Time it took to bring the state up to the database."),
    Family("callsheet_refresh_failures_total", "counter", "Times the database could not be watched or read."),
    Family("callsheet_source_age_seconds", "gauge", "Time since a source's list was last fetched well.", max),
    Family(
        "callsheet_source_interval_seconds", "gauge", "Time between two runs of a source; 0 if only on demand.", max
    ),
    Family("callsheet_source_failures", "gauge", "Runs of a source that failed since one last ended well.", max),
    Family("callsheet_source_waiting", "gauge", "Whether a list, or new models, wait for a person: 1 or 0.", max),
    Family("callsheet_source_models", "gauge", "Models that a source lists.", max),
    Family(
        "callsheet_source_suppressed",
        "gauge",
        "Models that a source lists and another manager has taken away.",
        max,
    ),
    Family("callsheet_source_runs_total", "counter", "Runs of a source, by how they ended."),
    Family("callsheet_webhook_attempts_total", "counter", "Attempts to send to a webhook, by how they ended."),
    Family("callsheet_webhook_waiting", "gauge", "Events that wait to be sent to a webhook.", max),
    Family(
        "callsheet_webhook_oldest_waiting_seconds",
        "gauge",
        "Time since the oldest event that waits for a webhook; 0 if none does.",
        max,
    ),
    Family(
        "callsheet_webhook_given_up", "gauge", "Events for a webhook that were given up within the last month.", max
    ),
    Family(
        "callsheet_key_checks_total", "counter", "Keys that a gateway knows, by how what they see was found out."
    ),
    Family(
        "callsheet_key_checks_overloaded_total",
        "counter",
        "Requests refused because too many keys waited to be asked about.",
    ),
    Family("callsheet_key_checks_under_way", "gauge", "Questions about keys that are under way."),
    Family("callsheet_key_checks_waiting", "gauge", "Keys that wait for a question to begin."),
    Family("callsheet_delegated_keys", "gauge", "Keys of which it is remembered what the gateway said."),
    Family("callsheet_delegated_bytes", "gauge", "Memory that what gateways listed to keys takes."),
    Family(
        "callsheet_key_gateway_up", "gauge", "Whether the gateway that is asked about keys answers: 1 or 0.", min
    ),
    Family("callsheet_key_gateway_outage", "gauge", "Whether that gateway refuses every key: 1 or 0.", max),
    Family(
        "callsheet_key_differences_total",
        "counter",
        "Answers of an observed gateway that differ from what would be shown, by the kind of difference.",
    ),
    Family("callsheet_catalog_file_up", "gauge", "Whether the catalogue files are applied: 1 or 0.", min),
    Family(
        "callsheet_catalog_file_applied_timestamp_seconds",
        "gauge",
        "When everything was last as the catalogue files say, in Unix time; 0 if never.",
        max,
    ),
    Family("callsheet_catalog_file_failures_total", "counter", "Times catalogue files could not be applied."),
    Family("callsheet_catalog_file_changes_total", "counter", "Changes that catalogue files made."),
    Family("process_start_time_seconds", "gauge", "When the oldest worker began, in Unix time.", min),
    Family("process_cpu_seconds_total", "counter", "Processor time spent by all workers."),
    Family("process_resident_memory_bytes", "gauge", "Memory in use by all workers."),
    Family("process_open_fds", "gauge", "File descriptors open in all workers."),
    Family("process_max_fds", "gauge", "File descriptors that one worker may open.", min),
)

_FAMILY_OF: Final = {name: family for family in FAMILIES for name in family.series_names}


def family_of(series: Series) -> Family:
    """Return the family that ``series`` belongs to."""
    return _FAMILY_OF[series.name]


def histogram(name: str, edges: list[str], counts: list[int], total: float) -> Figures:
    """Return the series of a histogram.

    Parameters
    ----------
    name
        Of the family.
    edges
        The upper bound of each bucket except the last, which has none.
    counts
        How many fell into each bucket.
    total
        Sum of everything that was counted.
    """
    running = list(accumulate(counts))
    found: Figures = {
        Series(f"{name}_bucket", (("le", edge),)): count
        for edge, count in zip([*edges, "+Inf"], running, strict=True)
    }
    return found | {Series(f"{name}_sum"): total, Series(f"{name}_count"): running[-1]}


def join(parts: Iterable[Figures]) -> Figures:
    """Return the figures of several processes as those of one."""
    joined: Figures = {}
    for part in parts:
        for series, value in part.items():
            known = joined.get(series)
            joined[series] = value if known is None else family_of(series).joined(known, value)
    return joined


def render(figures: Figures) -> str:
    """Return ``figures`` in Prometheus' text format."""
    lines = []
    for family in FAMILIES:
        found = [_line(series, value) for series, value in figures.items() if family_of(series) is family]
        if found:
            lines += [f"# HELP {family.name} {family.sentence}", f"# TYPE {family.name} {family.kind}", *found]
    return "\n".join(lines) + "\n"


def _line(series: Series, value: float) -> str:
    labels = ",".join(f'{name}="{text}"' for name, text in series.labels)  # none of ours needs escaping
    return f"{series.name}{{{labels}}} {value!r}" if labels else f"{series.name} {value!r}"
