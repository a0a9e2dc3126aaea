// The page of results: lists what was found, sorts it, and puts things into the cart.

import { add, showCount } from "./cart.js";
import { money, search } from "./catalogue.js";
import { draw } from "./pictures.js";

const ORDERS = {
  relevance: () => 0,
  "price-low": (a, b) => a.price - b.price,
  "price-high": (a, b) => b.price - a.price,
  name: (a, b) => a.name.localeCompare(b.name),
};

const query = new URLSearchParams(location.search).get("q")?.trim() ?? "";
const found = search(query);
const list = document.getElementById("results");
const sort = document.getElementById("sort");
const note = document.getElementById("note");

function card(item) {
  const entry = document.createElement("li");
  entry.className = "card";
  const picture = document.createElement("div");
  picture.className = "picture";
  picture.setAttribute("aria-hidden", "true");
  picture.append(draw(item.picture, found.indexOf(item)));
  const name = document.createElement("h3");
  name.textContent = item.name;
  const text = document.createElement("p");
  text.textContent = item.text;
  const price = document.createElement("p");
  price.className = "price";
  price.textContent = money(item.price);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Add to cart";
  button.setAttribute("aria-label", `Add to cart: ${item.name}`);
  button.addEventListener("click", () => {
    add(item.id);
    note.textContent = `${item.name} is in your cart.`;
  });
  entry.append(picture, name, text, price, button);
  return entry;
}

function show() {
  const items = [...found].sort(ORDERS[sort.value] ?? ORDERS.relevance);
  list.replaceChildren(...items.map(card));
}

document.getElementById("q").value = query;
document.title = `${query || "All products"} – Paper & Clip`;
document.getElementById("heading").textContent = query ? `Results for “${query}”` : "Results: all products";
document.getElementById("how-many").textContent = found.length === 1 ? "1 product" : `${found.length} products`;
document.getElementById("nothing").hidden = found.length > 0;
sort.addEventListener("change", show);
show();
showCount();
