"use strict";
// Exchanges the token of a one-time link, which stands behind # and is never sent with the address, for a session.
(async () => {
  const said = document.getElementById("door");
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  const command = said.dataset.command;
  if (!token) {
    said.textContent = `This page needs a link. “${command}” on the machine that serves it prints one.`;
    return;
  }
  try {
    const answer = await fetch("/enter", { method: "POST", body: token });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    const told = await answer.json();
    said.textContent = `It did not open: ${told.error}; ${told.to_do}.`;
  } catch {
    said.textContent = "It did not open: no connection. Reload the link.";
  }
})();
