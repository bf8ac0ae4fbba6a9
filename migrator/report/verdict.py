"""The verdict of a self-test, in words and as JSON. Pure."""

from migrator.report.escape import encoded, for_terminal
from migrator.report.quantities import counted
from migrator.selftest import Verdict


def verdict_text(verdict: Verdict) -> str:
    """A plain yes or no, and what it rests on."""
    moved = f"{counted(verdict.posts, 'post')} with {counted(verdict.images, 'image')}"
    kills = counted(verdict.kills, "time")
    did = f"Migrated {moved} and put them back" if verdict.posts else "No post could be migrated"
    lines = [f"{did}; killed {kills} on the way."]
    if verdict.stayed:
        lines.append(f"{counted(verdict.stayed, 'image')} could not be moved, as in a real run.")
    if verdict.problems:
        lines += ["Something went wrong, and that is a bug of ours. Keep the copy, and tell us:"]
        lines += [f"  {for_terminal(problem)}" for problem in verdict.problems]
    else:
        lines.append("Nothing was lost: every file is as it was, byte for byte.")
    return "\n".join(lines) + "\n"


def verdict_json(verdict: Verdict) -> str:
    """The same as one JSON object; ``problems`` is empty where nothing was lost."""
    return encoded(
        {
            "posts": verdict.posts,
            "images": verdict.images,
            "stayed": verdict.stayed,
            "kills": verdict.kills,
            "problems": verdict.problems,
        }
    )
