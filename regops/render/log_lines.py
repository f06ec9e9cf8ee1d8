"""Log records as they come: as lines for people, as JSON, or as the lines they were."""

import sys
from datetime import tzinfo

from parsers.secret_text import mask_secrets
from regops.model.log_record import LogRecord
from regops.model.log_source import Notice
from regops.model.log_summary import LogTally
from regops.render import Color, use_color
from regops.render.log_json import record_json
from regops.render.log_secrets import SecretMask
from regops.render.log_summary import summary_json, summary_table
from regops.render.log_table import LogTable
from regops.render.messages import say
from regops.render.visible import visible_line


class LogWriter:
    """Writes records to stdout, and notices and the summary to stderr.

    output is table or json; raw writes the bytes of the lines and nothing else. zone is that of the times shown. tally
    counts what is written. Secrets are masked in all three forms unless show_secrets. Raises OSError when stdout cannot
    be written to, as every command does.
    """

    def __init__(
        self, *, output: str, color: Color, raw: bool, zone: tzinfo, show_secrets: bool, tally: LogTally
    ) -> None:
        self._json = output == "json"
        self._raw = raw
        self._show_secrets = show_secrets
        self._secrets = SecretMask(show_secrets=show_secrets)
        self._tally = tally
        self._table = LogTable(
            color=use_color(color, sys.stdout),
            days=sys.stdout.isatty(),
            zone=zone,
            tally=tally,
        )

    def write(self, event: LogRecord | Notice) -> None:
        """Write one record, or say one thing."""
        if isinstance(event, Notice):
            self.flush()
            text = event.text if self._show_secrets else mask_secrets(event.text)
            say("note", visible_line(text))
        elif self._raw:
            text = self._secrets.of(event)(event.entry.text)
            sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")
        elif self._json:
            sys.stdout.write(record_json(event, self._secrets.of(event)) + "\n")
        else:
            sys.stdout.write(self._table.lines(event, self._secrets.of(event)))

    def flush(self) -> None:
        """Show what was written."""
        sys.stdout.flush()

    def summarise(self) -> None:
        """Say what became of the lines of each source."""
        if self._json:
            text = summary_json(self._tally)
        else:
            # On a terminal there may be a ^C before it, and there are lines above it.
            text = ("\n" if sys.stderr.isatty() else "") + summary_table(self._tally)
        print(text, file=sys.stderr, flush=True)
