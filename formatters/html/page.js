"use strict";
// The page is whole without this script; it adds filters, opening of all, links to one commit.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const filters = byId("filters");
  const text = byId("text");
  const author = byId("author");
  const shown = byId("shown");
  const sections = all("main > section");
  const commits = all("details.commit").map((row) => {
    const sha = row.querySelector(".analysis").id;
    return {
      row,
      sha,
      dot: document.querySelector(`.time a[href="#${sha}"]`),
      words: row.textContent.normalize("NFC").toLowerCase(),
    };
  });
  const checked = (name) => all(`input[name="${name}"]:checked`).map((box) => box.value);

  // Folds that a filter opened, so that they close again with it.
  const opened = new Set();

  function apply() {
    const importances = checked("importance");
    const kinds = checked("kind");
    const terms = text.value.normalize("NFC").toLowerCase().split(/\s+/).filter(Boolean);
    const named = author.selectedIndex > 0;
    const active = importances.length + kinds.length + terms.length > 0 || named;
    let count = 0;
    for (const { row, dot, words } of commits) {
      const fits =
        (!importances.length || importances.includes(row.dataset.importance)) &&
        (!kinds.length || kinds.includes(row.dataset.kind)) &&
        (!named || row.dataset.author === author.value) &&
        terms.every((term) => words.includes(term));
      row.hidden = !fits;
      dot?.classList.toggle("out", !fits);
      count += fits;
    }
    for (const section of sections) {
      section.hidden = !section.querySelector("details.commit:not([hidden])");
      const fold = section.querySelector("details.fold");
      if (fold && active && !fold.open) {
        fold.open = true;
        opened.add(fold);
      }
    }
    if (!active) {
      opened.forEach((fold) => { fold.open = false; });
      opened.clear();
    }
    byId("nothing").hidden = count > 0;
    byId("reset").hidden = !active;
    shown.value = shown.dataset.words.replace("{shown}", count);
  }

  function reset() {
    text.value = "";
    author.selectedIndex = 0;
    all("input:checked", filters).forEach((box) => { box.checked = false; });
    apply();
  }

  function openAll(open) {
    opened.clear();
    all("main section:not([hidden]) details:not([hidden])").forEach((row) => { row.open = open; });
  }

  // A link to a commit opens it; the first digits of its name will do.
  function follow() {
    const wanted = location.hash.slice(1).toLowerCase();
    if (!/^[0-9a-f]{7,64}$/.test(wanted)) return;
    const found = commits.filter(({ sha }) => sha.startsWith(wanted));
    if (found.length !== 1) return;
    const { row } = found[0];
    if (row.hidden) reset();
    const fold = row.closest("details.fold");
    if (fold) {
      fold.open = true;
      opened.delete(fold);
    }
    row.open = true;
    row.querySelector("summary").focus({ preventScroll: true });
    row.scrollIntoView();
  }

  function onKey(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !event.target.closest("input:not([type=checkbox]), select")) {
      event.preventDefault();
      text.focus();
    } else if (event.key === "Escape" && filters.contains(event.target)) {
      if (event.target === text && text.value) {
        text.value = "";
        apply();
      } else {
        reset();
      }
    }
  }

  // What is closed would be missing on paper.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((row) => { row.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((row) => { row.open = false; }));

  if (!filters) return;
  filters.hidden = false;
  filters.addEventListener("input", apply);
  filters.addEventListener("change", apply);
  byId("reset").addEventListener("click", () => { reset(); text.focus(); });
  byId("expand").addEventListener("click", () => openAll(true));
  byId("collapse").addEventListener("click", () => openAll(false));
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", follow);
  // A dot whose commit is in the address already changes no address.
  byId("chart")?.addEventListener("click", () => setTimeout(follow));
  // Browsers keep what stood in a form over a reload.
  addEventListener("pageshow", apply);
  apply();
  follow();
})();
