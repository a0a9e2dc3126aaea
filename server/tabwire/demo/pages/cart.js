// The cart, kept in this browser alone.

const KEY = "demo-shop-cart";

// What is in the cart: product id to quantity.
export function read() {
  try {
    const held = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return held && typeof held === "object" && !Array.isArray(held) ? held : {};
  } catch {
    return {};
  }
}

function write(cart) {
  localStorage.setItem(KEY, JSON.stringify(cart));
  showCount();
}

export function add(id) {
  const cart = read();
  cart[id] = (cart[id] ?? 0) + 1;
  write(cart);
}

export function setQuantity(id, quantity) {
  const cart = read();
  if (quantity > 0) cart[id] = quantity;
  else delete cart[id];
  write(cart);
}

export function empty() {
  write({});
}

export function count() {
  return Object.values(read()).reduce((sum, quantity) => sum + quantity, 0);
}

// Keeps the link in the page's head up to date.
export function showCount() {
  const badge = document.getElementById("cart-count");
  if (badge) badge.textContent = String(count());
}
