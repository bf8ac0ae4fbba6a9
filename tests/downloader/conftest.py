from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rig.hosts import Host

from migrator.config import DownloadSettings, RouteSettings, SafetySettings
from migrator.downloader.decoding import Decoders
from migrator.downloader.downloader import Downloader
from migrator.downloader.host_rules import HostRules
from migrator.downloader.manners import Manners
from migrator.downloader.sources import Sources


@dataclass
class VirtualTime:
    """A clock that only sleeping moves; what was slept is written down."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as host:
        yield host


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


MakeDownloader = Callable[..., Downloader]


@pytest.fixture
def downloader_for(host: Host, tmp_path: Path, time: VirtualTime) -> Iterator[MakeDownloader]:
    """Downloaders that may connect to ``host`` and never really wait between attempts."""
    made: list[Downloader] = []

    def make(
        *routes: RouteSettings,
        allow: tuple[str, ...] | None = None,
        svg: str = "hold",
        accepted: Collection[str] = (),
        decoders: Decoders | None = None,
        tls: Any = None,
        manners: Manners | None = None,
        sleep: Callable[[float], None] = time.sleep,
        hosts: HostRules | None = None,
        open_bucket: Any = None,
        **settings: Any,
    ) -> Downloader:
        wanted = DownloadSettings(**{"timeout": 20.0} | settings)
        hosts = hosts or HostRules()
        sources = Sources(routes, tmp_path, hosts, originals=wanted.originals)
        downloader = Downloader(
            wanted,
            SafetySettings(svg=svg, allow_private=(host.authority,) if allow is None else allow),
            sources,
            spool=tmp_path / "spool",
            accepted=accepted,
            decoders=decoders,
            tls=tls,
            manners=manners or Manners(now=time, sleep=time.sleep),
            hosts=hosts,
            buckets={each: open_bucket(each) for each in sources.buckets if open_bucket},
            sleep=sleep,
        )
        made.append(downloader)
        return downloader

    yield make
    for downloader in made:
        downloader.close()


@pytest.fixture
def downloader(downloader_for: MakeDownloader) -> Downloader:
    return downloader_for()
