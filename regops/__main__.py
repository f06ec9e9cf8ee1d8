"""The program itself, also as `python -m regops`."""

import signal


def run() -> None:
    """Load the application and run it."""
    # Until there is somebody to catch it, Ctrl-C ends us as it ends any program, without a traceback of imports.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from regops.main import app

    app(prog_name="regops")


if __name__ == "__main__":
    run()
