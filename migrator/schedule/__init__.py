"""Timers that run `migrator backup` by themselves: texts for the programs that keep them."""

from migrator.schedule.timer import Timer, secret_variables

__all__ = ["Timer", "secret_variables"]
