"use strict";
// Makes a page live: sections come as HTML over one event stream, tabs show one of them, forms answer in place.
// Without this script the page shows the state at which it was loaded, all sections below one another.
(() => {
  const all = (css, root = document) => [...root.querySelectorAll(css)];
  const SAID_MS = 20000; // how long an answer stays beside its form
  const byId = (id) => document.getElementById(id);

  let pointed = null; // where a picture was read last, to read it again when it is drawn anew

  // ---- tabs
  const views = all("[data-view]");
  const show = (name, focus) => {
    const chosen = views.find((view) => view.dataset.view === name) ?? views[0];
    if (!chosen) return;
    for (const view of views) view.hidden = view !== chosen;
    for (const link of all(".tabs a")) {
      if (link.hash === `#${chosen.dataset.view}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (focus) {
      chosen.querySelector("h2")?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  };
  addEventListener("hashchange", () => show(location.hash.slice(1), true));
  show(location.hash.slice(1), false);

  // ---- sections that change
  const mark = (node) => node?.id || node?.dataset?.keep || null;
  const swap = (target, html) => {
    const focused = target.contains(document.activeElement) ? document.activeElement : null;
    const place = mark(focused);
    const range = focused && "selectionStart" in focused ? [focused.selectionStart, focused.selectionEnd] : null;
    const open = new Set(all("details[open]", target).map(mark));
    const scrolled = new Map(all(".scroll", target).map((box) => [box.getAttribute("aria-label"), box.scrollLeft]));
    const words = all("form[id]", target).map((form) => [form.id, form.querySelector(".said")]);
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    for (const fold of all("details", fresh.content)) if (open.has(mark(fold)) && mark(fold)) fold.open = true;
    target.replaceChildren(fresh.content);
    for (const [id, old] of words) {
      if (old?.textContent && Date.now() - Number(old.dataset.at) < SAID_MS) byId(id)?.querySelector(".said")?.replaceWith(old);
    }
    for (const box of all(".scroll", target)) box.scrollLeft = scrolled.get(box.getAttribute("aria-label")) ?? 0;
    if (place) {
      const again = byId(place) ?? target.querySelector(`[data-keep="${CSS.escape(place)}"]`);
      again?.focus({ preventScroll: true });
      if (range?.[0] != null) again?.setSelectionRange?.(...range);
    }
    ready(target);
    if (pointed) read({ target: document.elementFromPoint(pointed.clientX, pointed.clientY), ...pointed });
  };

  // A section with a form in which something was changed waits until it is sent or left alone.
  const pending = new Map();
  const isBusy = (target) => target.matches(":has(form[data-dirty])");
  const take = (id, html) => {
    const target = document.querySelector(`[data-live="${CSS.escape(id)}"]`);
    if (!target) return;
    if (isBusy(target)) pending.set(id, html);
    else swap(target, html);
  };
  const takePending = () => {
    for (const [id, html] of [...pending]) {
      pending.delete(id);
      take(id, html);
    }
  };

  // ---- the stream
  const live = byId("live");
  const tell = (text, lost) => {
    if (!live || live.textContent === text) return;
    live.textContent = text;
    live.classList.toggle("lost", lost);
  };
  const source = document.body.dataset.events ?? byId("main")?.dataset.events;
  let stream = null;
  const follow = () => {
    if (!source || stream) return;
    stream = new EventSource(source);
    stream.addEventListener("sections", (event) => {
      for (const [id, html] of Object.entries(JSON.parse(event.data))) take(id, html);
      tell(live?.dataset.on ?? "Live", false);
    });
    stream.addEventListener("said", (event) => {
      const spoken = byId("spoken");
      if (spoken) spoken.textContent = JSON.parse(event.data);
    });
    stream.onerror = () => {
      tell(live?.dataset.off ?? "Connection lost", true);
      if (stream?.readyState === EventSource.CLOSED) {
        stream = null;
        setTimeout(follow, 3000);
      }
    };
  };
  follow();

  // ---- ages
  const ages = () => {
    for (const node of all("[data-since]")) {
      const s = Math.max(0, Math.round(Date.now() / 1000 - Number(node.dataset.since)));
      node.textContent = s < 120 ? `${s} s` : s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
    }
  };
  setInterval(ages, 1000);

  // ---- forms: fields become JSON, the answer is said in place. A form with data-changes sends what was changed in it
  // and nothing else: what somebody set elsewhere meanwhile stays.
  const isChanged = (field) =>
    field.type === "radio" || field.type === "checkbox"
      ? field.checked !== field.defaultChecked
      : field.value !== field.defaultValue;
  const value = (field) => {
    if (field.value === "" && !field.required) return null;
    if (field.dataset.as === "number") return Number((Number(field.value) * Number(field.dataset.scale ?? 1)).toFixed(6));
    return field.type === "checkbox" ? field.checked : field.value;
  };
  const body = (form, submitter) => {
    const sent = {};
    for (const field of form.elements) {
      if (!field.name || (field.type === "radio" && !field.checked)) continue;
      if ("changes" in form.dataset && !isChanged(field)) continue;
      if (field.type === "submit") {
        if (field === submitter) sent[field.name] = field.value;
      } else sent[field.name] = value(field);
    }
    return sent;
  };
  const say = (form, text, css) => {
    const said = form.querySelector(".said");
    if (!said) return;
    said.className = `said ${css}`;
    said.textContent = text;
    said.dataset.at = Date.now();
  };
  const post = async (form, submitter) => {
    const buttons = all("button", form);
    for (const button of buttons) button.setAttribute("aria-disabled", "true");
    try {
      const answer = await fetch(form.dataset.post, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body(form, submitter)),
      });
      const told = await answer.json().catch(() => ({}));
      if (answer.ok) say(form, told.said ?? "Saved.", "right");
      else say(form, [told.error, told.to_do].filter(Boolean).join(": ") || `Refused (${answer.status}).`, "wrong");
    } catch {
      say(form, live?.dataset.off ?? "No connection.", "wrong");
    } finally {
      for (const button of buttons) button.removeAttribute("aria-disabled");
    }
    if (!form.querySelector(".said.wrong")) {
      delete form.dataset.dirty;
      takePending(); // what came while the form was being filled
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.post) return;
    event.preventDefault();
    if (!event.submitter?.hasAttribute("aria-disabled")) post(form, event.submitter);
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-post]");
    if (form) form.dataset.dirty = "";
    const shown = event.target.id && document.querySelector(`output[for="${CSS.escape(event.target.id)}"]`);
    if (shown) shown.textContent = `${event.target.value}${shown.dataset.unit ?? ""}`;
  });
  document.addEventListener("focusout", () => setTimeout(takePending, 0));

  // ---- pointing at a picture reads the row of its table that lies there
  const read = (event) => {
    const stage = event.target?.closest?.("figure[data-rows] .stage");
    if (!stage) return;
    pointed = { clientX: event.clientX, clientY: event.clientY };
    const figure = stage.closest("figure");
    const table = figure.parentElement.querySelector("table");
    const box = stage.getBoundingClientRect();
    const at = Math.floor(((event.clientX - box.left) / box.width) * Number(figure.dataset.rows));
    const row = table?.tBodies[0].rows[at];
    if (!row) return;
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    const words = [...row.cells].slice(1).map((cell, k) => `${heads[k + 1]} ${cell.textContent}`);
    figure.querySelector(".readout").textContent = `${row.cells[0].textContent}: ${words.join(", ")}`;
    for (const plot of all(".plot", stage)) {
      const width = plot.viewBox.baseVal.width / Number(figure.dataset.rows);
      const mark = plot.querySelector(".cursor") ?? plot.appendChild(document.createElementNS(plot.namespaceURI, "rect"));
      for (const [name, value] of Object.entries({ class: "cursor", x: at * width, width, y: 0, height: "100%" })) {
        mark.setAttribute(name, value);
      }
    }
  };
  document.addEventListener("pointermove", read);
  document.addEventListener("pointerdown", read);

  // ---- folds that are filled when they are opened
  const fill = async (fold) => {
    const into = fold.querySelector("[data-into]");
    if (!fold.open || !into || into.dataset.done) return;
    into.dataset.done = "1";
    try {
      const answer = await fetch(fold.dataset.get);
      if (answer.headers.get("Content-Type")?.startsWith("text/html")) {
        into.innerHTML = await answer.text();
        return;
      }
      const told = await answer.json();
      into.textContent = answer.ok ? told.text : [told.error, told.to_do].filter(Boolean).join(": ");
    } catch {
      into.textContent = live?.dataset.off ?? "No connection.";
    }
  };
  const ready = (root) => {
    for (const fold of all("details[data-get]", root)) {
      fold.addEventListener("toggle", () => fill(fold));
      fill(fold);
    }
  };
  ready(document);
})();
