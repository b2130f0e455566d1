// The search of the look-up page: the steps of ods_find, in its order, over the files in lookup/search and lookup/text.
// Keep it like marts/macros/ods_find.sql, its steps (find_as_typed.sql, find_by_name.sql, find_codes.sql,
// find_listings.sql and find_matches.sql) and words_search.sql; the tests compare both.
"use strict";
window.odsSearchWith = function (about, load) {
  const SPELT = {
    SAINT: "ST", STREET: "ST", DOCTOR: "DR", DOCTORS: "DR", CENTER: "CENTRE", CENTERS: "CENTRE", CTR: "CENTRE", CTRE: "CENTRE", HSE: "HOUSE", GRP: "GROUP", LN: "LANE", PK: "PARK", CT: "COURT", GDNS: "GARDENS",
    PHCY: "PHARMACY", LIMITED: "LTD",
    ROAD: "RD", AVENUE: "AVE", MOUNT: "MT", FIRST: "1ST", SECOND: "2ND", HOSP: "HOSPITAL", HLTH: "HEALTH", COMPANY: "CO",
    PRAC: "PRACTICE", COMM: "COMMUNITY", UNIV: "UNIVERSITY", SURG: "SURGERY", PHARM: "PHARMACY", GEN: "GENERAL", DEPT: "DEPARTMENT",
    CLIN: "CLINIC", ASSOC: "ASSOCIATION",
  };
  const POSTCODE = /^[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}$/;
  const WITHIN = /(?:^| )([A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})(?: |$)/, PART = /(?:^| )([A-Z]{1,2}[0-9][0-9A-Z]?(?: [0-9])?)(?: |$)/;
  const LIKE = /(?:^| )([A-Z][A-Z0-9]{0,2}[0-9OIL] ?[0-9](?:[A-MO-QU-Z][A-Z]|[NRST][A-CE-GI-SU-Z]))(?: |$)/;
  const AREAS = "AB AL BB BL BS CB CO DL GL HS LL LS ML OL PL PO SL SO SS TS UB WS YO".split(" ");
  const WHOLE = 4095, LIKE_A_POSTCODE = 4096, SITE = 16, FORMER = 32, TOWN = 65536, ROWS = 200, KINDS = ["code", "name", "postcode", "place"];

  // As plain_text: full-width forms, ligatures, dashes and quotes made plain; without footnotes and what cannot be seen.
  function plainText(text) {
    return text.replace(/[\ufb00-\ufb04]/g, function (c) { return c.normalize("NFKC"); })
      .replace(/[\u2010-\u2015\u2212]/g, "-").replace(/[\uff07\u2018\u2019\u201b\u2032\u02bc`\u00b4\uff40]/g, "'")
      .replace(/[\uff01-\uff5e]/g, function (c) { return String.fromCharCode(c.charCodeAt(0) - 0xfee0); })
      .replace(/[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]/g, " ")
      .replace(/[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060\ufeff]/g, "").normalize("NFC");
  }
  function keyOf(plain) { return plain.toUpperCase().replace(/[\s\p{Z}\p{C}]/gu, ""); }
  // Punctuation around a code, as in (RRP) or "RRP,", is not part of it.
  function codeOf(key) {
    const around = ".,;:!?()[]{}<>\"'`‘’“”„«»*#-_/\\|=+~^@&%•·…†‡";
    let start = 0, end = key.length;
    while (start < end && around.includes(key[start])) start += 1;
    while (end > start && around.includes(key[end - 1])) end -= 1;
    return key.slice(start, end) || key;
  }
  function wordsOf(text) {
    return text.toUpperCase().replace(/['\u2019`]/g, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  }
  function plain(word) {
    word = word.normalize("NFD").replace(/\p{M}/gu, "").normalize("NFC");
    const spelt = Object.prototype.hasOwnProperty.call(SPELT, word) ? SPELT[word] : word;
    return spelt.replace(/^([A-Z]{2,})IES$/, "$1Y").replace(/^([A-Z0-9]{2,}[^S])S$/, "$1").slice(0, 40);
  }
  function bytesOf(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const bytes = atob(text), view = new Uint8Array(bytes.length);
    for (let n = 0; n < bytes.length; n += 1) view[n] = bytes.charCodeAt(n);
    return view;
  }
  function numbers(text) { return new Int32Array(bytesOf(text).buffer); }
  // Numbers of three bytes each.
  function numbersOfThree(text) {
    const bytes = bytesOf(text), values = new Int32Array(bytes.length / 3);
    for (let n = 0, at = 0; n < values.length; n += 1, at += 3) values[n] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    return values;
  }
  // The characters of a word as bits, in two numbers of 31 bits.
  function charactersOf(word) {
    let low = 0, high = 0;
    for (const character of word) {
      const bit = character.codePointAt(0) % 62;
      if (bit < 31) low |= 1 << bit; else high |= 1 << (bit - 31);
    }
    return [low, high];
  }
  function rounded(number) { return Math.round(number * 1e9) / 1e9; }
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

  function lookOf(code) { return code.replace(/[OILSBZ]/g, function (c) { return "011582"["OILSBZ".indexOf(c)]; }); }

  let held = null, vocabulary = null;
  async function allWords() {
    if (vocabulary) return vocabulary;
    const words = await load("search", "words"), known = words.words.split("\n");
    const low = new Int32Array(known.length), high = new Int32Array(known.length), lengths = new Int32Array(known.length);
    known.forEach(function (word, n) { [low[n], high[n]] = charactersOf(word); lengths[n] = word.length; });
    vocabulary = { known: known, texts: numbers(words.texts), low: low, high: high, lengths: lengths };
    return vocabulary;
  }
  async function everything() {
    if (held) return held;
    const [words, listings] = await Promise.all([allWords(), load("search", "listings")]), codes = listings.codes.split("\n");
    const names = numbersOfThree(listings.names), flags = bytesOf(listings.flags), former = new Map();
    for (let n = flags.length - 1; n >= 0 && flags[n] & FORMER; n -= 1) {
      former.set(codes[n], [n].concat(former.get(codes[n]) || []));
    }
    held = {
      known: words.known, texts: words.texts, low: words.low, high: words.high, lengths: words.lengths, codes: codes, names: names,
      towns: numbersOfThree(listings.towns), flags: flags, sizes: numbersOfThree(listings.sizes), former: former,
    };
    return held;
  }
  // The listings of codes under their current names; those not held are left out.
  function listingsOf(all, codes) {
    const found = new Map(), wanted = new Set(codes);
    // One look at every code costs as much as some twenty searches.
    if (wanted.size > 20) {
      all.codes.forEach(function (code, place) { if (wanted.has(code) && !(all.flags[place] & FORMER)) found.set(code, place); });
      return found;
    }
    for (const code of wanted) {
      const place = all.codes.indexOf(code);
      if (place >= 0) found.set(code, place);
    }
    return found;
  }

  // What may be meant as a postcode, where letters and digits that look the same are mixed up.
  function readingsOf(key) {
    if (key.length < 5 || key.length > 7 || !/[0-9]/.test(key)) return [];
    const digits = key.replace(/[OILSZ]/g, function (c) { return "01152"["OILSZ".indexOf(c)]; });
    const end = key.slice(-2).replace(/[0158]/g, function (c) { return "DLSB"["0158".indexOf(c)]; });
    const readings = [key[0] + (key[1] === "0" ? "O" : key[1]) + digits.slice(2, -2) + end];
    if (key.length < 7 && !AREAS.includes(key.slice(0, 2))) readings.push(key[0] + digits.slice(1, -2) + end);
    return readings.filter(function (reading, n) { return POSTCODE.test(reading) && readings.indexOf(reading) === n; });
  }
  function isWholePostcode(postcode) { return postcode.length > 4 && postcode[postcode.length - 2] !== " "; }

  function questionOf(typed) {
    const entry = plainText(typed), key = keyOf(entry), code = codeOf(key), words = wordsOf(entry);
    const asTyped = /^[\x00-\x7f]*$/.test(typed) ? key : typed.replace(/^ +| +$/g, "").toUpperCase();
    const within = WITHIN.exec(words) || PART.exec(words) || LIKE.exec(words);
    const postcode = POSTCODE.test(code) ? code : within ? within[1] : "";
    const readings = readingsOf(isWholePostcode(postcode) ? postcode.replace(" ", "") : code);
    let rest = " " + words + " ";
    if (postcode === code) rest = "";
    else if (postcode) rest = rest.split(" " + postcode + " ").join("  ");
    rest = rest.split(" AND ").join(" ").split("  ").join(" ").replace(/^ +| +$/g, "");
    const split = rest.split(" ").slice(0, 12);
    // LS185 may be a sector without its space, and LS18 too where there is no such district.
    const sector = split.length === 1 && /^[A-Z]{1,2}[0-9][0-9A-Z]?[0-9]$/.test(code) ? code.slice(0, -1) + " " + code.slice(-1) : "";
    // E83003-001 is E83003001 if that is held.
    const joined = split.length > 1 ? code.replace(/[-./_]/g, "") : "";
    return { code: code, key: asTyped, joined: joined, typed: words, postcode: postcode, sector: sector, readings: readings, words: split };
  }

  // THE hardly counts: people leave it out, or put it in front.
  function sizeOf(word) { return word === "THE" ? 1 : word.length; }
  // Where a part of a word may end, if it is so long: with an S, AND or SAND after it, too.
  function endsOfPart(word, end) {
    const ends = [end];
    if (word[end] === "S") ends.push(end + 1);
    if (word.startsWith("AND", end)) ends.push(end + 3);
    else if (word.startsWith("SAND", end)) ends.push(end + 4);
    return ends;
  }

  // Three letters in a row, with those of a word of four whose middle is swapped.
  function piecesOf(word) {
    const pieces = [];
    for (const [spelt, most] of [[word, word.length], [word[0] + word[2] + word[1] + word[3], word.length === 4 ? 2 : 0]]) {
      for (let n = 0; n < most; n += 1) pieces.push(("$" + spelt + "$").slice(n, n + 3));
    }
    return pieces;
  }

  // For each typed word, the words of the register that it may stand for, and how well. Place n is the bit n.
  function spellings(all, words) {
    const found = [], begins = words.map(function () { return new Set(); }), ends = words.map(function () { return new Set(); });
    for (let place = 0; place < words.length; place += 1) {
      const asTyped = [[words[place], false]];
      if (place + 1 < words.length) asTyped.push([words[place] + words[place + 1], true]);
      for (const [text, isPair] of asTyped) {
        const word = plain(text), size = word.length;
        if (!word || (isPair && size <= 4)) continue;
        const most = size < 4 || /[0-9]/.test(word) ? 0 : size < 8 ? 1 : 2, [low, high] = charactersOf(word), pieces = piecesOf(word);
        if (!isPair) found.push({ place: place, id: 0, texts: 1, isPart: false, isArticle: word === "THE", size: sizeOf(word), quality: 0 });
        for (let n = 0; n < all.known.length; n += 1) {
          // A look at its characters and its length is enough for most words.
          const length = all.lengths[n], missing = (low & ~all.low[n]) | (high & ~all.high[n]), more = (all.low[n] & ~low) | (all.high[n] & ~high);
          const hasAll = !missing && length >= size, isWithin = !more && !isPair && length <= size - 2;
          const isNear = most > 0 && Math.abs(length - size) <= most && bits(all.low[n] ^ low) + bits(all.high[n] ^ high) <= 2 * most;
          if (!hasAll && !isWithin && !isNear) continue;
          const other = all.known[n], padded = "$" + other + "$";
          let shared = 0;
          for (const piece of pieces) if (padded.includes(piece)) shared += 1;
          if (!shared) continue;
          const isPart = !isPair && size > 4 && length >= 2 && length <= size - 2 && word.includes(other);
          let fits = false;
          if (other === word) fits = true;
          else if (!isPair && other.includes(word)) fits = size > 3 || (size > 1 && other.startsWith(word));
          else if (shared < 2 && size >= 8 && length > 3) fits = false;
          else if (isPart) fits = true;
          else if (isNear) fits = distance(other, word) <= most;
          if (!fits) continue;
          let quality;
          if (isPart) quality = null;
          else if (other === word) quality = isPair ? 0.97 : 1;
          else if (other.startsWith(word)) quality = (90 - Math.min(10, length - size)) / 100;
          else if (other.includes(word)) quality = 0.7;
          else quality = (9 - distance(other, word)) / 10;
          const row = {
            place: place, id: n + 1, texts: all.texts[n], isPart: isPart, isArticle: word === "THE", quality: quality,
            size: isPair ? size / 2 : sizeOf(isPart ? other : word),
          };
          if (!isPart) found.push(row);
          if (isPair) found.push(Object.assign({}, row, { place: place + 1 }));
          if (!isPart) continue;
          // A part is where it first is, or at the end.
          for (const from of new Set([word.indexOf(other), word.endsWith(other) ? size - length : word.indexOf(other)])) {
            const part = Object.assign({ from: from, whole: size, ends: endsOfPart(word, from + length) }, row);
            begins[place].add(from);
            for (const end of part.ends) ends[place].add(end);
            found.push(part);
          }
        }
      }
    }
    // Only parts count that have others, or the end of the word, on both sides.
    const whole = found.filter(function (row) {
      if (!row.isPart) return true;
      const last = Math.max.apply(null, row.ends.filter(function (end) { return end === row.whole || begins[row.place].has(end); }));
      row.quality = 0.97 * (last - row.from) / row.whole;
      return last > 0 && (row.from === 0 || ends[row.place].has(row.from));
    });
    // Only the fifty likest of the words that fit a place count.
    whole.sort(function (a, b) { return a.place - b.place || b.quality - a.quality || a.texts - b.texts || a.id - b.id; });
    let place = -1, likeness = 0;
    return whole.filter(function (row) {
      likeness = row.place === place ? likeness + 1 : 1;
      place = row.place;
      return likeness <= 50 || row.isPart;
    });
  }
  function weightsOf(rows, count) {
    const best = new Array(count).fill(null);
    for (const row of rows) {
      const b = best[row.place];
      if (!b || row.quality > b.quality || (row.quality === b.quality && (row.texts < b.texts || (row.texts === b.texts && row.id < b.id)))) best[row.place] = row;
    }
    return best.map(function (row) {
      if (!row) return 0;
      if (row.isArticle) return 1;
      return row.quality > 0 ? Math.min(15, Math.max(1, Math.round(Math.log(1000000 / row.texts)))) : 9;
    });
  }

  // The names and towns that have some of the words. Next to a town or a postcode, names may have less of what was typed.
  async function textsWith(all, rows, weights, postcode) {
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
      const others = content[row.id + "+"] ? numbers(content[row.id + "+"]) : null;
      numbers(content[row.id]).forEach(function (text, n) {
        let places = found.get(text);
        if (!places) found.set(text, places = new Map());
        // What counts of a text where initials stand for words of it, or words for initials.
        if (others && others[n]) places.other = Math.max(places.other || 0, others[n]);
        let at = places.get(row.place);
        if (!at) places.set(row.place, at = { whole: 0, parts: 0, size: 0, partSize: 0 });
        if (row.isPart) { at.parts += row.quality; at.partSize += row.size; }
        else { at.whole = Math.max(at.whole, row.quality); at.size = Math.max(at.size, row.size); }
      });
    }
    let best = 0, town = 0;
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
      sum.text = text;
      sum.isTown = all.sizes[text] >= TOWN;
      sum.spelling = places.other ? Math.sign(places.other - all.sizes[text] % TOWN) : 0;
      sum.covered = rounded(Math.min(1, sum.covered / (places.other || all.sizes[text] % TOWN)));
      sum.got = rounded(sum.got);
      best = Math.max(best, sum.got);
      if (sum.isTown && sum.covered > 0.6) town = Math.max(town, sum.got);
      texts.set(text, sum);
    }
    const likest = [], beside = town + (postcode ? 9 : 0);
    for (const [text, sum] of texts) {
      sum.isNear = sum.got > 0.4 * best || (beside > 0 && sum.got + beside >= 0.8 * best);
      if (sum.isNear || (sum.isTown && sum.covered > 0.6)) likest.push(sum); else texts.delete(text);
    }
    if (beside > 0 || likest.length <= 200) return texts;
    const kept = new Set(likest.filter(function (sum) { return sum.isTown; }));
    likest.sort(function (a, b) { return b.got - a.got || b.covered - a.covered || a.text - b.text; });
    for (const sum of likest.slice(0, 1000)) kept.add(sum);
    likest.sort(function (a, b) { return b.covered - a.covered || b.got - a.got || a.text - b.text; });
    for (const sum of likest.slice(0, 200)) kept.add(sum);
    for (const [text, sum] of texts) if (!kept.has(sum)) texts.delete(text);
    return texts;
  }

  async function listingsFor(all, question, there) {
    const rows = spellings(all, question.words), weights = weightsOf(rows, question.words.length);
    const texts = await textsWith(all, rows, weights, question.postcode), found = new Map(), isThere = new Uint8Array(all.sizes.length + 1);
    const weighted = texts.size > 0;
    function at(listing) {
      let row = found.get(listing);
      if (!row) found.set(listing, row = { listing: listing, got: 0, mask: 0, exact: 0, covered: 0, town: 0, townExact: 0, code: 0, postcode: 0, spelling: 0 });
      return row;
    }
    for (const text of texts.keys()) isThere[text] = 1;
    if (texts.size) {
      for (let n = 0; n < all.names.length; n += 1) {
        if (isThere[all.names[n]] && texts.get(all.names[n]).isNear) {
          const sum = texts.get(all.names[n]), row = at(n);
          row.got = sum.got; row.mask = sum.mask; row.exact = sum.exact; row.covered = sum.covered;
          row.spelling += sum.spelling;
        }
        if (isThere[all.towns[n]]) {
          const sum = texts.get(all.towns[n]), row = at(n);
          row.town = sum.mask; row.townExact = sum.exact;
          row.spelling += sum.spelling;
        }
      }
    }
    const asCodes = question.words.concat([question.code], question.words[0] ? [question.postcode] : []);
    const asWhole = [question.key, question.joined], held = listingsOf(all, asCodes.concat(asWhole).filter(Boolean));
    for (const code of asWhole) if (held.has(code)) at(held.get(code)).code = WHOLE;
    asCodes.forEach(function (word, place) {
      const words = question.words.length, mask = place === words ? WHOLE : place === words + 1 ? LIKE_A_POSTCODE : 1 << place;
      if (!held.has(word)) return;
      const row = at(held.get(word));
      row.code = Math.max(row.code, mask);
      if (mask < WHOLE && /[0-9]/.test(word) && word.toLowerCase() !== word) row.hasBoth = true;
    });
    for (const [code, listing] of listingsOf(all, there.codes)) {
      for (const one of [listing].concat(all.former.get(code) || [])) {
        at(one).postcode = 1;
        at(one).isMeant = there.likeness === 2;
      }
    }
    function weightOf(mask) {
      let sum = 0;
      if (weighted) weights.forEach(function (weight, place) { if (mask & (1 << place)) sum += weight; });
      return sum;
    }
    const isAsked = there.codes.length > 0 || Array.from(found.values()).some(function (row) { return row.code >> 12; });
    const asked = isAsked ? 9 : 0, whole = weightOf(WHOLE) + asked;
    let kept = [], most = 0, nameWords = 0, isWholeCode = false;
    for (const row of found.values()) {
      nameWords |= row.exact | (row.town ? row.townExact : 0);
      if (row.code === WHOLE) isWholeCode = true;
    }
    for (const row of found.values()) {
      // A code counts whatever the other words are if it has letters and digits, or is a word of no name.
      // One that looks like part of a postcode counts if there is no such place.
      row.isCode = row.code > 0 && row.code !== WHOLE && !isWholeCode &&
        (row.code > WHOLE ? !there.codes.length : Boolean(row.hasBoth) || !(nameWords & row.code));
      if (row.code === WHOLE || row.isMeant) row.score = 1;
      else if (whole === 0) row.score = 0;
      else {
        const elsewhere = (row.town | row.code) & ~row.mask;
        row.score = (row.got + Math.max(row.postcode, row.code >> 12) * asked + weightOf(elsewhere)) / whole;
      }
      if (row.score >= 0.55 || row.isCode) { kept.push(row); most = Math.max(most, row.score); }
    }
    kept = kept.filter(function (row) {
      return row.isCode || (row.score >= 0.8 * most && (!isWholeCode || row.code === WHOLE || (row.mask === row.exact && row.mask > 0)));
    });
    return kept;
  }

  // The matches, each code once, with what they are sorted by.
  async function matches(all, question, there) {
    const byCode = new Map();
    for (const row of await listingsFor(all, question, there)) {
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
      row.kind = row.code === WHOLE || row.isCode || (row.code > 0 && (row.mask > 0 || row.id.length > 4)) ? 0 : row.mask > 0 || row.code > 0 ? 1 : row.town > 0 ? 3 : 2;
      const isTownTypo = Boolean(row.town & ~row.mask & ~row.townExact);
      if (row.mask === 0) row.nearness = 0;
      else if (row.mask === row.exact && !isTownTypo && row.score > 0.95 && row.covered > 0.96 && !isFormer) row.nearness = 0;
      // A typo in a name is likelier than one in a town.
      else row.nearness = 1 + Math.floor((1 - 0.7 * row.score - 0.3 * row.covered) * 10) + (isTownTypo ? 2 : 0);
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

  // The current names of rows, as words: by text.
  async function namesOf(all, rows) {
    const former = rows.filter(function (row) { return all.flags[row.listing] & FORMER; });
    const now = listingsOf(all, former.map(function (row) { return row.id; })), files = new Map(), per = about.search.texts_in_a_file;
    for (const row of rows) {
      row.text = all.names[now.has(row.id) ? now.get(row.id) : row.listing];
      if (row.text) files.set(Math.floor(row.text / per), null);
    }
    await Promise.all(Array.from(files.keys(), async function (file) { files.set(file, await load("text", String(file))); }));
    for (const row of rows) row.name = row.text ? files.get(Math.floor(row.text / per))[row.text] : "";
  }

  // The first of the matches in the order of ods_find, which lets the likeness of names choose among the first 200.
  async function firstOf(all, question, rows, count) {
    const early = ["kind", "nearness", "spelling", "rank", "order", "openness", "site", "uncovered", "listing"];
    const late = ["kind", "nearness", "differs", "spelling", "rank", "order", "openness", "site", "unlike", "uncovered", "name", "id"];
    for (const row of rows) row.uncovered = -row.covered;
    rows.sort(function (a, b) { return compared(a, b, early); });
    const first = rows.slice(0, ROWS), same = ["kind", "nearness", "spelling", "rank", "order", "openness", "site"];
    // Names cost a file each: they are read for those alone that something else does not put in order, among the first.
    function isTied(a, b) {
      return b !== undefined && compared(a, b, a.kind === 1 && a.nearness === 0 ? ["kind", "nearness"] : same) === 0;
    }
    let end = Math.min(count, first.length);
    while (end < first.length && isTied(first[end - 1], first[end])) end += 1;
    first.length = end;
    await namesOf(all, first.filter(function (row, n) { return isTied(row, first[n + 1]) || isTied(row, first[n - 1]); }));
    for (const row of first) {
      row.unlike = row.text ? -likeness(row.name, question.typed) : Infinity;
      row.differs = row.nearness === 0 && KINDS[row.kind] === "name" && row.name !== question.typed ? 1 : 0;
    }
    first.sort(function (a, b) { return compared(a, b, late); });
    return first.slice(0, count).map(function (row) { return row.id; });
  }

  return {
    questionOf: questionOf,
    plain: plain,
    // Fetches what a search for the question reads first; what goes wrong shows when it is read.
    prepare: function (question) {
      for (const name of ["words", "listings"].concat(question.postcode ? ["places"] : [])) load("search", name).catch(function () {});
    },
    anyWord: async function (question) {
      return spellings(await allWords(), question.words).some(function (row) { return row.id > 0; });
    },
    // Codes that look the same (0 and O, 1 and I), else those one typo away; at most five, in the order of ods_find.
    similar: async function (question) {
      const all = await everything(), look = lookOf(question.code), size = question.code.length, same = [], near = [];
      const half = Math.floor(size / 2), head = question.code.slice(0, half), tail = question.code.slice(half);
      const swapped = question.code.slice(0, half - 1) + question.code.charAt(half) + question.code.charAt(half - 1) + question.code.slice(half + 1);
      all.codes.forEach(function (code, listing) {
        if (all.flags[listing] & FORMER) return;
        if (lookOf(code) === look) same.push({ id: code, listing: listing });
        // One typo leaves the first or the second half as it is, unless it swaps the two characters where they meet.
        else if (Math.abs(code.length - size) < 2 && (code.startsWith(head) || code.endsWith(tail) || code === swapped) && distance(code, question.code) === 1) near.push({ id: code, listing: listing });
      });
      const rows = same.length && same.length <= 5 ? same : same.length || near.length > 5 ? [] : near;
      await namesOf(all, rows);
      for (const row of rows) row.unlike = row.text ? -likeness(row.name, question.typed) : Infinity;
      return rows.sort(function (a, b) { return compared(a, b, ["unlike", "name", "id"]); }).map(function (row) { return row.id; });
    },
    isWholePostcode: isWholePostcode,
    // there: the codes at the postcode of the question; its likeness is 0, 1 if that is one that was perhaps meant, and 2 if
    // the whole text is like one.
    find: async function (question, there, count) {
      const all = await everything(), rows = await matches(all, question, there);
      return { all: rows.length, codes: await firstOf(all, question, rows, count) };
    },
  };
};
