"""Where spans go: any OTLP/HTTP backend, and MLflow as one of them.

Exporters are built on the background thread at the first span, so start-up pays nothing. After a failure the
exporter rests, drops spans and says so once; when the backend answers again it says how many were dropped.
"""

from __future__ import annotations

import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from urllib.parse import quote

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from app.errors import ConfigurationError, StoreUnavailableError

_log = logging.getLogger(__name__)
_TIMEOUT_S = 4.0


def otlp_exporter(endpoint: str, headers: dict[str, str] | None = None) -> SpanExporter:
    """An exporter to the OTLP/HTTP backend at base URL `endpoint` (`/v1/traces` is added unless it is there)."""
    url = _http_url(endpoint)
    if not url.endswith("/v1/traces"):
        url += "/v1/traces"
    return PatientExporter(url, lambda: _otlp(url, headers or {}))


def mlflow_exporter(tracking_uri: str, experiment: str) -> SpanExporter:
    """An exporter to the MLflow server at `tracking_uri`, into `experiment`, which is created when missing."""
    base = _http_url(tracking_uri)

    def build() -> SpanExporter:
        experiment_id = _experiment_id(base, experiment)
        return _otlp(f"{base}/v1/traces", {"x-mlflow-experiment-id": experiment_id})

    return PatientExporter(base, build)


class PatientExporter(SpanExporter):
    """Wraps an exporter that may be unreachable. `rest_s` is how long it is left alone after a failure."""

    def __init__(
        self,
        name: str,
        build: Callable[[], SpanExporter],
        *,
        rest_s: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._build, self._rest_s, self._clock = name, build, rest_s, clock
        self._exporter: SpanExporter | None = None
        self._rest_until = float("-inf")
        self._failing = False
        self.dropped = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Deliver the spans, or count them as dropped."""
        if self._clock() < self._rest_until:
            self.dropped += len(spans)
            return SpanExportResult.FAILURE
        result = self._try(spans)
        if result is SpanExportResult.SUCCESS:
            if self._failing:
                _log.warning("traces reach %s again; %d spans were dropped", self._name, self.dropped)
            self._failing = False
        else:
            self.dropped += len(spans)
            self._rest_until = self._clock() + self._rest_s
            if not self._failing:
                _log.warning("traces do not reach %s: spans are dropped until it answers", self._name)
            self._failing = True
        return result

    def shutdown(self) -> None:
        """Stop; a request under way is cut short."""
        if self._exporter is not None:
            self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is buffered here."""
        return True

    def _try(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._exporter is None:
            try:
                self._exporter = self._build()
            except StoreUnavailableError:
                return SpanExportResult.FAILURE
        return self._exporter.export(spans)


def _http_url(address: str) -> str:
    if not address.startswith(("http://", "https://")):
        raise ConfigurationError(f"trace backend {address!r} is not an http address: use http://HOST:PORT")
    return address.rstrip("/")


def _otlp(url: str, headers: dict[str, str]) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    # Its own messages, one for each retry, are replaced by the two lines of PatientExporter.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
    logging.getLogger("opentelemetry.sdk").setLevel(logging.ERROR)
    return OTLPSpanExporter(endpoint=url, headers=headers, timeout=_TIMEOUT_S)


def _experiment_id(base: str, name: str) -> str:
    """The id of an MLflow experiment by name. Raises StoreUnavailableError when the server does not answer."""
    api = f"{base}/api/2.0/mlflow/experiments"
    try:
        found = _call(f"{api}/get-by-name?experiment_name={quote(name)}")
        return str(found["experiment"]["experiment_id"])
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise StoreUnavailableError(f"MLflow at {base} answered {error.code}: see its log") from error
    except (OSError, ValueError, KeyError) as error:
        raise StoreUnavailableError(f"MLflow at {base} does not answer: start it with make ui") from error
    try:
        return str(_call(f"{api}/create", {"name": name})["experiment_id"])
    except (OSError, ValueError, KeyError) as error:
        raise StoreUnavailableError(f"MLflow at {base} cannot create experiment {name!r}") from error


def _call(url: str, body: dict[str, str] | None = None) -> dict[str, dict[str, str]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 (the scheme was checked by _http_url)
        url, data=data, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
        answer: dict[str, dict[str, str]] = json.load(response)
    return answer
