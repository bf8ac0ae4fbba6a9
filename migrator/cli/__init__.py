"""The command line: parse, one call, render, exit code. A file per group of commands."""
