"""Examines a site, its stores and its image hosts before anything is moved; changes nothing."""

from migrator.doctor.checkup import Checkup, examine

__all__ = ["Checkup", "examine"]
