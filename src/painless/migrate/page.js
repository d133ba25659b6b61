"use strict";
const form = document.getElementById("filter");
const cards = [...document.querySelectorAll("#ingresses > details.card")];
const texts = cards.map((card) => card.textContent.toLowerCase());
const search = form.querySelector("input[type=search]");
const odd = document.getElementById("surprised");
const said = form.querySelector("output");

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const kinds = [...form.querySelectorAll("input[value]:checked")].map((one) => one.value);
  let count = 0;
  cards.forEach((card, at) => {
    const wanted = kinds.some((kind) => card.classList.contains(kind));
    const fits = wanted && (!odd.checked || card.classList.contains("odd"));
    card.hidden = !(fits && words.every((word) => texts[at].includes(word)));
    count += card.hidden ? 0 : 1;
  });
  said.textContent = count === cards.length ? "" : `${count} of ${cards.length}`;
}

function open() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") target.open = true;
}

form.hidden = false;
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", open);
open();
// A browser that goes back keeps what was typed.
show();
