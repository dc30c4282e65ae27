// Shared by /docs and /redoc.
"use strict";

function showName(title, subject) {
  document.getElementById("name").textContent = title;
  document.title = `${title}: ${subject}`;
}

// Reloads once the library is there: `./dev up` may still be fetching it.
function waitForLibrary(path) {
  document.getElementById("missing").hidden = false;
  setInterval(async () => {
    if ((await fetch(path, { method: "HEAD" })).ok)
      location.reload();
  }, 5000);
}

// Calls update() now and after each change of the page.
function keepUpdated(update) {
  const page = document.getElementById("page");
  new MutationObserver(() => update(page)).observe(page, { childList: true, subtree: true });
}

// Both libraries skip heading levels: this gives each heading the level of its nesting.
function levelHeadings(page) {
  const parents = [];
  for (const heading of page.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    while (parents.length && parents.at(-1) >= heading.tagName)
      parents.pop();
    heading.setAttribute("aria-level", parents.push(heading.tagName));
  }
}

// Lets the keyboard scroll code that does not fit.
function focusCode(page) {
  for (const code of page.querySelectorAll("pre"))
    code.tabIndex = code.scrollWidth > code.clientWidth || code.scrollHeight > code.clientHeight ? 0 : -1;
}
