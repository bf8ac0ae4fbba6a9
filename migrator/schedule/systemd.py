"""A timer as systemd's user units (systemd.service(5), systemd.timer(5)). Pure."""

import re

from migrator.schedule.timer import Timer, secrets_explained

_PATTERN = re.compile(r"[\\*?\[]")  # what EnvironmentFile= takes for a pattern


def unit_names(name: str) -> tuple[str, str]:
    """The files of the timer ``name``: what is started, and what starts it."""
    return f"{name}.service", f"{name}.timer"


def units(timer: Timer) -> dict[str, str]:
    """The units of ``timer``, by the names of their files."""
    service, schedule = unit_names(timer.name)
    return {service: _service(timer), schedule: _timer(timer)}


def _service(timer: Timer) -> str:
    # systemd refuses quotes in the path of a program (a folder may be called Bob's), and takes
    # them in an argument: so the program is env, which every machine has in this place.
    start = " ".join(["/usr/bin/env", *(_argument(word) for word in timer.command)])
    known = {"LANG": "C.UTF-8", **timer.environment}
    env_file = _PATTERN.sub(r"\\\g<0>", str(timer.env_file))
    lines = [
        "[Unit]",
        f"Description=Back up the images of {_escaped(timer.root.name)} with Migrator",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={start}",
        *(f"Environment={_value(f'{name}={value}')}" for name, value in known.items()),
        *(f"# {line}" for line in secrets_explained(timer, "the file named below")),
        f"EnvironmentFile=-{_escaped(env_file)}",
        "# A run that hangs would keep the next ones away; what it has stored counts nevertheless.",
        "TimeoutStartSec=23h",
        "IOSchedulingClass=idle",
        "UMask=0077",
        "SyslogIdentifier=migrator",
    ]
    return "\n".join(lines) + "\n"


def _timer(timer: Timer) -> str:
    lines = [
        "[Unit]",
        f"Description=Every day: back up the images of {_escaped(timer.root.name)} with Migrator",
        "",
        "[Timer]",
        f"OnCalendar=*-*-* {timer.hour:02}:{timer.minute:02}:00",
        "# What was missed while the machine was off is caught up.",
        "Persistent=true",
        "RandomizedDelaySec=15min",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join(lines) + "\n"


def _argument(word: str) -> str:
    return _value(word).replace("$", "$$")  # else it names a variable


def _value(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_escaped(quoted)}"'


def _escaped(text: str) -> str:
    return text.replace("%", "%%")  # else it begins a specifier
