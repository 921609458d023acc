"use strict";
// The mark points' editor without a way to the server for each row: add, remove, sort. All of it also works by the
// form's own buttons, where there are no scripts.
document.addEventListener("DOMContentLoaded", () => {
  const list = document.querySelector("[data-mark-rows]");
  if (!list) return;
  const rows = () => [...list.querySelectorAll("[data-mark-row]")];
  const timeOf = (row) => row.querySelector("[name=time]");
  const textOf = (row) => row.querySelector("[name=text]");
  const blank = rows().at(-1).cloneNode(true); // the last row is an empty one
  list.querySelectorAll("[data-mark-remove]").forEach((button) => { button.disabled = false; });
  blank.querySelector("[data-mark-remove]").disabled = false;

  const seconds = (text) => {
    const found = /^(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2})$/.exec(text.normalize("NFKC").trim());
    if (!found) return Infinity;
    return Number(found[1] || 0) * 3600 + Number(found[2]) * 60 + Number(found[3]);
  };
  const add = (after) => {
    const row = blank.cloneNode(true);
    if (after) after.after(row);
    else list.append(row);
    timeOf(row).focus();
  };
  const isBlank = (row) => !timeOf(row).value.trim() && !textOf(row).value.trim();

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mark-add], [data-mark-sort], [data-mark-remove]");
    if (!button) return;
    event.preventDefault();
    if (button.matches("[data-mark-add]")) {
      add();
    } else if (button.matches("[data-mark-remove]")) {
      const row = button.closest("[data-mark-row]");
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      if (next) timeOf(next).focus();
      else add();
    } else {
      const filled = rows().filter((row) => !isBlank(row));
      const spare = rows().filter(isBlank);
      filled.sort((one, other) => {
        const [first, second] = [seconds(timeOf(one).value), seconds(timeOf(other).value)];
        return first === second ? 0 : first - second;
      });
      list.append(...filled, ...spare);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    const wanted = event.target.dataset && event.target.dataset.enter;
    if (wanted) {
      event.preventDefault();
      event.target.form.querySelector(`button[name=do][value=${wanted}]`).click();
      return;
    }
    const row = event.target.closest("[data-mark-row]");
    if (!row || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    if (event.target.name === "time") textOf(row).focus();
    else if (row.nextElementSibling) timeOf(row.nextElementSibling).focus();
    else add(row);
  });

  // What is mended is no longer marked.
  list.addEventListener("input", (event) => {
    const row = event.target.closest("[data-mark-row]");
    row.querySelectorAll("[aria-invalid]").forEach((input) => { input.removeAttribute("aria-invalid"); input.removeAttribute("aria-describedby"); });
    row.querySelectorAll(".bo-mark-problem").forEach((problem) => problem.remove());
  });
});
