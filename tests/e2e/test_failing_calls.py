"""Each system call of a whole run fails, as on a broken or full disk: once, or from then on.

The oracle is content, the command says what is wrong and ends as documented; and when the disk is
well again, the run ends where it would have ended.
"""

import re
import shutil

import pytest
from rig import strace
from rig.ambush import Ambush
from rig.oracle import tree
from rig.trial import Trial, spread

needs_strace = pytest.mark.skipif(bool(strace.MISSING), reason=strace.MISSING)
MIGRATE = ("migrate", "posts", "--yes")
SAID = {  # of a post or an image, of the ledger (SQLite's words), of anything else (the system's)
    "EIO": "disk reports an error|disk I/O error|Input/output error",
    "ENOSPC": "disk is full|disk I/O error|No space left",
    "EDQUOT": "quota is used up|disk is full|disk I/O error|quota exceeded",
}


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    with Ambush() as host:
        yield Trial.write(tmp_path_factory.mktemp("failing") / "site", host)


@pytest.fixture(scope="module")
def undisturbed(trial, tmp_path_factory):
    whole = trial.copy(tmp_path_factory.mktemp("failing") / "whole")
    assert whole.migrator(*MIGRATE).status == 0
    return tree(whole.root)


@pytest.fixture(scope="module")
def points(trial, undisturbed, tmp_path_factory):
    return trial.points(tmp_path_factory.mktemp("failing"), *MIGRATE)


@pytest.mark.torture
@needs_strace
@pytest.mark.parametrize(
    ("error", "lasting"), [("EIO", ""), ("ENOSPC", ""), ("EDQUOT", ""), ("ENOSPC", "+")]
)
def test_every_call_may_fail_and_the_run_ends_well_afterwards(
    trial, undisturbed, points, error, lasting, tmp_path, thorough, figure
):
    struck = points if thorough else spread(points, len(SAID) * 2)[list(SAID).index(error) :: 5]
    wrong = []
    for thread, call in struck:
        tried, fault = trial.copy(tmp_path / "tried"), call.format(f"error={error}") + lasting
        failed = tried.struck(thread, [fault], *MIGRATE, log=tmp_path / "log")
        found = tried.oracle.look()
        if failed.status not in {0, 3, 6}:
            found.append(f"it ended with {failed}")
        # Where nothing can be written from here on, these words cannot be, either.
        mute = bool(lasting) and call.startswith("write")
        if failed.status == 6 and not mute and not re.search(SAID[error], failed.err):
            found.append(f"it does not say why: {failed}")
        if failed.status == 0:
            found += tried.oracle.finished(undisturbed)
        found += tried.end(MIGRATE, undisturbed)
        wrong += [(thread, fault, each) for each in found]
        shutil.rmtree(tried.root)
    assert wrong == []
    figure(
        f"{len(struck)} of {len(points)} calls failed with {error}{lasting and ', and all after'}"
    )


@needs_strace
def test_a_download_that_cannot_be_removed_any_more_costs_nothing(trial, undisturbed, tmp_path):
    """Of a worker that asks the host once more, which wants nothing but the answer."""
    tried = trial.copy(tmp_path / "tried")
    ended = tried.struck(1, ["unlink:error=EIO"], *MIGRATE, log=tmp_path / "log")
    assert "INJECTED" in (tmp_path / "log").read_text()
    assert (ended.status, tried.oracle.finished(undisturbed)) == (0, []), ended
    assert tried.migrator(*MIGRATE).status == 0
    assert list((tried.root / ".migrator/spool").iterdir()) == []
