"""Structured logs: one JSON object a line, values never interpolated, no personal text."""

import logging
import sys

import structlog

from shared.settings import Settings

_QUIET_SECONDS = 60.0
_MOST_LINES = 1000


def configure(settings: Settings) -> None:
    """Called once at start by the composition root."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(Seldom("aiokafka"))  # it says several times a second that there is no Kafka
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for noisy in ("aiokafka", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel("WARNING")
    structlog.contextvars.bind_contextvars(service=settings.service)


def worth_a_line(times: int) -> bool:
    """True at the first, second, fourth, eighth … time: an outage is told, and does not fill the disk."""
    return times & (times - 1) == 0


class Seldom(logging.Filter):
    """What a library says over and over is worth as many lines, and the first again after a quiet minute."""

    def __init__(self, library: str) -> None:
        super().__init__()
        self._library = library
        self._said: dict[str, tuple[int, float]] = {}  # how often, and when last

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] != self._library:
            return True
        line = record.getMessage()
        times, last = self._said.pop(line, (0, 0.0))
        times = 1 if record.created - last > _QUIET_SECONDS else times + 1
        while len(self._said) >= _MOST_LINES:
            del self._said[next(iter(self._said))]
        self._said[line] = times, record.created
        return worth_a_line(times)


def get(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
