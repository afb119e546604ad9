"""The soak: one replica at half of what it can, or less, for long; what it takes must not grow."""

import json
import re
import subprocess
import tempfile
import time
from typing import Final, NamedTuple

from tests.fleet.replicas import Replica
from tests.program import credentials

#: Many, so that the pause of each, whole milliseconds, makes up the rate that is wanted.
CONNECTIONS: Final = 256

#: How often memory and descriptors are looked at, in seconds.
_EVERY: Final = 1.0

#: How long the most that it can is looked for, in seconds.
_TRIAL: Final = 1

#: Of the samples, how many are left out while caches fill.
_WARMING: Final = 0.25

_RESULT = re.compile(r"^RESULT (.*)$", re.MULTILINE)

#: Lists and single models, half of the requests equal to earlier ones, and half new.
_SCRIPT: Final = """
local n = 0
local list = "/v1/models?limit="
local targets = {{ list .. 20, "/v1/models/claude-opus-5?", list .. 1000, list .. 2 }}
request = function()
  n = n + 1
  local target = targets[n % 4 + 1]
  if n % 2 == 0 then target = target .. "&x=" .. n end
  return wrk.format("GET", target)
end
{delay}
done = function(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('\\nRESULT {{"requests":%d,"failed":%d,"microseconds":%d,"p99":%.1f}}\\n',
    summary.requests, failed, summary.duration, latency:percentile(99)))
end
"""


class Soaked(NamedTuple):
    """What came of it.

    Parameters
    ----------
    seconds
        How long it lasted.
    most, rate
        Requests a second: what was possible, and what was asked.
    sent, failed
        Requests.
    p99_ms
        Milliseconds.
    resident_mib, slope_kib_per_minute
        Memory at the end, and by how much it grew, by least squares after the first quarter.
    descriptors
        At the beginning and at the end.
    """

    seconds: float
    most: float
    rate: float
    sent: int
    failed: int
    p99_ms: float
    resident_mib: float
    slope_kib_per_minute: float
    descriptors: tuple[int, int]


def soak(replica: Replica, key: str, seconds: int, share: float = 0.5) -> Soaked:
    """Ask ``replica`` for ``share`` of what it can, for ``seconds``."""
    trial = _load(replica, key, _TRIAL, pause=0).report()
    most = trial["requests"] / trial["microseconds"] * 1e6
    pause = round(CONNECTIONS / (most * share) * 1000)
    load = _load(replica, key, seconds, pause)
    samples, descriptors = [], []
    begun = time.monotonic()
    while load.runs():
        samples.append((time.monotonic() - begun, replica.resident_bytes()))
        descriptors.append(replica.descriptors())
        time.sleep(_EVERY)  # this is the rate of looking, not something to wait for
    told = load.report()
    steady = samples[int(len(samples) * _WARMING) :]
    settled = descriptors[1] if len(descriptors) > 1 else descriptors[0]
    return Soaked(
        told["microseconds"] / 1e6,
        most,
        told["requests"] / told["microseconds"] * 1e6,
        int(told["requests"]),
        int(told["failed"]),
        told["p99"] / 1000,
        samples[-1][1] / 2**20,
        _slope(steady) * 60 / 1024,
        (settled, descriptors[-1]),
    )


class _Load:
    """A running wrk."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def runs(self) -> bool:
        return self._process.poll() is None

    def report(self) -> dict[str, float]:
        output, _ = self._process.communicate()
        found = _RESULT.search(output)
        assert found, f"wrk did not report:\n{output}"
        told: dict[str, float] = json.loads(found[1])
        return told


def _load(replica: Replica, key: str, seconds: int, pause: int) -> _Load:
    delay = f"delay = function() return {pause} end" if pause else ""
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as lua:
        lua.write(_SCRIPT.format(delay=delay))
    headers = [f"-H{name}: {value}" for name, value in credentials(key).items()]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", lua.name, *headers]
    return _Load(
        subprocess.Popen(
            [*command, f"http://127.0.0.1:{replica.port}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    )


def _slope(samples: list[tuple[float, int]]) -> float:
    """Bytes a second, by least squares."""
    times, sizes = zip(*samples, strict=True)
    middle, size = sum(times) / len(times), sum(sizes) / len(sizes)
    spread = sum((when - middle) ** 2 for when in times)
    return sum((when - middle) * (each - size) for when, each in samples) / spread if spread else 0.0
