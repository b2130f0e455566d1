// The look-up page. It reads script files next to it, so that it works from a folder without a server.
// lookup/about.js      what the numbers in records mean, and which files there are
// lookup/code/*.js     records, by the beginning of their code
// lookup/postcode/*.js codes at a postcode, in the order of ods_find
// lookup/search, text  what search.js searches: words, names, towns and codes
"use strict";
(function () {
  const about = window.odsAbout, loaded = new Map(), shelves = { code: {}, postcode: {}, search: {}, text: {} };
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

  const search = window.odsSearchWith(about, load);

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

  // The codes at a postcode, or in a district (N10) or sector (N10 9).
  async function codesAt(postcode) {
    const key = postcode.replace(" ", ""), rest = postcode.includes(" ") ? 2 : 3, codes = [];
    if (/[0-9][A-Z]{2}$/.test(key) && key.length > 4) return (await fromShelf("postcode", key)) || [];
    const files = Object.entries(about.files.postcode).filter(function (entry) { return entry[0].startsWith(key) || key.startsWith(entry[0]); });
    for (const content of await Promise.all(files.map(function (entry) { return load("postcode", entry[1]); }))) {
      for (const other of Object.keys(content)) {
        if (other.length === key.length + rest && other.startsWith(key)) codes.push.apply(codes, content[other]);
      }
    }
    return codes;
  }

  // The codes at the postcode of a question, or at one that was perhaps meant by it.
  async function placeOf(question) {
    const isWhole = search.isWholePostcode(question.postcode), at = question.postcode ? await codesAt(question.postcode) : [];
    if (at.length && isWhole) return { codes: at, likeness: 0 };
    if (question.readings.length && !(await fromShelf("code", question.code)) && !(await fromShelf("code", question.key))) {
      const like = (await Promise.all(question.readings.map(codesAt))).flat();
      if (like.length) return { codes: like, likeness: isWhole ? 1 : 2 };
    }
    return { codes: at.length || !question.sector ? at : await codesAt(question.sector), likeness: 0 };
  }

  async function find(text) {
    const question = search.questionOf(text);
    // What a code alone does not need is fetched meanwhile, all at once.
    if (question.postcode || question.sector || !/^[A-Z0-9]{3,9}$/.test(question.code) || !/[0-9]/.test(question.code)) search.prepare(question);
    const there = await placeOf(question);
    const exact = !there.codes.length && question.code ? await fromShelf("code", question.code) : undefined;
    // A code alone needs no search unless a name has such a word too.
    const isAlone = exact !== undefined && question.key === question.code && !(await search.anyWord(question));
    const found = isAlone ? { all: 1, codes: [question.code] } : question.key.length < 2 ? { all: 0, codes: [] } : await search.find(question, there, SHOWN);
    // A postcode with its space is no code with a typo.
    const isPostcode = question.postcode === question.code && question.typed.includes(" ");
    const alike = found.codes.length || isPostcode || !/^[A-Z0-9]{3,9}$/.test(question.code) ? [] : await search.similar(question);
    const shown = alike.length ? alike : found.codes, records = [];
    await Promise.all(shown.map(function (code) { return fromShelf("code", code); }));
    for (const code of shown) records.push([code, await fromShelf("code", code)]);
    return { records: records, alike: alike.length > 0, isMeant: there.likeness > 0, all: alike.length || found.all };
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
    const many = found.all > 200 ? "The first " + found.records.length + " of more than 200 organisations." : found.all > found.records.length ? "The first " + found.records.length + " of " + found.all.toLocaleString("en-GB") + " organisations." : found.all === 1 ? "One organisation." : found.all + " organisations.";
    note.textContent = found.alike ? "No code " + text.toUpperCase() + " in the register as of " + about.as_of + ". Perhaps:" : found.all && found.isMeant ? "No organisation has the postcode in " + text.toUpperCase() + "; one like it has. " + many : found.all ? many : "Nothing in the register as of " + about.as_of + " has this code, this postcode, or all these words in its name. ods-pipeline find gives the reason and similar codes.";
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
