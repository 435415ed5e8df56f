
// The search for names.

const MOST = 12; // hits that are listed

// find lists what has the words in its name, sources and assets before columns. A
// column is known by its own name, or with that of its asset if there is a dot.
function find() {
  const wanted = search.value.trim().toLowerCase(), has = (text) => text.toLowerCase().includes(wanted);
  const names = graph.nodes.filter((node) => has(node.name)).map((node) => [node.name]);
  const columns = graph.nodes.flatMap((node) => node.columns
    .filter(({ name }) => has(wanted.includes(".") ? `${node.name}.${name}` : name)).map(({ name }) => [node.name, name]));
  const hits = [...names, ...columns], items = hits.slice(0, MOST).map((path) => link(...path));
  if (hits.length > MOST) items.push(...says(`and ${hits.length - MOST} more`));
  if (!hits.length) items.push(...says("Nothing has this in its name."));
  found.replaceChildren(...items.map((element) => make("li", {}, element)));
  found.hidden = wanted === "";
}

search.addEventListener("input", find);
search.addEventListener("focus", find);
document.getElementById("find").addEventListener("keydown", (event) => {
  const buttons = [...found.querySelectorAll("button")], n = buttons.indexOf(document.activeElement);
  if (event.key === "Enter" && n < 0) buttons[0]?.click();
  else if (event.key === "ArrowDown") buttons[n + 1]?.focus();
  else if (event.key === "ArrowUp") (buttons[n - 1] ?? search).focus();
  else return;
  event.preventDefault();
});
found.addEventListener("click", () => { found.hidden = true; });
document.addEventListener("pointerdown", (event) => { if (!event.target.closest("#find")) found.hidden = true; });
