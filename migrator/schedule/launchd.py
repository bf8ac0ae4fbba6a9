"""A timer as a property list of macOS's launchd (launchd.plist(5)). Pure."""

import plistlib

from migrator.schedule.timer import Timer

_PATH = "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def property_list(timer: Timer) -> str:
    """The file ``~/Library/LaunchAgents/NAME.plist`` of ``timer``."""
    return plistlib.dumps(
        {
            "Label": timer.name,
            "ProgramArguments": ["/bin/sh", "-c", timer.script(_PATH)],
            "StartCalendarInterval": {"Hour": timer.hour, "Minute": timer.minute},
            "ProcessType": "Background",
            "LowPriorityIO": True,
            "Umask": 0o077,
        },
        sort_keys=False,
    ).decode()
