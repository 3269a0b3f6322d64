"""Calls the service within a trace of the standard SDK. Prints the trace's id."""

import sys

import requests
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
from opentelemetry.propagators.jaeger import JaegerPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

url, otlp_url, header = sys.argv[1:]

formats = {
    "traceparent": TraceContextTextMapPropagator,
    "uber-trace-id": JaegerPropagator,
    "b3": B3SingleFormat,
    "X-B3-TraceId": B3MultiFormat,
}
provider = TracerProvider(resource=Resource.create({"service.name": "caller"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{otlp_url}/v1/traces")))
trace.set_tracer_provider(provider)
propagate.set_global_textmap(formats[header]())
RequestsInstrumentor().instrument()

with trace.get_tracer("caller").start_as_current_span("order") as span:
    requests.get(f"{url}/products/1", timeout=10).raise_for_status()
    print(f"{span.get_span_context().trace_id:032x}")
provider.shutdown()
