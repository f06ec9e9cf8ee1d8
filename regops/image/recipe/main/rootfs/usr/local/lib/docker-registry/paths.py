"""Where things are in this image. What is written at start lies below /run, so that the rest may be read-only."""

from pathlib import Path

RUN = Path("/run/docker-registry")
REGISTRY_CONFIG = RUN / "registry.yml"
STATUS_CONFIG = RUN / "status.json"
INDEX_CONFIG = RUN / "index.json"
INSTANCE = RUN / "instance"
NGINX = RUN / "nginx"
PROGRAMS = RUN / "supervisor"
CERTIFICATE, KEY = RUN / "tls" / "cert.pem", RUN / "tls" / "key.pem"
HTPASSWD = RUN / "htpasswd"

# The program that is only started in a container that has an index.
INDEX_PROGRAM = Path("/etc/supervisor/index.conf")

# What may be mounted.
GIVEN_CERTIFICATE, GIVEN_KEY = Path("/etc/nginx/tls/cert.pem"), Path("/etc/nginx/tls/key.pem")
GIVEN_HTPASSWD = Path("/etc/nginx/htpasswd")
FILES = Path("/var/lib/docker-registry")
