// The search of the look-up page: the steps of ods_find, in its order, over the files in lookup/search and lookup/text.
// Keep it like marts/macros/ods_find.sql, find_as_typed.sql and words_search.sql; the tests compare both.
"use strict";
window.odsSearchWith = function (about, load) {
  const SPELT = {
    SAINT: "ST", STREET: "ST", DOCTOR: "DR", DOCTORS: "DR", CENTER: "CENTRE", CENTERS: "CENTRE", CTR: "CENTRE", LIMITED: "LTD",
    ROAD: "RD", AVENUE: "AVE", MOUNT: "MT", FIRST: "1ST", SECOND: "2ND", HOSP: "HOSPITAL", HLTH: "HEALTH", COMPANY: "CO",
    PRAC: "PRACTICE", COMM: "COMMUNITY", UNIV: "UNIVERSITY", SURG: "SURGERY", PHARM: "PHARMACY", GEN: "GENERAL", DEPT: "DEPARTMENT",
    CLIN: "CLINIC", ASSOC: "ASSOCIATION",
  };
  const POSTCODE = /^[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}$/;
  const WITHIN = /(?:^| )([A-Z]{1,2}[0-9][0-9A-Z]?(?: ?[0-9][A-Z]{2}| [0-9])?)(?: |$)/;
  const WHOLE = 4095, LIKE_A_POSTCODE = 4096, SITE = 16, FORMER = 32, KINDS = ["code", "name", "postcode", "place"];

  function keyOf(text) { return text.toUpperCase().replace(/[\s\p{Z}\p{C}]/gu, ""); }
  function wordsOf(text) {
    return text.toUpperCase().replace(/['\u2019`]/g, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  }
  function plain(word) {
    const spelt = Object.prototype.hasOwnProperty.call(SPELT, word) ? SPELT[word] : word;
    return spelt.replace(/^([A-Z]{2,})IES$/, "$1Y").replace(/^([A-Z0-9]{2,}[^S])S$/, "$1");
  }
  function numbers(text) {
    const bytes = atob(text), view = new Uint8Array(bytes.length);
    for (let n = 0; n < bytes.length; n += 1) view[n] = bytes.charCodeAt(n);
    return new Int32Array(view.buffer);
  }
  function lettersIn(word) {
    let letters = 0;
    for (let n = 0; n < word.length; n += 1) {
      const letter = word.charCodeAt(n) - 65;
      if (letter >= 0 && letter < 26) letters |= 1 << letter;
    }
    return letters;
  }
  function bits(number) {
    let count = 0;
    for (let rest = number; rest; rest &= rest - 1) count += 1;
    return count;
  }
  // Damerau-Levenshtein, in which a swap may have other edits inside it.
  function distance(a, b) {
    const most = a.length + b.length, last = {}, rows = [];
    for (let i = 0; i <= a.length + 1; i += 1) rows.push(new Array(b.length + 2).fill(0));
    rows[0][0] = most;
    for (let i = 0; i <= a.length; i += 1) { rows[i + 1][0] = most; rows[i + 1][1] = i; }
    for (let j = 0; j <= b.length; j += 1) { rows[0][j + 1] = most; rows[1][j + 1] = j; }
    for (let i = 1; i <= a.length; i += 1) {
      let match = 0;
      for (let j = 1; j <= b.length; j += 1) {
        const i1 = last[b[j - 1]] || 0, j1 = match, same = a[i - 1] === b[j - 1];
        if (same) match = j;
        rows[i + 1][j + 1] = Math.min(
          rows[i][j] + (same ? 0 : 1), rows[i + 1][j] + 1, rows[i][j + 1] + 1, rows[i1][j1] + (i - i1 - 1) + 1 + (j - j1 - 1));
      }
      last[a[i - 1]] = i;
    }
    return rows[a.length + 1][b.length + 1];
  }
  function likeness(a, b) {
    if (!a.length || !b.length) return a.length === b.length ? 1 : 0;
    const reach = Math.max(Math.floor(Math.max(a.length, b.length) / 2) - 1, 0), taken = new Array(b.length).fill(false), common = [];
    for (let i = 0; i < a.length; i += 1) {
      for (let j = Math.max(0, i - reach); j <= Math.min(b.length - 1, i + reach); j += 1) {
        if (!taken[j] && a[i] === b[j]) { taken[j] = true; common.push(a[i]); break; }
      }
    }
    if (!common.length) return 0;
    let moved = 0, place = 0;
    for (let j = 0; j < b.length; j += 1) if (taken[j]) { if (b[j] !== common[place]) moved += 1; place += 1; }
    const found = common.length, same = (found / a.length + found / b.length + (found - Math.floor(moved / 2)) / found) / 3;
    let start = 0;
    while (start < Math.min(4, a.length, b.length) && a[start] === b[start]) start += 1;
    return same > 0.7 ? same + start * 0.1 * (1 - same) : same;
  }

  let held = null, vocabulary = null;
  async function allWords() {
    if (vocabulary) return vocabulary;
    const words = await load("search", "words"), known = words.words.split("\n");
    vocabulary = { known: known, texts: numbers(words.texts), letters: Int32Array.from(known, lettersIn) };
    return vocabulary;
  }
  async function everything() {
    if (held) return held;
    const [words, listings] = await Promise.all([allWords(), load("search", "listings")]), codes = listings.codes.split("\n");
    const names = numbers(listings.names), flags = numbers(listings.flags), former = new Map(), current = new Map();
    for (let n = flags.length - 1; n >= 0 && flags[n] & FORMER; n -= 1) {
      former.set(codes[n], [n].concat(former.get(codes[n]) || []));
    }
    held = {
      known: words.known, texts: words.texts, letters: words.letters, codes: codes, names: names,
      towns: numbers(listings.towns), flags: flags, sizes: numbers(listings.sizes), former: former, current: current,
    };
    return held;
  }
  // The listing of a code under its current name; -1 if it is not held.
  function listingOf(all, code) {
    if (!all.current.has(code)) {
      let place = all.codes.indexOf(code);
      while (place >= 0 && all.flags[place] & FORMER) place = all.codes.indexOf(code, place + 1);
      all.current.set(code, place);
    }
    return all.current.get(code);
  }

  function questionOf(entry) {
    const code = keyOf(entry), words = wordsOf(entry), within = WITHIN.exec(words);
    const postcode = POSTCODE.test(code) ? code : within ? within[1] : "";
    let rest = " " + words + " ";
    if (postcode === code) rest = "";
    else if (postcode) rest = rest.split(" " + postcode + " ").join("  ");
    rest = rest.split(" AND ").join(" ").split("  ").join(" ").replace(/^ +| +$/g, "");
    return { code: code, typed: words, postcode: postcode, words: rest.split(" ").slice(0, 12) };
  }

  // For each typed word, the words of the register that it may stand for, and how well. Place n is the bit n.
  function spellings(all, words) {
    const found = [];
    for (let place = 0; place < words.length; place += 1) {
      const asTyped = [[words[place], false]], cuts = new Map();
      if (place + 1 < words.length) asTyped.push([words[place] + words[place + 1], true]);
      for (const [text, isPair] of asTyped) {
        const word = plain(text), size = word.length, third = Math.floor(size / 3);
        if (!word || (isPair && size <= 4)) continue;
        const most = size < 4 || /[0-9]/.test(word) ? 0 : size < 8 ? 1 : 2, letters = lettersIn(word);
        const head = word.slice(0, third), middle = word.slice(third, size - third), tail = word.slice(size - third);
        if (!isPair) found.push({ place: place, id: 0, texts: 1, isPart: false, size: size, quality: 0 });
        for (let n = 0; n < all.known.length; n += 1) {
          const other = all.known[n], length = other.length;
          let fits = false, isPart = false;
          if (other === word) fits = true;
          else if (!isPair && length > size && other.includes(word)) fits = size > 3 || (size > 1 && other.startsWith(word));
          else if (!isPair && size > 4 && length >= 2 && length <= size - 2) {
            isPart = word.startsWith(other) || word.endsWith(other);
            fits = isPart || (most === 2 && length === size - 2 && bits(all.letters[n] ^ letters) <= 4 && distance(other, word) <= 2);
          } else if (most > 0 && Math.abs(length - size) <= most && bits(all.letters[n] ^ letters) <= 2 * most) {
            fits = (other.startsWith(head) || other.endsWith(tail) || other.includes(middle)) && distance(other, word) <= most;
          }
          if (!fits) continue;
          isPart = !isPair && length >= 2 && length <= size - 2 && (word.startsWith(other) || word.endsWith(other));
          const isStart = word.startsWith(other);
          let quality;
          if (isPart) quality = 0.97 * length / size;
          else if (other === word) quality = isPair ? 0.97 : 1;
          else if (other.startsWith(word)) quality = (90 - Math.min(10, length - size)) / 100;
          else if (other.includes(word)) quality = 0.7;
          else quality = (9 - distance(other, word)) / 10;
          const row = {
            place: place, id: n + 1, texts: all.texts[n], isPart: isPart, quality: quality,
            size: isPair ? size / 2 : isPart ? length : size,
          };
          if (isPart) {
            const cut = isStart ? length : size - length;
            row.cut = cuts.get(cut) || { start: false, end: false };
            cuts.set(cut, row.cut);
            if (isStart) row.cut.start = true; else row.cut.end = true;
          }
          found.push(row);
          if (isPair) found.push(Object.assign({}, row, { place: place + 1 }));
        }
      }
    }
    return found.filter(function (row) { return !row.isPart || (row.cut.start && row.cut.end); });
  }
  function weightsOf(rows, count) {
    const best = new Array(count).fill(null);
    for (const row of rows) {
      const b = best[row.place];
      if (!b || row.quality > b.quality || (row.quality === b.quality && (row.texts < b.texts || (row.texts === b.texts && row.id < b.id)))) best[row.place] = row;
    }
    return best.map(function (row) {
      if (!row) return 0;
      return row.quality > 0 ? Math.min(15, Math.max(1, Math.round(Math.log(1000000 / row.texts)))) : 9;
    });
  }

  // The names and towns that have some of the words.
  async function textsWith(all, rows, weights) {
    const found = new Map();
    const files = new Map();
    for (const row of rows) {
      if (!row.id) continue;
      let file = 0;
      while (file + 1 < about.search.words.length && about.search.words[file + 1] <= row.id) file += 1;
      files.set(row.id, "word" + about.search.words[file]);
    }
    await Promise.all(Array.from(new Set(files.values()), function (file) { return load("search", file); }));
    for (const row of rows) {
      if (!row.id) continue;
      const content = await load("search", files.get(row.id));
      for (const text of numbers(content[row.id])) {
        let places = found.get(text);
        if (!places) found.set(text, places = new Map());
        let at = places.get(row.place);
        if (!at) places.set(row.place, at = { whole: 0, parts: 0, size: 0, partSize: 0 });
        if (row.isPart) { at.parts += row.quality; at.partSize += row.size; }
        else { at.whole = Math.max(at.whole, row.quality); at.size = Math.max(at.size, row.size); }
      }
    }
    let best = 0;
    const texts = new Map();
    for (const [text, places] of found) {
      const sum = { got: 0, mask: 0, exact: 0, covered: 0 };
      for (const [place, at] of places) {
        const quality = Math.min(1, Math.max(at.whole, at.parts));
        sum.got += weights[place] * quality;
        sum.mask |= 1 << place;
        if (quality >= 0.96) sum.exact |= 1 << place;
        sum.covered += Math.max(at.size, at.partSize) * quality;
      }
      sum.covered = Math.min(1, sum.covered / all.sizes[text]);
      best = Math.max(best, sum.got);
      texts.set(text, sum);
    }
    for (const [text, sum] of texts) if (!(sum.got > 0.4 * best)) texts.delete(text);
    return texts;
  }

  async function listingsFor(all, question, codesAt) {
    const rows = spellings(all, question.words), weights = weightsOf(rows, question.words.length);
    const texts = await textsWith(all, rows, weights), found = new Map(), isThere = new Uint8Array(all.sizes.length + 1);
    const weighted = texts.size > 0;
    function at(listing) {
      let row = found.get(listing);
      if (!row) found.set(listing, row = { listing: listing, got: 0, mask: 0, exact: 0, covered: 0, town: 0, code: 0, postcode: 0 });
      return row;
    }
    for (const text of texts.keys()) isThere[text] = 1;
    if (texts.size) {
      for (let n = 0; n < all.names.length; n += 1) {
        if (isThere[all.names[n]]) {
          const sum = texts.get(all.names[n]), row = at(n);
          row.got = sum.got; row.mask = sum.mask; row.exact = sum.exact; row.covered = sum.covered;
        }
        if (isThere[all.towns[n]]) at(n).town = texts.get(all.towns[n]).mask;
      }
    }
    const asCodes = question.words.concat([question.code], question.words[0] ? [question.postcode] : []);
    asCodes.forEach(function (word, place) {
      const listing = word ? listingOf(all, word) : -1, words = question.words.length;
      const mask = place === words ? WHOLE : place === words + 1 ? LIKE_A_POSTCODE : 1 << place;
      if (listing >= 0) at(listing).code = Math.max(at(listing).code, mask);
    });
    for (const code of codesAt) {
      for (const listing of [listingOf(all, code)].concat(all.former.get(code) || [])) if (listing >= 0) at(listing).postcode = 1;
    }
    function weightOf(mask) {
      let sum = 0;
      if (weighted) weights.forEach(function (weight, place) { if (mask & (1 << place)) sum += weight; });
      return sum;
    }
    const asked = codesAt.length ? 9 : 0, whole = weightOf(WHOLE) + asked;
    let kept = [], most = 0, mostCode = 0;
    for (const row of found.values()) {
      if (row.code === WHOLE) row.score = 1;
      else if (whole === 0) row.score = 0;
      else {
        const elsewhere = (row.town | row.code) & ~row.mask;
        row.score = (row.got + Math.max(row.postcode, row.code >> 12) * asked + weightOf(elsewhere)) / whole;
      }
      if (row.score >= 0.55) { kept.push(row); most = Math.max(most, row.score); mostCode = Math.max(mostCode, row.code); }
    }
    kept = kept.filter(function (row) {
      return row.score >= 0.8 * most && (mostCode !== WHOLE || row.code === WHOLE || (row.mask === row.exact && row.mask > 0));
    });
    return kept;
  }

  // The matches, each code once, with what they are sorted by.
  async function matches(all, question, codesAt) {
    const byCode = new Map();
    for (const row of await listingsFor(all, question, codesAt)) {
      row.id = all.codes[row.listing];
      const other = byCode.get(row.id);
      if (!other || row.score > other.score || (row.score === other.score && row.listing < other.listing)) byCode.set(row.id, row);
    }
    const rows = Array.from(byCode.values()), groups = new Map();
    const places = rows.some(function (row) { return row.mask === 0 && row.postcode; }) ? numbers((await load("search", "places")).places) : null;
    for (const row of rows) {
      const flags = all.flags[row.listing], isFormer = Boolean(flags & FORMER);
      row.openness = flags & 15;
      row.site = flags & SITE ? 1 : 0;
      row.kind = row.code === WHOLE || (row.code > 0 && (row.mask > 0 || row.id.length > 4)) ? 0 : row.mask > 0 || row.code > 0 ? 1 : row.town > 0 ? 3 : 2;
      if (row.mask === 0) row.nearness = 0;
      else if (row.mask === row.exact && row.score > 0.95 && row.covered > 0.96 && !isFormer) row.nearness = 0;
      else row.nearness = 1 + Math.floor((1 - 0.7 * row.score - 0.3 * row.covered) * 10);
      row.rank = row.order = Infinity;
      if (places && row.mask === 0 && row.postcode) {
        const group = row.kind + "/" + row.nearness + "/" + places[row.listing];
        if (!groups.has(group)) groups.set(group, { rank: Infinity, order: Infinity });
        row.group = groups.get(group);
        row.group.rank = Math.min(row.group.rank, row.openness);
        row.group.order = Math.min(row.group.order, row.listing);
      }
    }
    for (const row of rows) if (row.group) { row.rank = row.group.rank; row.order = row.group.order; }
    return rows;
  }

  function compared(a, b, fields) {
    for (const field of fields) if (a[field] !== b[field]) return a[field] < b[field] ? -1 : 1;
    return 0;
  }

  // The first of the matches in the order of ods_find. Names are read for those only that could be among them.
  async function firstOf(all, question, rows, count) {
    const early = ["kind", "nearness"], late = ["kind", "nearness", "differs", "rank", "order", "openness", "site"];
    rows.sort(function (a, b) { return compared(a, b, early.concat(["rank", "order", "openness", "site"])); });
    const best = [];
    for (let from = 0; from < rows.length && best.length < count;) {
      const isExact = rows[from].nearness === 0 && KINDS[rows[from].kind] === "name";
      const fields = isExact ? early : early.concat(["rank", "order", "openness", "site"]);
      let to = from;
      while (to < rows.length && compared(rows[from], rows[to], fields) === 0) to += 1;
      const bucket = rows.slice(from, to);
      if (bucket.length > 1) {
        const files = new Set(), per = about.search.texts_in_a_file;
        for (const row of bucket) {
          row.text = all.names[listingOf(all, row.id)];
          if (row.text) files.add(Math.floor(row.text / per));
        }
        // Names that are all the same need not be known.
        const needed = isExact || bucket.some(function (row) { return row.text !== bucket[0].text; });
        if (needed) await Promise.all(Array.from(files, function (file) { return load("text", String(file)); }));
        const like = new Map();
        for (const row of bucket) {
          row.name = needed && row.text ? (await load("text", String(Math.floor(row.text / per))))[row.text] : "";
          if (!like.has(row.text)) like.set(row.text, row.text ? -likeness(row.name, question.typed) : Infinity);
          row.unlike = like.get(row.text);
          row.differs = isExact && row.name !== question.typed ? 1 : 0;
          row.uncovered = -row.covered;
        }
        bucket.sort(function (a, b) { return compared(a, b, late.concat(["unlike", "uncovered", "name", "id"])); });
      }
      for (const row of bucket) best.push(row);
      from = to;
    }
    return best.slice(0, count).map(function (row) { return row.id; });
  }

  return {
    questionOf: questionOf,
    plain: plain,
    all: everything,
    anyWord: async function (question) {
      return spellings(await allWords(), question.words).some(function (row) { return row.id > 0; });
    },
    distance: distance,
    // codesAt: the codes at the postcode of the question.
    find: async function (question, codesAt, count) {
      const all = await everything(), rows = await matches(all, question, codesAt);
      return { all: rows.length, codes: await firstOf(all, question, rows, count) };
    },
  };
};
