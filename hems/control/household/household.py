"""The household's port: settings and overrides, checked, stored before they hold, each change with who made it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from hems.control.household.changes import Change, changed, findings
from hems.control.household.options import Difference, Option, differences, options
from hems.control.household.outcome import Accepted, Entry, Outcome, Rejected
from hems.control.household.overrides import Action, Override, override_findings
from hems.control.household.settings import HouseholdSettings, Who
from hems.control.household.stored import restored, stored
from hems.site.finding import Finding
from hems.site.home import Home


class NotStoredError(Exception):
    """The store could not take a change: the message says why."""


class HouseholdStore(Protocol):
    """Where wishes survive a restart, with the log of who changed them."""

    def household(self) -> Any:
        """The stored document, or None."""

    def save_household(self, document: Any, entries: Sequence[Entry]) -> None:
        """Stores document and log entries together. Raises NotStoredError when neither was."""

    def household_entries(self, most: int) -> list[Entry]:
        """The newest log entries, newest first."""


class Household:
    """What the people of one home wish. `home` is as the TOML has it; `now` gives seconds since 1970.

    `on_change` is called after each change, so that it is acted on at once.
    """

    def __init__(
        self,
        home: Home,
        store: HouseholdStore,
        *,
        now: Callable[[], int],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._home = home
        self._store = store
        self._now = now
        self._on_change = on_change
        self._settings, self._overrides, self.left_out = restored(home, store.household())

    def settings(self) -> HouseholdSettings:
        """The settings that hold."""
        return self._settings

    def overrides(self) -> tuple[Override, ...]:
        """The overrides that hold now, one per device at most."""
        return self.overrides_at(self._now())

    def overrides_at(self, now_s: int) -> tuple[Override, ...]:
        """The overrides that hold at a moment."""
        return tuple(o for o in self._overrides if o.until_s > now_s)

    def options(self) -> tuple[Option, ...]:
        """What can be set, with its limits."""
        return options(self._home)

    def differences(self) -> tuple[Difference, ...]:
        """What is set otherwise than in the TOML."""
        return differences(self._home, self._settings)

    def log(self, most: int = 100) -> list[Entry]:
        """The newest changes, newest first."""
        return self._store.household_entries(most)

    def change(self, changes: Sequence[Change], *, by: Who) -> Outcome:
        """Changes settings, all of them or none."""
        reasons = findings(self._home, self._settings, changes)
        if reasons:
            return Rejected(reasons=reasons)
        after, now_s = changed(self._settings, changes), self._now()
        entries = [
            Entry(at_s=now_s, by=by, what=name, device=device, before=before, after=value)
            for name, device in dict.fromkeys(change.place for change in changes)
            if (before := self._settings.value(name, device)) != (value := after.value(name, device))
        ]
        return self._kept(after, self.overrides_at(now_s), tuple(entries))

    def override(
        self, device: str, action: Action, *, until_s: int, by: Who, power_kw: float | None = None
    ) -> Outcome:
        """Lets a device do something until a moment; an override that it had is replaced."""
        now_s = self._now()
        wish = Override(device=device, action=action, power_kw=power_kw, until_s=until_s, by=by, since_s=now_s)
        reasons = override_findings(self._home, wish, now_s)
        if reasons:
            return Rejected(reasons=reasons)
        return self._with_override(device, wish, by, now_s)

    def cancel(self, device: str, *, by: Who) -> Outcome:
        """Ends the override of a device now."""
        now_s = self._now()
        if not any(o.device == device for o in self.overrides_at(now_s)):
            wrong = "is not overridden"
            return Rejected(reasons=(Finding(where=str(device)[:40], wrong=wrong, remedy="there is nothing to end"),))
        return self._with_override(device, None, by, now_s)

    def _with_override(self, device: str, wish: Override | None, by: Who, now_s: int) -> Outcome:
        held = self.overrides_at(now_s)
        before = next((o for o in held if o.device == device), None)
        after = (*(o for o in held if o.device != device), *(() if wish is None else (wish,)))
        entry = Entry(at_s=now_s, by=by, what="override", device=device, before=_told(before), after=_told(wish))
        return self._kept(self._settings, after, (entry,))

    def _kept(
        self, settings: HouseholdSettings, overrides: tuple[Override, ...], entries: tuple[Entry, ...]
    ) -> Outcome:
        if not entries:
            return Accepted(entries=())
        try:
            self._store.save_household(stored(settings, overrides), entries)
        except NotStoredError as error:
            return Rejected(
                reasons=(Finding(where="store", wrong=f"{error}", remedy="free some space, then set it again"),)
            )
        self._settings, self._overrides = settings, overrides
        self._on_change()
        return Accepted(entries=entries)


def _told(wish: Override | None) -> Any:
    """An override as the audit log has it."""
    return None if wish is None else {"action": wish.action, "power_kw": wish.power_kw, "until_s": wish.until_s}
