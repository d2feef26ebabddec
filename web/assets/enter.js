"use strict";
// Exchanges the token of a one-time link, which stands behind # and is never sent with the address, for a session.
(() => {
  const said = document.getElementById("door");
  const command = said.dataset.command;

  const enter = async () => {
    const token = location.hash.slice(1);
    if (!token) {
      said.textContent = `This page needs a link. “${command}” on the machine that serves it prints one.`;
      return;
    }
    history.replaceState(null, "", location.pathname);
    said.textContent = "Opening the page …";
    try {
      const answer = await fetch("/enter", { method: "POST", body: token });
      if (answer.ok) {
        location.replace("/");
        return;
      }
      const told = await answer.json();
      said.textContent = `It did not open: ${told.error}; ${told.to_do}.`;
    } catch {
      said.textContent = "It did not open: no connection. Open the link again.";
    }
  };

  addEventListener("hashchange", enter); // a link that is pasted while this page is open
  enter();
})();
