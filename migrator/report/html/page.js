"use strict";
// The lists of the page. All text comes from the blocks of data and becomes text, never HTML.

const PAGE = 100; // images at a time
const PRINTED = 2000;
const FEW = 6; // addresses of one picture
const some = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const read = (name) => some(`script.${name}`).flatMap((block) => JSON.parse(block.textContent));
const plural = (number, noun, nouns = `${noun}s`) => `${number.toLocaleString("en")} ${number === 1 ? noun : nouns}`;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

const images = read("images");
const posts = read("posts");

// Pictures come last in the file: what is shown before they are there gets them when they are.

const parsed = new Map();
let loaded = false;

function pictureAt(number) {
  const size = 200; // as records.py has it
  const block = Math.floor(number / size);
  if (!parsed.has(block)) {
    const found = document.querySelectorAll("script.pictures")[block];
    if (!found || !(loaded || found.nextElementSibling)) return null;
    parsed.set(block, JSON.parse(found.textContent));
  }
  return parsed.get(block)[number % size];
}

function shot(image) {
  const nothing = () => make("div", { class: "shot" }, make("span", {}, nameOf(image)));
  if (image.picture === undefined) return nothing();
  const picture = pictureAt(image.picture);
  if (picture === null && !loaded) return make("div", { class: "shot", "data-picture": image.picture });
  if (!picture) return nothing();
  return make("img", { class: "shot", src: picture, alt: "", decoding: "async" });
}

function nameOf(image) {
  const type = (image.type ?? "").replace("image/", "").replace("+xml", "");
  return type || (image.url.split(/[?#]/)[0].match(/\.([a-z0-9]{2,5})$/i)?.[1] ?? "no picture").toLowerCase();
}

document.addEventListener("DOMContentLoaded", () => {
  loaded = true;
  for (const place of some("[data-picture]")) {
    const picture = pictureAt(Number(place.dataset.picture));
    place.replaceWith(shot({ ...images.find((each) => String(each.picture) === place.dataset.picture), picture: picture ? Number(place.dataset.picture) : undefined }));
  }
});

// An address is a link only where it leads to a host, and is whole.

function address(text) {
  if (!/^https?:\/\/[^\\]+$/i.test(text) || text.includes("***")) return make("span", { class: "url" }, text);
  return make("a", { class: "url", href: text, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
}

// The list of images

const form = one("#filters");
const list = one("#list");
const hay = new Map();
let shown = images;
let first = 0;

function hayOf(image) {
  if (!hay.has(image)) {
    const places = (image.at ?? []).flatMap(([path, , to]) => [path, to]);
    hay.set(image, [image.url, image.new, image.why, image.detail, image.sha256, image.key, image.source, image.type, ...places].join("\n").toLowerCase());
  }
  return hay.get(image);
}

const orders = {
  size: (a, b) => (b.bytes ?? -1) - (a.bytes ?? -1),
  url: (a, b) => (a.url < b.url ? -1 : a.url > b.url ? 1 : 0),
  host: (a, b) => a.host.localeCompare(b.host),
  state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state),
};
const STATES = ["held", "failed", "stored", "reused", "planned", "skipped"];

function filter() {
  const wanted = Object.fromEntries(new FormData(form));
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  shown = images.filter(
    (image) =>
      (!wanted.state || image.state === wanted.state) &&
      (!wanted.reason || image.reason === wanted.reason) &&
      (!wanted.host || image.host === wanted.host) &&
      (!wanted.post || (image.at ?? []).some(([path]) => path === wanted.post)) &&
      words.every((word) => hayOf(image).includes(word)),
  );
  if (wanted.order) shown.sort(orders[wanted.order]);
  first = 0;
  draw();
}

function draw(number = PAGE) {
  const end = Math.min(shown.length, first + number);
  list.replaceChildren(...shown.slice(first, end).map(imageItem));
  const all = shown.length === images.length ? "" : ` of ${images.length.toLocaleString("en")}`;
  one("#count").textContent = shown.length ? `${plural(shown.length, "image")}${all}` : "No image is like that.";
  const pages = one(".pages");
  pages.hidden = shown.length <= number;
  one("#page").textContent = `${(first + 1).toLocaleString("en")}–${end.toLocaleString("en")} of ${shown.length.toLocaleString("en")}`;
  one('[data-step="-1"]').disabled = first === 0;
  one('[data-step="1"]').disabled = end === shown.length;
}

function imageItem(image) {
  const places = image.at ?? [];
  const [path, line] = places[0] ?? [];
  const more = places.length > 1 ? ` and ${plural(places.length - 1, "more place")}` : "";
  return make(
    "li",
    {},
    shot(image),
    make(
      "div",
      { class: "what" },
      address(image.url),
      image.new ? make("span", {}, make("span", { class: "arrow", "aria-label": "is now" }, "→ "), address(image.new)) : null,
      image.why ? make("span", { class: "why" }, image.why[0].toUpperCase() + image.why.slice(1)) : null,
      path ? make("span", { class: "quiet" }, `${path}:${line}${more}`) : null,
    ),
    make(
      "div",
      { class: "side" },
      make("span", { class: `badge ${image.state}` }, image.state),
      make("span", { class: "quiet" }, [image.size, image.pixels].filter(Boolean).join(", ")),
    ),
    details(image),
  );
}

function details(image) {
  const box = make("details", { class: "details" }, make("summary", {}, "Details"));
  box.addEventListener("toggle", () => box.open && box.children.length === 1 && box.append(facts(image)), { once: true });
  return box;
}

function facts(image) {
  const rows = [
    ["Why", image.detail],
    ["Type", image.type],
    ["SHA-256", image.sha256],
    ["In the store", image.key],
    ["Came from", image.source],
    ["Group", image.group],
    ...(image.at ?? []).map(([path, line, to]) => [`${path}:${line}`, to || "link as it was"]),
  ];
  const terms = rows.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
  return make("dl", {}, ...terms);
}

function options(name, counts, label = (value) => value) {
  const select = form.elements[name];
  const entries = [...counts].sort(([a, m], [b, n]) => (name === "post" ? (a < b ? -1 : 1) : n - m));
  for (const [value, count] of entries) select.append(make("option", { value }, `${label(value)} (${count.toLocaleString("en")})`));
  select.closest(".field").hidden = counts.size < 2;
}

function counted(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function jump(values) {
  form.reset();
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  filter();
  one("#images").scrollIntoView();
  list.focus({ preventScroll: true });
}

function startImages() {
  const words = new Map(images.map((image) => [image.reason, image.why]));
  options("state", counted(images.map((image) => image.state)));
  options("reason", counted(images.map((image) => image.reason).filter(Boolean)), (reason) => words.get(reason));
  options("host", counted(images.map((image) => image.host)));
  options("post", counted(images.flatMap((image) => [...new Set((image.at ?? []).map(([path]) => path))])));
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  for (const button of some("[data-step]")) {
    button.addEventListener("click", () => {
      first += PAGE * Number(button.dataset.step);
      draw();
      one("#images").scrollIntoView();
      list.focus({ preventScroll: true });
    });
  }
  for (const button of some("[data-state]")) {
    button.disabled = false;
    button.addEventListener("click", () => jump({ state: button.dataset.state }));
  }
  for (const button of some("[data-reason]")) {
    button.hidden = false;
    button.addEventListener("click", () => jump({ reason: button.dataset.reason }));
  }
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.target.closest("input, select, textarea")) {
      event.preventDefault();
      form.elements.text.focus();
    }
  });
  addEventListener("beforeprint", () => draw(PRINTED));
  addEventListener("afterprint", () => draw());
  one("#images").hidden = false;
  draw();
}

// Long lists, some items at a time

function listed(section, itemOf) {
  const [box, more] = [one("ul", section), one(".more", section)];
  let rest = [];
  const add = () => {
    box.append(...rest.splice(0, PAGE).map(itemOf));
    more.hidden = !rest.length;
  };
  more.addEventListener("click", () => {
    const last = box.lastElementChild;
    add();
    const next = last?.nextElementSibling;
    next?.setAttribute("tabindex", "-1");
    next?.focus({ preventScroll: true });
  });
  return (items) => {
    rest = [...items];
    box.replaceChildren();
    add();
  };
}

// One picture under several addresses

function startDoubles() {
  const groups = new Map();
  for (const image of images) {
    if (image.sha256) groups.set(image.sha256, [...(groups.get(image.sha256) ?? []), image]);
  }
  const several = [...groups.values()].filter((group) => group.length > 1).sort((a, b) => b.length - a.length);
  if (!several.length) return;
  const section = one("#doubles");
  const all = several.reduce((sum, group) => sum + group.length, 0);
  one("#doubles-count").textContent = `${plural(several.length, "picture")} under ${plural(all, "address", "addresses")}.`;
  listed(section, doubleItem)(several);
  section.hidden = false;
}

function doubleItem(group) {
  const [image] = group;
  const named = group.slice(0, FEW).map((each) => make("li", {}, address(each.url), make("span", { class: "quiet" }, each.state)));
  const rest = group.length > FEW ? make("button", { type: "button" }, `Show all ${group.length.toLocaleString("en")}`) : "";
  if (rest) rest.addEventListener("click", () => jump({ text: image.sha256 }));
  return make(
    "li",
    { class: "card" },
    shot(image),
    make("div", {}, make("h3", {}, `${group.length.toLocaleString("en")} addresses`), make("p", { class: "quiet" }, [image.size, image.pixels].filter(Boolean).join(", ")), make("ul", { class: "places" }, ...named), rest),
  );
}

// Posts, and what changed in each

let diffs = null;

function diffOf(path) {
  diffs ??= loaded ? new Map(read("diffs")) : null;
  return diffs?.get(path);
}

function startPosts() {
  if (!posts.length) return;
  const section = one("#posts");
  const show = listed(section, postItem);
  const search = one("input", section);
  const filtered = () => {
    const word = search.value.toLowerCase();
    const found = posts.filter((post) => `${post.path} ${post.state} ${post.why}`.toLowerCase().includes(word));
    one(".count", section).textContent = found.length ? plural(found.length, "post") : "No post is like that.";
    show(found);
  };
  search.addEventListener("input", filtered);
  filtered();
  section.hidden = false;
}

function postItem(post) {
  const links = post.edits ? plural(post.edits, "link") : "";
  const line = make(
    "div",
    { class: "line" },
    make("span", { class: "url" }, post.path),
    make("span", { class: "quiet" }, [links, post.why, post.detail].filter(Boolean).join(" – ")),
    make("span", { class: `badge ${post.state}` }, post.state),
  );
  const diff = diffOf(post.path);
  if (!diff) return make("li", {}, line);
  const box = make("details", {}, make("summary", {}, line));
  box.addEventListener("toggle", () => box.open && box.append(diffView(diff, post.path)), { once: true });
  return make("li", {}, box);
}

function diffView(diff, path) {
  const lines = diff.replace(/\n$/, "").split("\n").slice(2);
  const view = make("pre", { class: "diff", tabindex: "0", role: "region", "aria-label": `What changed in ${path}` });
  for (let at = 0; at < lines.length; at++) {
    const [mark] = lines[at];
    if (mark === "-" || mark === "+") {
      const block = [];
      while (at < lines.length && "-+".includes(lines[at][0])) block.push(lines[at++]);
      at--;
      view.append(...changed(block));
    } else {
      view.append(make("span", mark === "@" ? { class: "at" } : {}, lines[at] || " "));
    }
  }
  return view;
}

function changed(block) {
  const old = block.filter((line) => line[0] === "-");
  const fresh = block.filter((line) => line[0] === "+");
  const paired = old.length === fresh.length;
  const marked = (line, other, name) => {
    const span = make("span", { class: name });
    if (!paired) return span.append(line), span;
    const [start, end] = differing(line, other);
    span.append(line.slice(0, start), make("mark", {}, line.slice(start, end)), line.slice(end));
    return span;
  };
  return [...old.map((line, at) => marked(line, fresh[at], "del")), ...fresh.map((line, at) => marked(line, old[at], "add"))];
}

function differing(line, other) {
  let start = 1;
  while (start < line.length && line[start] === other[start]) start++;
  let tail = 0;
  while (line.length - tail > start && other.length - tail > start && line[line.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
  return [start, line.length - tail];
}

// Commands to copy

function startCopying() {
  for (const button of some(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.previousElementSibling;
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        getSelection().selectAllChildren(code);
        if (!document.execCommand("copy")) return;
      }
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
  }
}

startCopying();
if (images.length) startImages();
document.addEventListener("DOMContentLoaded", () => {
  startDoubles();
  startPosts();
});
document.documentElement.dataset.ready = Math.round(performance.now());
