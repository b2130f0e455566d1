// The look-up page. It reads script files next to it, so that it works from a folder without a server.
// lookup/about.js      what the numbers in records mean, and which files there are
// lookup/code/*.js     records, by the beginning of their code
// lookup/postcode/*.js codes at a postcode, in the order of ods_find
// lookup/name/*.js     names and former names of all organisations, in the order of ods_find
"use strict";
(function () {
  const about = window.odsAbout, loaded = new Map(), shelves = { code: {}, postcode: {}, name: {} };
  const box = document.getElementById("entry"), list = document.getElementById("found"), note = document.getElementById("note");
  const SHOWN = 20;
  let asked = 0;

  window.odsShelf = function (shelf, name, content) { shelves[shelf][name] = content; };

  function load(shelf, name) {
    const path = "lookup/" + shelf + "/" + name + ".js";
    if (!loaded.has(path)) {
      loaded.set(path, new Promise(function (resolve, reject) {
        const script = document.createElement("script");
        script.src = path;
        script.onload = function () { resolve(shelves[shelf][name]); };
        script.onerror = function () { loaded.delete(path); reject(new Error(path)); };
        document.head.append(script);
      }));
    }
    return loaded.get(path);
  }

  // The longest beginning of a key that has a file; null if there is none.
  function fileOf(shelf, key) {
    const files = about.files[shelf];
    for (let n = Math.min(key.length, about.longest); n > 0; n -= 1) {
      const file = files[key.slice(0, n)];
      if (file !== undefined) return file;
    }
    return files[""] === undefined ? null : files[""];
  }

  async function fromShelf(shelf, key) {
    const file = fileOf(shelf, key);
    if (file === null) return undefined;
    const content = await load(shelf, file);
    return Object.prototype.hasOwnProperty.call(content, key) ? content[key] : undefined;
  }

  // As the build makes keys: letters and digits in upper case, other characters separate words.
  function keyOf(text) { return text.toUpperCase().replace(/\s+/g, ""); }
  function wordsOf(text) {
    return text.toUpperCase().replace(/['\u2019`]/g, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  }

  // How near a name is: 0 the same, 1 begins so, 2 has all words in full, 3 has them in part; -1 not at all.
  function nearness(name, entry, words) {
    if (name === entry) return 0;
    if (name.startsWith(entry + " ")) return 1;
    for (const word of words) if (!name.includes(word)) return -1;
    const spaced = " " + name + " ";
    for (const word of words) if (!spaced.includes(" " + word + " ")) return 3;
    return 2;
  }

  async function byName(entry) {
    const words = entry.split(" "), tiers = [[], [], [], []], seen = new Set();
    let all = 0;
    for (const [number, file] of about.names.entries()) {
      const content = await load("name", file);
      if (content.lines === undefined) content.lines = content.names.split("\n");
      if (content.ids === undefined) content.ids = content.codes.split("\n");
      // A quick look at the whole file first: most files of most searches end here.
      if (!words.every(function (word) { return content.names.includes(word); })) continue;
      content.lines.forEach(function (name, place) {
        const near = nearness(name, entry, words);
        if (near < 0) return;
        const code = content.ids[place];
        if (seen.has(code)) return;
        seen.add(code);
        all += 1;
        // Open ones first; then the less of a name was not typed, the nearer it is.
        const isPast = number * about.names_in_a_file + place >= about.open;
        tiers[near].push([isPast * 1e6 + name.length, code]);
      });
    }
    // The sort is stable: names of one length stay in the order of the files, which is that of ods_find.
    const best = tiers.flatMap(function (tier) { return tier.sort(function (a, b) { return a[0] - b[0]; }).slice(0, SHOWN); });
    return { all: all, codes: best.slice(0, SHOWN).map(function (found) { return found[1]; }) };
  }

  // Codes that look the same (0 and O, 1 and I), else those one typo away; at most five, and only in place of nothing.
  async function similar(key) {
    const look = lookOf(key), same = [], near = [];
    for (const file of about.names) {
      const content = await load("name", file);
      for (const code of content.codes.split("\n")) {
        if (lookOf(code) === look) same.push(code);
        else if (Math.abs(code.length - key.length) < 2 && oneTypo(code, key)) near.push(code);
      }
    }
    const codes = same.length ? same : near;
    return codes.length > 5 ? [] : codes;
  }
  function lookOf(code) { return code.replace(/[OILSBZ]/g, function (c) { return "011582"["OILSBZ".indexOf(c)]; }); }
  function oneTypo(a, b) {
    let first = 0, last = 0;
    while (first < a.length && a[first] === b[first]) first += 1;
    while (last < Math.min(a.length, b.length) - first && a[a.length - 1 - last] === b[b.length - 1 - last]) last += 1;
    const left = a.slice(first, a.length - last), right = b.slice(first, b.length - last);
    return (left.length <= 1 && right.length <= 1) || (left.length === 2 && right === left[1] + left[0]);
  }

  // All codes of a postcode district (N10) or sector (N10 9), in the order of their postcodes.
  async function inDistrict(key) {
    const codes = [];
    for (const [beginning, file] of Object.entries(about.files.postcode)) {
      if (!beginning.startsWith(key) && !key.startsWith(beginning)) continue;
      const content = await load("postcode", file);
      for (const postcode of Object.keys(content)) {
        if (postcode.slice(0, -3) === key || postcode.slice(0, -2) === key) codes.push.apply(codes, content[postcode]);
      }
    }
    return codes;
  }

  async function find(text) {
    const key = keyOf(text), words = wordsOf(text), codes = [];
    const exact = key ? await fromShelf("code", key) : undefined;
    if (exact !== undefined) codes.push(key);
    let there = key ? (await fromShelf("postcode", key)) || [] : [];
    if (!there.length && exact === undefined && /^[A-Z]{1,2}[0-9][0-9A-Z]?[0-9]?$/.test(key)) there = await inDistrict(key);
    const named = words.length >= 3 && !there.length && (exact === undefined || words.includes(" ")) ? await byName(words) : { all: 0, codes: [] };
    for (const code of there.concat(named.codes)) if (!codes.includes(code)) codes.push(code);
    const alike = codes.length || !/^[A-Z0-9]{3,9}$/.test(key) ? [] : await similar(key);
    const shown = alike.length ? alike : codes.slice(0, SHOWN), records = [];
    for (const code of shown) records.push([code, await fromShelf("code", code)]);
    return { records: records, alike: alike.length > 0, all: Math.max(codes.length, named.all) };
  }

  function add(parent, tag, text, css) {
    const element = document.createElement(tag);
    if (css) element.className = css;
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  }

  function addCodes(parent, before, codes) {
    if (!codes || !codes.length) return;
    const line = add(parent, "p", before + " ");
    codes.forEach(function (code, place) {
      if (place) line.append(", ");
      const link = add(line, "a", code);
      link.href = "#" + encodeURIComponent(code);
    });
  }

  function addArea(parent, kind, name, code) {
    if (!code) return;
    const line = add(parent, "p", name + " "), link = add(line, "a", code);
    link.href = kind + "/" + code.replace(/[^A-Z0-9]/gu, function (c) { return "_" + c.codePointAt(0).toString(16) + "_"; }) + ".html";
    const title = about.areas[code];
    if (title) { line.append(" "); add(line, "bdi", title); }
  }

  function show(code, record) {
    const [name, kind, openness, explanation, address, postcode, hq, icb, region, replaced, candidates, former] = record;
    const item = add(list, "li"), heading = add(item, "h2");
    add(heading, "code", code);
    heading.append(" ");
    add(heading, "bdi", name || "");
    const state = about.openness[openness];
    add(item, "p", about.kinds[kind] + ". " + explanation + ".", state === "open" ? "" : "past");
    if (former) add(add(item, "p", "Formerly ", "past"), "bdi", former);
    addCodes(item, "Replaced by", replaced);
    addCodes(item, "Perhaps replaced by", replaced && replaced.length ? [] : candidates);
    if (address || postcode) add(add(item, "p"), "bdi", [address, postcode].filter(Boolean).join(", "));
    addCodes(item, "Run by", hq ? [hq] : []);
    addArea(item, "icb", "ICB", icb);
    addArea(item, "region", "Region", region);
  }

  async function answer() {
    const text = box.value.trim(), mine = (asked += 1);
    if (!text) { list.replaceChildren(); note.textContent = ""; return; }
    let found;
    try {
      found = await find(text);
    } catch (error) {
      if (mine === asked) { list.replaceChildren(); note.textContent = "A file of this site is missing: " + error.message + ". Build the report again."; }
      return;
    }
    if (mine !== asked) return; // a newer question is on its way
    list.replaceChildren();
    for (const [code, record] of found.records) if (record !== undefined) show(code, record);
    const many = found.all > found.records.length ? "The first " + found.records.length + " of " + found.all.toLocaleString("en-GB") + " organisations." : found.all === 1 ? "One organisation." : found.all + " organisations.";
    note.textContent = found.alike ? "No code " + text.toUpperCase() + " in the register as of " + about.as_of + ". Perhaps:" : found.all ? many : "Nothing in the register as of " + about.as_of + " has this code, this postcode, or all these words in its name. ods-pipeline find gives the reason and similar codes.";
    document.body.dataset.answered = text;
  }

  function fromAddress() {
    const wanted = decodeURIComponent(location.hash.slice(1));
    if (wanted && wanted !== "main" && wanted !== box.value) { box.value = wanted; answer(); }
  }

  let timer = 0;
  box.addEventListener("input", function () {
    clearTimeout(timer);
    timer = setTimeout(function () {
      history.replaceState(null, "", "#" + encodeURIComponent(box.value.trim()));
      answer();
    }, 150);
  });
  window.addEventListener("hashchange", fromAddress);
  box.disabled = false;
  fromAddress();
})();
