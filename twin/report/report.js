"use strict";
// Reads a slot and zooms to a day. The page is complete without it: every number is in the tables.
(() => {
  const slotRows = (figure) =>
    [...figure.querySelectorAll("table.slots")].flatMap((table) => {
      const day = table.caption.textContent.replace("Slots of ", "");
      const heads = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
      return [...table.tBodies[0].rows].map((row) => ({ day, heads, cells: [...row.cells].map((cell) => cell.textContent) }));
    });

  const words = ({ day, heads, cells }) =>
    `${day} ${cells[0]} UTC: ` + heads.map((head, k) => `${head} ${cells[k + 1]}`).join(", ");

  const cursorIn = (plot) => {
    const mark = document.createElementNS(plot.namespaceURI, "rect");
    mark.setAttribute("class", "cursor");
    mark.setAttribute("width", "1");
    mark.setAttribute("height", "100%");
    mark.setAttribute("visibility", "hidden");
    plot.append(mark);
    return mark;
  };

  const setUp = (figure) => {
    const slots = Number(figure.dataset.slots);
    const rows = slotRows(figure);
    const chart = figure.querySelector(".chart");
    const plots = [...chart.querySelectorAll(".plot")];
    const marks = plots.map(cursorIn);
    const slider = figure.querySelector(".cursor-choice");
    const readout = figure.querySelector(".readout");
    const days = figure.querySelector(".day-choice");
    let from = 0;
    let to = slots;

    const read = (slot) => {
      const text = words(rows[slot]);
      slider.value = slot;
      slider.setAttribute("aria-valuetext", text);
      readout.textContent = text;
      for (const mark of marks) {
        mark.setAttribute("x", slot);
        mark.removeAttribute("visibility");
      }
    };

    const look = (first, end) => {
      from = first;
      to = end;
      for (const plot of plots) plot.setAttribute("viewBox", `${from} 0 ${to - from} ${plot.getAttribute("height")}`);
      slider.min = Math.max(from, 0);
      slider.max = Math.min(to, slots) - 1;
      const whole = from === 0 && to === slots;
      chart.classList.toggle("one-day", !whole);
      if (!marks[0].hasAttribute("visibility")) read(Number(slider.value));
    };

    const hit = document.createElement("div");
    hit.className = "hit";
    hit.addEventListener("pointermove", (event) => {
      const box = hit.getBoundingClientRect();
      const slot = Math.floor(from + ((event.clientX - box.left) / box.width) * (to - from));
      if (slot >= Number(slider.min) && slot <= Number(slider.max)) read(slot);
    });
    figure.querySelector(".stage").append(hit);
    slider.addEventListener("input", () => read(Number(slider.value)));
    days?.addEventListener("change", () => look(...days.value.split(" ").map(Number)));
    figure.querySelector(".controls").hidden = false;
  };

  document.querySelectorAll("figure[data-slots]").forEach(setUp);
})();
