function cell(row, column, open) {
  const made = document.createElement("td");
  made.className = column;
  if (column === "ticket") {
    const link = document.createElement("a");
    link.href = "/calls?ticket=" + encodeURIComponent(row.id);
    link.textContent = row.ticket;
    link.dataset.ticket = row.id;
    link.addEventListener("click", (event) => {
      event.stopPropagation();
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      open(row.id);
    });
    made.append(link);
  } else {
    const inner = document.createElement("span");
    inner.textContent = row[column];
    if (column === "status") inner.className = "badge " + row.status_key;
    made.append(inner);
  }
  return made;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const open = (id) => setTriggerValue("open", String(id));
  const table = document.createElement("table");
  const caption = table.createCaption();
  caption.textContent = data.caption;
  const head = table.createTHead().insertRow();
  for (const [, title] of data.columns) {
    const th = document.createElement("th");
    th.scope = "col";
    th.textContent = title;
    head.append(th);
  }
  const body = table.createTBody();
  for (const row of data.rows) {
    const line = body.insertRow();
    line.append(...data.columns.map(([column]) => cell(row, column, open)));
    line.addEventListener("click", () => {
      if (!window.getSelection()?.toString()) open(row.id);
    });
  }
  const list = parentElement.querySelector(".list");
  list.tabIndex = -1;
  list.replaceChildren(table);
}
