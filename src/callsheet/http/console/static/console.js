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
  const code = button.parentElement.querySelector("pre");
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(code.innerText);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { button.textContent = label; }, 2000);
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
