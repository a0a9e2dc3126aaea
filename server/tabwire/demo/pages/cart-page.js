// The page of the cart: what is in it, how many, and what it costs.

import { empty, read, setQuantity, showCount } from "./cart.js";
import { find, money } from "./catalogue.js";

const body = document.getElementById("lines");

function line(item, quantity) {
  const row = document.createElement("tr");
  const name = document.createElement("th");
  name.scope = "row";
  name.textContent = item.name;
  const price = document.createElement("td");
  price.textContent = money(item.price);
  const many = document.createElement("td");
  const input = document.createElement("input");
  input.type = "number";
  input.min = "0";
  input.max = "99";
  input.value = String(quantity);
  input.setAttribute("aria-label", `Quantity of ${item.name}`);
  input.addEventListener("change", () => {
    setQuantity(item.id, Math.max(0, Math.min(99, Math.trunc(Number(input.value) || 0))));
    show();
  });
  many.append(input);
  const sum = document.createElement("td");
  sum.textContent = money(item.price * quantity);
  const last = document.createElement("td");
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "quiet";
  remove.textContent = "Remove";
  remove.setAttribute("aria-label", `Remove ${item.name}`);
  remove.addEventListener("click", () => {
    setQuantity(item.id, 0);
    show();
  });
  last.append(remove);
  row.append(name, price, many, sum, last);
  return row;
}

function show() {
  const lines = Object.entries(read())
    .map(([id, quantity]) => [find(id), quantity])
    .filter(([item]) => item);
  body.replaceChildren(...lines.map(([item, quantity]) => line(item, quantity)));
  const total = lines.reduce((sum, [item, quantity]) => sum + item.price * quantity, 0);
  document.getElementById("total").textContent = money(total);
  document.getElementById("table").hidden = lines.length === 0;
  document.getElementById("nothing").hidden = lines.length > 0;
}

document.getElementById("empty").addEventListener("click", () => {
  empty();
  show();
});
show();
showCount();
