"""`network.toml` of a scenario folder: `[network]` and `[[members]]` as in the broker's configuration."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from broker.io.network_config import NetworkSettings, PreferenceSettings
from twin.errors import InputError
from twin.neighbourhood.neighbourhood import Neighbourhood
from wire.fields import Id

NAME = "network.toml"


class MemberEntry(PreferenceSettings):
    """What one home sells and wants."""

    meter: Id


class NetworkFile(BaseModel):
    """The content of a `network.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkSettings = NetworkSettings()
    members: tuple[MemberEntry, ...] = ()

    def findings(self, homes: Iterable[str]) -> Iterator[str]:
        """What does not fit a community of these homes."""
        known = set(homes)
        yield from (f"network: {problem}" for problem in self.network.unknown_meters(known))
        for member, count in sorted(Counter(entry.meter for entry in self.members).items()):
            if count > 1:
                yield f"members: {member} stands {count} times: keep one"
            if member not in known:
                yield f"members: {member!r} is no home"


def read_network(folder: Path, homes: Iterable[str]) -> Neighbourhood | None:
    """The neighbourhood that a scenario brings, None when it brings none; `homes` are the names of its meters.

    Raises: InputError that names what is wrong and what to do.
    """
    path = folder / NAME
    if not path.exists():
        return None
    homes = sorted(homes)
    try:
        content = NetworkFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal))
    except OSError as error:
        raise InputError(path, "", f"cannot be read: {error.strerror}; make it readable, or remove it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(path, "", f"is not TOML: {error}; correct that line") from None
    except ValidationError as error:
        found = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
        raise InputError(path, "", "; ".join(found)) from None
    if problems := list(content.findings(homes)):
        raise InputError(path, "", f"{'; '.join(problems)}; the homes are {', '.join(homes)}")
    return Neighbourhood(
        origin=f"{NAME} of the scenario",
        network=content.network,
        preferences={entry.meter: entry for entry in content.members},
    )
