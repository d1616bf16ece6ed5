"""Logs: an entry an event in systemd's journal, elsewhere a line on standard error. Never a card number, a name or a secret."""

from __future__ import annotations

import logging
import sys

import structlog

from terminal import journald


def configure(level: str) -> None:
    """Sets the log up for the process; `level` is debug, info, warning or error, anything else is info."""
    threshold = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    first: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    into_journal = journald.is_reading()
    lines: list[structlog.typing.Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
    ]
    structlog.configure(
        processors=[*first, journald.render] if into_journal else [*first, *lines],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=_journal if into_journal else structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _journal(*_name: object) -> journald.JournalLogger:
    return journald.JournalLogger()
