"""The program's start: Ctrl-C ends it without a word until there is somebody to say one."""

import signal
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # `nohup ... &` ignores it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from migrator.cli.main import main as run  # noqa: PLC0415 - this takes the while

    run()


if __name__ == "__main__":
    main()
