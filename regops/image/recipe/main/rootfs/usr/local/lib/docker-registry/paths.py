"""Where things are in this image. What is written at start lies below /run, so that the rest may be read-only."""

from pathlib import Path

RUN = Path("/run/docker-registry")
REGISTRY_CONFIG = RUN / "registry.yml"
STATUS_CONFIG = RUN / "status.json"
INSTANCE = RUN / "instance"
NGINX = RUN / "nginx"
CERTIFICATE, KEY = RUN / "tls" / "cert.pem", RUN / "tls" / "key.pem"
HTPASSWD = RUN / "htpasswd"

# What may be mounted.
GIVEN_CERTIFICATE, GIVEN_KEY = Path("/etc/nginx/tls/cert.pem"), Path("/etc/nginx/tls/key.pem")
GIVEN_HTPASSWD = Path("/etc/nginx/htpasswd")
FILES = Path("/var/lib/docker-registry")
