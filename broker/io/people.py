"""Who the members are: the only place that links a meter with a person, outside of journal and log so that it can go.

`people.json` in the state directory maps a meter to a name and a contact. Erasing an entry overwrites the file's old
bytes before it is removed; what a disk or a backup keeps beyond that is out of a program's reach (docs/operating.md).
"""

import json
import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from broker.control.ports import StorageFailed
from broker.io.private_file import write_private


class Person(BaseModel):
    """A member's name, and how to reach them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    contact: Annotated[str, Field(max_length=200)] = ""


_PEOPLE: TypeAdapter[dict[str, Person]] = TypeAdapter(dict[str, Person])


def people_of(path: Path) -> dict[str, Person]:
    """The people by meter; {} without a file.

    Raises: StorageFailed when the file cannot be read.
    """
    try:
        return _PEOPLE.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StorageFailed(f"{path}: {error.strerror}; run this as the broker's user") from None
    except ValidationError:
        raise StorageFailed(f"{path} is damaged; restore it from the backup, or remove it: names only") from None


def remember(path: Path, meter: str, person: Person) -> None:
    """Stores who a member is.

    Raises: StorageFailed when it cannot.
    """
    _replace(path, people_of(path) | {meter: person})


def forget(path: Path, meter: str) -> bool:
    """Erases who a member was; whether anything was known.

    Raises: StorageFailed when it cannot; the name is still there then.
    """
    people = people_of(path)
    if people.pop(meter, None) is None:
        return False
    _replace(path, people)
    return True


def _replace(path: Path, people: dict[str, Person]) -> None:
    text = json.dumps({meter: person.model_dump() for meter, person in sorted(people.items())}, indent=1) + "\n"
    try:
        old = os.open(path, os.O_WRONLY) if path.exists() else None
        write_private(path, text)
        if old is not None:
            with os.fdopen(old, "wb") as file:
                file.write(b"\0" * os.fstat(file.fileno()).st_size)
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise StorageFailed(f"{path}: {error.strerror}; free space, or run this as the broker's user") from None
