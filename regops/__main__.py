"""`python -m regops`."""

from regops.main import app

app(prog_name="regops")
