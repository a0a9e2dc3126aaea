// What the demo shop sells. Prices are in cents, so that sums are exact.

export const CATALOGUE = [
  { id: "st-10", name: "Desk stapler Classic", text: "Metal, staples 25 sheets, for every day.", price: 1249, picture: "stapler" },
  { id: "st-20", name: "Mini stapler Pocket", text: "Fits in a pencil case, staples 10 sheets.", price: 399, picture: "stapler" },
  { id: "st-30", name: "Heavy-duty stapler Titan", text: "Long arm, staples 100 sheets.", price: 3990, picture: "stapler" },
  { id: "st-40", name: "Electric stapler Swift", text: "Staples 20 sheets at the touch of a button.", price: 2795, picture: "stapler" },
  { id: "st-50", name: "Long-reach stapler Atlas", text: "For booklets up to A3.", price: 2150, picture: "stapler" },
  { id: "sp-10", name: "Staples 24/6, box of 1,000", text: "Galvanised steel, for up to 25 sheets.", price: 185, picture: "box" },
  { id: "pn-10", name: "Fountain pen Aurora", text: "Steel nib, medium.", price: 2490, picture: "pen" },
  { id: "pn-20", name: "Ball pens, pack of 10", text: "Blue, medium.", price: 450, picture: "pen" },
  { id: "nb-10", name: "Notebook A5, dotted", text: "192 pages, lies flat.", price: 890, picture: "notebook" },
  { id: "nb-20", name: "Legal pad, pack of 3", text: "Yellow, ruled, 50 sheets each.", price: 675, picture: "notebook" },
  { id: "sc-10", name: "Scissors 21 cm", text: "Stainless, for both hands.", price: 799, picture: "scissors" },
  { id: "tp-10", name: "Tape dispenser", text: "Heavy foot, with one roll.", price: 1095, picture: "tape" },
];

// The products in whose name or text all of the words stand.
export function search(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return CATALOGUE.filter((item) => {
    const hay = `${item.name} ${item.text}`.toLowerCase();
    return wanted.every((word) => hay.includes(word));
  });
}

export function find(id) {
  return CATALOGUE.find((item) => item.id === id);
}

export function money(cents) {
  return `$${(cents / 100).toFixed(2)}`;
}
