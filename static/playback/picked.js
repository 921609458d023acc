"use strict";
// Rows that were ticked stay picked when one turns the page or sorts the list. They are kept in this tab alone, for the
// list with its present filters: an action works on what the filters show. Picks of other pages are put into the form as
// hidden ticked boxes, so the server gets them as if they stood there.
document.addEventListener("DOMContentLoaded", () => {
  const MOST = 900; // the server takes 1,000 fields of a form
  const bar = document.querySelector("[data-picked]");
  const form = document.getElementById("changelist-form");
  const PREFIX = "picked:";
  const confirmed = document.getElementById("confirm-form");
  if (confirmed) {
    confirmed.addEventListener("submit", () => {
      Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => sessionStorage.removeItem(key));
    });
  }
  if (!bar || !form) return;
  const query = new URLSearchParams(location.search);
  ["p", "o", "all"].forEach((name) => query.delete(name));
  query.sort();
  const key = `${PREFIX}${location.pathname}?${query}`;
  let picked;
  try {
    picked = new Set(JSON.parse(sessionStorage.getItem(key) || "[]"));
  } catch {
    picked = new Set();
  }
  const boxes = () => [...form.querySelectorAll("tr input.action-select")];
  const here = new Set(boxes().map((box) => box.value));

  function show() {
    const elsewhere = [...picked].filter((value) => !here.has(value));
    form.querySelectorAll("input[data-elsewhere]").forEach((box) => box.remove());
    for (const value of elsewhere) {
      const box = document.createElement("input");
      box.type = "checkbox";
      box.name = "_selected_action";
      box.className = "action-select";
      box.value = value;
      box.checked = true;
      box.hidden = true;
      box.dataset.elsewhere = "1";
      form.append(box);
    }
    bar.hidden = elsewhere.length === 0;
    bar.querySelector("[data-picked-count]").textContent = String(picked.size);
    bar.querySelector("[data-picked-elsewhere]").textContent = String(elsewhere.length);
    bar.querySelector("[data-picked-full]").hidden = picked.size < MOST;
  }

  function remember() {
    for (const box of boxes()) {
      if (!box.checked) picked.delete(box.value);
      else if (picked.size < MOST) picked.add(box.value);
    }
    sessionStorage.setItem(key, JSON.stringify([...picked]));
    show();
  }

  for (const box of boxes()) {
    if (picked.has(box.value) && !box.checked) box.click(); // a click, so that the theme marks the row and counts it
  }
  show();
  form.addEventListener("change", remember);
  form.addEventListener("click", () => setTimeout(remember)); // "select all" and its like change boxes by code
  bar.querySelector("[data-picked-clear]").addEventListener("click", () => {
    boxes().filter((box) => box.checked).forEach((box) => box.click());
    picked.clear();
    sessionStorage.removeItem(key);
    show();
  });
});
