function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export default function ({ parentElement, data }) {
  const list = parentElement.querySelector(".cards");
  list.replaceChildren(
    ...data.cards.map((card) => {
      const box = element("div", "card " + ({ "-1": "worse", 1: "better" }[card.trend] ?? ""));
      box.append(element("dt", "", card.label), element("dd", [...card.value].length > 8 ? "value long" : "value", card.value));
      box.append(...card.notes.map((note) => element("dd", "note", note)));
      return box;
    }),
  );
}
