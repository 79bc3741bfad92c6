"""Every metric of every service, with its unit and what it tells you."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# HTTP
REQUESTS = Counter("torg_http_requests_total", "Answers given", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("torg_http_request_seconds", "Time to answer", ["method", "route"], buckets=_SECONDS)

# outbox and relay
OUTBOX_UNPUBLISHED = Gauge("torg_outbox_unpublished", "Events written but not yet on Kafka")
OUTBOX_OLDEST_SECONDS = Gauge("torg_outbox_oldest_seconds", "Age of the oldest unpublished event: alarm on this")
RELAY_SENT = Counter("torg_relay_sent_total", "Events acknowledged by Kafka")
RELAY_FAILURES = Counter("torg_relay_failures_total", "Turns that failed and built a new producer")

# consumers
CONSUMED = Counter("torg_consumer_records_total", "Records read, by what became of them", ["topic", "outcome"])
CONSUMER_LAG = Gauge("torg_consumer_lag_records", "Topic end offsets minus what was handled", ["topic"])
CONSUMER_RESTARTS = Counter("torg_consumer_restarts_total", "Restarts by the progress watch", ["topic"])
DEAD_LETTERS = Counter("torg_dead_letters_total", "Records put aside with a reason", ["topic"])

# aggregator
BATCH_SECONDS = Histogram("torg_aggregator_batch_seconds", "One batch, one transaction", buckets=_SECONDS)
BATCH_RECORDS = Histogram("torg_aggregator_batch_records", "Records in a batch", buckets=(1, 5, 20, 50, 200, 500, 1000))

# portal
STREAM_CLIENTS = Gauge("torg_stream_clients", "Browsers connected to the live stream")
STREAM_DROPPED = Counter("torg_stream_dropped_total", "Slow browsers cut off; they resume by Last-Event-ID")
