"""regops: operations and troubleshooting for people who run a Docker registry."""

__version__ = "0.1.0"
