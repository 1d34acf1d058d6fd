"""Calls and memory to plan and delete a hundred thousand objects.

boto3 is real, S3 is a table: a hook counts each request and answers with S3's XML before it leaves
the machine. The table holds a byte per object, so the measured memory is the clean-up's own: the
peak of a process that does nothing else (Linux). The minimum of calls follows from the API: a
thousand versions per page of a listing or deletion; without versioning, where only another listing
detects a refreshed object, one more page per thousand.
"""

import json
import subprocess
import sys
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

OBJECTS = 100_000
PER_CALL = 1_000
"""Versions in a page of ListObjectVersions, and in a DeleteObjects call (S3 API reference)."""

MOST_CALLS = 1.05
MOST_MEMORY_MB = 150
"""Targets: multiple of the minimum number of calls, and megabytes at the peak."""

PREFIXES = ("mixed/", "narration_chunks/", "stories/", "uploads/")
SHARE = OBJECTS // len(PREFIXES)
HASH_CHARS = 64
NOW = datetime(2026, 11, 20, tzinfo=UTC)
OLD = (NOW - timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class RawBody(BytesIO):
    """A response's body in urllib3's form."""

    def stream(self, **_: object) -> Iterator[bytes]:
        """Return the whole body as one piece."""
        yield self.read()


def object_key(number: int) -> str:
    """Return the key of an object: ascending by number, evenly spread over the prefixes."""
    name = f"{number:0{HASH_CHARS}x}"
    prefix = PREFIXES[number // SHARE]
    return f"{prefix}{name}/result.json" if prefix == "stories/" else f"{prefix}{name}.mp3"


def _prefix_numbers(prefix: str) -> range:
    """Return the objects of one of PREFIXES; other prefixes are empty."""
    if prefix not in PREFIXES:
        return range(0)
    first = PREFIXES.index(prefix) * SHARE
    return range(first, first + SHARE)


def object_number(key: str) -> int:
    """Return the number of a key's object."""
    return int(key.split("/")[1][:HASH_CHARS], 16)


class FakeBucket:
    """A bucket of objects that differ by number only.

    `there` has a byte per object: 1 while it exists.
    """

    def __init__(self, *, versioned: bool) -> None:
        self.calls: Counter[str] = Counter()
        self.present = bytearray(b"\x01") * OBJECTS
        self._versioned = versioned

    def answer_request(self, request: Any, event_name: str, **_: object) -> Any:  # noqa: ANN401
        """Answer in place of S3; botocore then sends nothing."""
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders

        operation = event_name.rpartition(".")[2]
        self.calls[operation] += 1
        query = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
        query_values = {name: unquote(values[0]) for name, values in query.items()}
        if operation == "DeleteObjects":
            text = self._delete_objects(request.body)
        elif operation in {"ListObjectVersions", "ListObjectsV2"}:
            text = self._list_objects(
                query_values, entry="Version" if "versions" in query_values else "Contents"
            )
        else:
            text = self._answer_default(operation)
        return AWSResponse(request.url, 200, HTTPHeaders(), RawBody(text.encode()))

    def _answer_default(self, operation: str) -> str:
        if operation == "GetBucketVersioning" and self._versioned:
            return "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        return "<Answer><IsTruncated>false</IsTruncated></Answer>"

    def _list_objects(self, query: Mapping[str, str], entry: str) -> str:
        if query.get("delimiter"):
            names = (f"<CommonPrefixes><Prefix>{p}</Prefix></CommonPrefixes>" for p in PREFIXES)
            return f"<Listing><IsTruncated>false</IsTruncated>{''.join(names)}</Listing>"
        after = query.get("key-marker") or query.get("start-after", "")
        numbers = _prefix_numbers(query["prefix"])
        start = bisect_right(numbers, after, key=object_key)
        found = [number for number in numbers[start:] if self.present[number]]
        page = found[:PER_CALL]
        return (
            f"<Listing><IsTruncated>{str(len(found) > PER_CALL).lower()}</IsTruncated>"
            f"<NextKeyMarker>{object_key(page[-1]) if page else ''}</NextKeyMarker>"
            f"{''.join(self._format_entry(number, entry) for number in page)}</Listing>"
        )

    def _format_entry(self, number: int, entry: str) -> str:
        version = f"{number:032}" if self._versioned else "null"
        return (
            f"<{entry}><Key>{object_key(number)}</Key><VersionId>{version}</VersionId>"
            f"<IsLatest>true</IsLatest><LastModified>{OLD}</LastModified>"
            f"<ETag>&quot;{number:032x}&quot;</ETag><Size>102400</Size></{entry}>"
        )

    def _delete_objects(self, body: bytes) -> str:
        for piece in body.split(b"<Key>")[1:]:
            self.present[object_number(piece.partition(b"</Key>")[0].decode())] = 0
        return "<DeleteResult></DeleteResult>"


def measure_cleanup(*, versioned: bool) -> Mapping[str, object]:
    """Clean the table once, in this process."""
    import boto3

    from mixer.retention import CleanupRun, Mode, open_account
    from mixer.retention.policy_document import read_policy

    table = FakeBucket(versioned=versioned)
    account = open_account("123456789012", boto3.Session("none", "none", region_name="eu-west-1"))
    account.s3.meta.events.register("before-send.s3", table.answer_request)
    policy = read_policy({"buckets": [{"bucket": "table", "max_share": 1}]})
    began_s = time.monotonic()
    report = CleanupRun(account, NOW, Mode.DELETE).clean(policy)
    return {
        "seconds": time.monotonic() - began_s,
        "calls": sum(table.calls.values()),
        "by_operation": dict(table.calls),
        "left": sum(table.present),
        "failed": report.failed,
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    """Return this process's peak of memory, in units of 10⁶ bytes."""
    status = Path("/proc/self/status").read_text("ascii")
    peak_kib = next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]
    return int(peak_kib) * 1024 / 1e6


def measure_in_process(kind: str) -> dict[str, Any]:
    """Measure in a process of its own, for its memory alone."""
    command = [sys.executable, "-m", "bench.sanitation", kind]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def build_rows(kind: str, calls_per_thousand: int) -> list[dict[str, object]]:
    """Build calls and memory for one kind of bucket."""
    outcome = measure_in_process(kind)
    least = OBJECTS // PER_CALL * calls_per_thousand
    ratio = outcome["calls"] / least
    whole = outcome["left"] == 0 and not outcome["failed"]
    return [
        {
            "what": f"{OBJECTS:,} objects planned and deleted, {kind} bucket: API calls",
            "measured": f"{outcome['calls']} calls, {ratio:.3f} × the least ({least}), "
            f"{outcome['left']} objects left",
            "figure": f"≤ {MOST_CALLS} × the least, none left",
            "ok": ratio <= MOST_CALLS and whole,
        },
        {
            "what": f"the same: memory at the peak, {outcome['seconds']:.0f} s without S3's time",
            "measured": f"{outcome['peak_mb']:.0f} MB",
            "figure": f"< {MOST_MEMORY_MB} MB",
            "ok": outcome["peak_mb"] < MOST_MEMORY_MB,
        },
    ]


def run() -> list[dict[str, object]]:
    """Measure all rows; takes about half a minute."""
    return [*build_rows("versioned", 2), *build_rows("unversioned", 3)]


def main() -> None:
    """Print the rows, or measure one kind for `run`."""
    if len(sys.argv) > 1:
        print(json.dumps(measure_cleanup(versioned=sys.argv[1] == "versioned")))
        return
    for each in run():
        mark = "ok  " if each["ok"] else "MISS"
        print(f"{mark} {each['what']}: {each['measured']} (figure: {each['figure']})")


if __name__ == "__main__":
    main()
