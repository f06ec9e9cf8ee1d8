"""A whole Keystone in one process, as a program: `KEYSTONE_PASSWORD=... one_keystone.py FOLDER`.

SQLite, fernet tokens, one admin (user `admin`, project `admin`, domain Default). Needs the package `keystone`. Prints
`keystone ready: URL` once it answers.
"""

import logging
import os
import sys
import warnings
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from cryptography.fernet import Fernet

warnings.simplefilter("ignore")

CONFIGURATION = """
[DEFAULT]
use_stderr = true
default_log_levels =
[database]
connection = sqlite:///{folder}/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = {folder}/keys
[fernet_receipts]
key_repository = {folder}/keys
[credential]
key_repository = {folder}/keys
[identity]
password_hash_algorithm = bcrypt
password_hash_rounds = 4
[cache]
enabled = false
"""


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    folder, password = Path(sys.argv[1]), os.environ["KEYSTONE_PASSWORD"]
    del sys.argv[1:]  # Keystone reads them, too
    keys = folder / "keys"
    keys.mkdir(mode=0o700, parents=True)
    for name in ("0", "1"):
        (keys / name).write_bytes(Fernet.generate_key())
    configuration = folder / "keystone.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder))

    import keystone.server
    from keystone.cmd.bootstrap import Bootstrapper
    from keystone.common import sql
    from keystone.common.sql import upgrades
    from keystone.server.flask import application, core

    keystone.server.configure(config_files=[str(configuration)])
    sql.initialize()
    upgrades.offline_sync_database_to_version()
    logging.disable(logging.INFO)
    server = make_server("127.0.0.1", 0, None, server_class=Server, handler_class=Quiet)
    url = f"http://127.0.0.1:{server.server_port}/v3"
    if child := os.fork():  # what fills the database and what serves it cannot be one process
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    else:
        bootstrapper = Bootstrapper()
        bootstrapper.admin_username = bootstrapper.project_name = bootstrapper.admin_role_name = "admin"
        bootstrapper.admin_password = password
        bootstrapper.service_name = "keystone"
        bootstrapper.region_id = "RegionOne"
        bootstrapper.public_url = url
        bootstrapper.bootstrap()
        os._exit(0)
    _, bare = keystone.server.setup_backends(startup_application_fn=lambda: application.application_factory("public"))
    server.set_app(core.setup_app_middleware(bare))
    print(f"keystone ready: {url}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
