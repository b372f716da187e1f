function cell(row, column, data, open) {
  const made = document.createElement("td");
  made.className = column;
  if (column === data.link_column) {
    const link = document.createElement("a");
    link.href = data.address + encodeURIComponent(row.id);
    link.textContent = row[column];
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
    if (row.badges?.[column]) inner.className = "badge " + row.badges[column];
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
    line.append(...data.columns.map(([column]) => cell(row, column, data, open)));
    if (data.link_column) {
      line.className = "opens";
      line.addEventListener("click", () => {
        if (!window.getSelection()?.toString()) open(row.id);
      });
    }
  }
  const list = parentElement.querySelector(".list");
  list.className = "list " + data.kind;
  list.tabIndex = -1;
  list.replaceChildren(table);
}
