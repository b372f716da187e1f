// Kept in place from one refresh to the next, so that the keyboard's focus stays where it is.
const PARTS = ["who", "since", "where", "words"];

function row(uuid, open) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", () => open(uuid));
  for (const part of PARTS) {
    const made = document.createElement("span");
    made.className = part;
    button.append(made);
  }
  item.append(button);
  return item;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const list = parentElement.querySelector(".calls");
  const rows = (list.rows ??= new Map());
  list.setAttribute("aria-label", data.caption);
  list.open = (uuid) => setTriggerValue("open", uuid);
  const there = new Set(data.calls.map((call) => call.uuid));
  for (const [uuid, item] of rows) {
    if (!there.has(uuid)) {
      item.remove();
      rows.delete(uuid);
    }
  }
  data.calls.forEach((call, index) => {
    let item = rows.get(call.uuid);
    if (!item) {
      item = row(call.uuid, (uuid) => list.open(uuid));
      rows.set(call.uuid, item);
    }
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    const button = item.firstChild;
    button.setAttribute("aria-pressed", String(call.uuid === data.opened));
    for (const part of PARTS) {
      const span = button.querySelector("." + part);
      if (span.textContent !== call[part]) span.textContent = call[part];
    }
  });
}
