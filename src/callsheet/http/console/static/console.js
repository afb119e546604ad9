/* Comforts only: every page works without this file. */
"use strict";

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector("input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
  if (event.key === "Escape") {
    const menu = document.querySelector(".menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
});

addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copy]");
  if (!button) return;
  const text = button.parentElement.querySelector("pre, input").innerText ?? "";
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text || button.parentElement.querySelector("input").value);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("pre"));
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { button.textContent = label; }, 2000);
});

/* <input type="range" data-days="ID">: so many days before today, written as a date into the field with this id. */
const DAY_MILLISECONDS = 86_400_000;

addEventListener("input", (event) => {
  const slider = event.target;
  if (!slider.matches?.("input[data-days]")) return;
  const field = document.getElementById(slider.dataset.days);
  const days = Number(slider.max) - Number(slider.value);
  const date = new Date(Date.now() - days * DAY_MILLISECONDS).toISOString().slice(0, 10);
  field.value = days === 0 ? "" : date;
  slider.setAttribute("aria-valuetext", days === 0 ? "now" : date);
});
addEventListener("change", (event) => {
  if (event.target.matches?.("input[data-days]")) event.target.form?.requestSubmit();
});

/* What a search or a preview has found is said, too: the part of the page that holds it is new and says nothing itself. */
document.addEventListener("htmx:after:swap", () => {
  const found = document.querySelector("#results caption, #results h2, #preview p");
  document.getElementById("said").textContent = found?.textContent ?? "";
});

/* Someone who was signed out meanwhile gets no part of a page: leave what is typed, and let a search begin again. */
document.addEventListener("htmx:before:swap", (event) => {
  const { request, response } = event.detail.ctx;
  if (response?.raw?.redirected || response?.status === 401) {
    event.preventDefault();
    if (request.method === "GET") location.reload();
  }
});
