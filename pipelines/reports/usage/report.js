// The living part of the usage report: charts, choice of days, pages of domains and streams.
//
// The page is whole without it. It fills the places that view.py has filled, by the same declarations
// (section.py) and with the same figures (figures.py, words.py): a change there is a change here.
// Days are their index in the range of the report. All times are of the archive's zone, never of the
// browser's. Names come from outside: they are written as text, never as HTML.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const DAYS = data.starts.length - 1;
  const NONE = "–";
  const SPACE = "\u00a0"; // keeps a figure and its unit on one line
  const FINE_DAYS = 35; // with more days a chart has one value a day
  const LINES = 6; // as many as there are colours
  const PAPER_PX = 690;

  // Texts -----------------------------------------------------------------------------------------

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const say = (key, values = {}) => fill(data.words[key], values);

  /** A number with so many decimals as Python writes it: exact halves go to the even digit. */
  function fixed(number, decimals) {
    const scaled = number * 10 ** decimals;
    const isHalf = Number.isInteger(number * 2 ** (decimals + 1)) && Math.abs(scaled % 1) === 0.5;
    const text = isHalf
      ? (2 * Math.round(scaled / 2) / 10 ** decimals).toFixed(decimals)
      : number.toFixed(decimals);
    return text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
  }

  function short(number) {
    if (number === 0) return "0";
    const size = Math.abs(number);
    return fixed(number, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
  }

  function scaled(number, units) {
    let i = 0;
    for (; i < units.length - 1 && Math.abs(number) >= 999.5; i++) number /= 1000;
    return short(number) + SPACE + units[i];
  }

  function count(number) {
    const size = Math.abs(number);
    if (size < 1e6) return fixed(number, 0);
    const [unit, name] = data.language === "zh"
      ? (size >= 1e8 ? [1e8, "亿"] : [1e4, "万"])
      : (size >= 1e9 ? [1e9, "billion"] : [1e6, "million"]);
    return short(number / unit) + SPACE + name;
  }

  function oneDigit(number) {
    const [digit, exponent] = number.toExponential(0).split("e");
    return +exponent < -4 ? `${digit}e-${exponent.slice(1).padStart(2, "0")}` : `${Number(number.toPrecision(1))}`;
  }

  function share(part) {
    const percent = part * 100;
    let text;
    if (percent && Math.abs(percent) < 0.995) text = Math.abs(percent) >= 0.095 ? fixed(percent, 2) : oneDigit(percent);
    else if (percent > 99 && percent < 100) text = fixed(Math.trunc(percent * 100) / 100, 2);
    else text = fixed(percent, percent >= 99.95 ? 0 : 1);
    return text + SPACE + "%";
  }

  function duration(seconds) {
    const [second, minute, hour] = data.language === "zh" ? ["秒", "分钟", "小时"] : ["s", "min", "h"];
    if (seconds < 90) return fixed(seconds, 0) + SPACE + second;
    const minutes = Number(fixed(seconds / 60, 0).replaceAll(",", ""));
    if (minutes < 60) return minutes + SPACE + minute;
    return Math.floor(minutes / 60) + SPACE + hour + SPACE + (minutes % 60) + SPACE + minute;
  }

  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: data.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const dayLabel = new Intl.DateTimeFormat(data.language, { timeZone: "UTC", month: "short", day: "numeric" });
  const utc = (day) => new Date(Date.parse(data.first) + day * 86400e3); // a calendar day, without a zone
  const iso = (day) => utc(day).toISOString().slice(0, 10);
  const indexOf = (text) => Math.round((Date.parse(text) - Date.parse(data.first)) / 86400e3);
  const time = (second) => clock.format(new Date(second * 1000));

  /** The day of an instant in seconds since 1970. */
  function dayOf(second) {
    let day = 0;
    while (day < DAYS - 1 && data.starts[day + 1] <= second) day++;
    return day;
  }

  const moment = (second) => `${iso(dayOf(second))} ${time(second)}`;
  const range = (first, last) => first === last ? iso(first) : say("range", { first: iso(first), last: iso(last) });

  function written(value, shown) {
    if (value === null) return NONE;
    switch (shown) {
      case "bytes": return scaled(value, ["B", "kB", "MB", "GB", "TB", "PB"]);
      case "mbps": return scaled(value * 1000, ["kbps", "Mbps", "Gbps", "Tbps"]);
      case "share": return share(value);
      case "seconds": return duration(value);
      case "moment": return moment(value);
      case "clock": return time(value);
      case "text": return value;
      default: return count(value);
    }
  }

  function change(now, before) {
    const percent = (now - before) / before * 100;
    const size = Math.abs(percent);
    if (size < 0.05) return say("unchanged");
    return (percent > 0 ? "+" : "−") + fixed(size, size < 10 ? 1 : 0) + SPACE + "%";
  }

  function points(now, before) {
    const moved = (now - before) * 100;
    const size = Math.abs(moved);
    if (size < 0.005) return say("unchanged");
    return say("points", { change: (moved > 0 ? "+" : "−") + fixed(size, size >= 0.95 ? 1 : 2) }).replaceAll(" ", SPACE);
  }

  // Figures ---------------------------------------------------------------------------------------

  for (const group of Object.values(data.groups)) {
    for (const entity of group) if (entity.via !== undefined) entity.via = group[entity.via];
  }

  const seriesOf = (entity, name) => entity.series[name] ?? entity.via?.series[name];
  const sum = (values) => values.reduce((all, value) => all + value, 0);
  const known = (values) => values.filter((value) => value !== null);

  /** The sums of some series by day; empty if the entity has none of them. */
  function added(entity, names, first, last) {
    const found = names.map((name) => seriesOf(entity, name)).filter(Boolean);
    if (!found.length) return [];
    return Array.from({ length: last - first + 1 }, (_, i) => {
      const values = found.map((series) => series[first + i]);
      return values.includes(null) ? null : sum(values);
    });
  }

  /** A figure over chosen days; null if no day is captured or there is no such thing. */
  function reckon(figure, entity, first, last) {
    if (figure.how === "p95") return percentile(entity, first, last);
    if (figure.how === "when") {
      const [name] = figure.of;
      const values = added(entity, [name], first, last);
      const most = Math.max(0, ...known(values));
      const day = first + values.indexOf(most);
      return most ? data.starts[day] + seriesOf(entity, `${name}_at`)[day] : null;
    }
    if (figure.how === "main") {
      const sums = figure.of.map((name) => sum(known(added(entity, [name], first, last))));
      const most = Math.max(...sums);
      return most ? figure.names[sums.indexOf(most)] : null;
    }
    const values = known(added(entity, figure.of, first, last));
    if (!values.length) return null;
    if (figure.how === "max") return values.reduce((a, b) => Math.max(a, b));
    if (figure.how === "days") return values.filter((value) => value > 0).length;
    if (figure.how === "sum") return sum(values) * figure.scale;
    const whole = sum(known(added(entity, figure.per, first, last)));
    if (!whole) return null;
    return figure.how === "share" ? sum(values) / whole : 1 - sum(values) / whole;
  }

  /** The values of a fine series on chosen days; null if the page does not have all of them. */
  function fineOf(entity, name, first, last) {
    const fine = entity.fine?.[name];
    if (!fine || first < fine.first) return null;
    const place = (day) => Math.round((data.starts[day] - data.starts[fine.first]) / fine.step_s);
    return fine.values.slice(place(first), place(last + 1));
  }

  /** The 95th percentile as it is billed; of other days than all only where the page has the slots. */
  function percentile(entity, first, last) {
    if (first === 0 && last === DAYS - 1) return entity.whole?.p95 ?? null;
    const slots = fineOf(entity, "mbps", first, last);
    if (!slots) return null;
    const ranked = known(slots).sort((a, b) => b - a);
    return ranked.length ? ranked[Math.floor(ranked.length * 5 / 100)] : null;
  }

  /** The days of the choice that a dataset lacks, as [first, last, reason]. */
  const missing = (name, first, last) => (data.missing[name] ?? [])
    .filter(([a, b]) => a <= last && b >= first)
    .map(([a, b, why]) => [Math.max(a, first), Math.min(b, last), why]);
  const length = (runs) => sum(runs.map(([a, b]) => b - a + 1));

  function listed(runs) {
    const reasons = new Map();
    for (const run of runs) reasons.set(run[2], [...(reasons.get(run[2]) ?? []), run]);
    return [...reasons].map(([why, found]) => {
      const list = found.slice(0, 3).map(([a, b]) => range(a, b)).join(", ");
      const days = found.length > 3 ? say("more_ranges", { list, number: found.length - 3 }) : list;
      return say("reasoned", { days, why });
    }).join("; ");
  }

  // What is shown ---------------------------------------------------------------------------------

  const here = { kind: "main", entity: data.main, first: 0, last: DAYS - 1 };
  const isWhole = () => here.first === 0 && here.last === DAYS - 1;
  const find = (selector, inside = document) => inside.querySelector(selector);
  const title = document.title;

  function make(tag, className = "", text = null) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== null) write(made, text);
    return made;
  }

  /** Put a text in a place, each date of it in an element that stays on one line. */
  function write(place, text) {
    place.replaceChildren();
    let done = 0;
    for (const found of text.matchAll(/\b\d{4}-\d\d-\d\d\b(?: \d\d:\d\d\b)?/g)) {
      const date = document.createElement("time");
      date.textContent = found[0];
      place.append(text.slice(done, found.index), date);
      done = found.index + found[0].length;
    }
    place.append(text.slice(done));
  }

  function hash(entity, kind) {
    const words = new URLSearchParams();
    if (kind === "domain") words.set("domain", entity.domain);
    if (kind === "stream") for (const name of ["domain", "app", "stream"]) words.set(name, entity[name]);
    if (!isWhole()) {
      words.set("first", iso(here.first));
      words.set("last", iso(here.last));
    }
    return `#${words}`;
  }

  /** Take the choice from the address, as a link or a bookmark has it; what is not in the page is left out. */
  function readHash() {
    const words = new URLSearchParams(location.hash.slice(1));
    const [domain, app, stream] = ["domain", "app", "stream"].map((name) => words.get(name));
    const found = stream === null
      ? (data.groups.domain ?? []).find((one) => one.domain === domain)
      : (data.groups.stream ?? []).find((one) => one.domain === domain && one.app === app && one.stream === stream);
    here.entity = found ?? data.main;
    here.kind = !found ? "main" : stream === null ? "domain" : "stream";
    const [first, last] = [words.get("first"), words.get("last")].map((text) => text === null ? NaN : indexOf(text));
    here.first = first >= 0 && first < DAYS ? first : 0;
    here.last = last >= here.first && last < DAYS ? last : DAYS - 1;
  }

  function choose(first, last) {
    here.first = Math.max(0, Math.min(first, last, DAYS - 1));
    here.last = Math.min(DAYS - 1, Math.max(first, last, 0));
    history.replaceState(null, "", hash(here.entity, here.kind));
    show();
  }

  function show() {
    const name = here.kind === "stream"
      ? say("stream_on", { stream: here.entity.label, domain: here.entity.domain })
      : here.entity.label;
    write(find("h1"), here.kind === "main" ? title : name);
    document.title = here.kind === "main" ? title : `${name} – ${title}`;
    showBack();
    showChoice();
    for (const plot of plots.splice(0)) plot.destroy();
    for (const section of data.sections) {
      const place = find(`[data-section="${section.id}"]`);
      place.hidden = !isIn(section);
      showTile(section, place.hidden);
      if (!place.hidden) showSection(section, place);
    }
    for (const place of document.querySelectorAll("section[data-section]")) {
      if (!data.sections.some((one) => one.id === place.dataset.section)) place.hidden = here.kind !== "main";
    }
    showCoverage();
  }

  /** Whether the chosen domain or stream has anything of a section. */
  function isIn(section) {
    if (!section.scopes.includes(here.kind)) return false;
    const figures = Object.values(section.figures ?? {}).filter((one) => one.how !== "p95");
    if (!figures.length) return here.kind === "main" || section.tables.some((one) => rowsOf(one).length);
    return figures.some((one) => seriesOf(here.entity, one.of[0]));
  }

  function showBack() {
    const place = find("#back");
    place.hidden = here.kind === "main";
    const link = make("a", "", say("back", { name: data.main.label }));
    link.href = hash(data.main, "main");
    place.replaceChildren(link);
  }

  function showChoice() {
    const form = find("#choice");
    form.elements.first.value = iso(here.first);
    form.elements.last.value = iso(here.last);
    for (const button of find("#lengths").children) {
      const days = Number(button.value);
      button.setAttribute("aria-pressed", here.last === DAYS - 1 && here.last - here.first + 1 === days);
    }
    const chosen = { days: range(here.first, here.last), number: count(here.last - here.first + 1), all: count(DAYS) };
    write(find("output", form), isWhole() ? say("how") : say("chosen", chosen));
  }

  function textsOf(section) {
    const texts = {};
    for (const [name, figure] of Object.entries(section.figures ?? {})) {
      texts[name] = written(reckon(figure, here.entity, here.first, here.last), figure.shown);
    }
    return texts;
  }

  function showTile(section, isHidden) {
    const place = find(`[data-tile="${section.id}"]`);
    if (!place) return;
    place.hidden = isHidden;
    if (isHidden) return;
    const [, value, detail, moved] = place.children;
    const texts = textsOf(section);
    const now = reckon(section.figures[section.tile.figure], here.entity, here.first, here.last);
    write(value, texts[section.tile.figure]);
    write(detail, now && section.tile.detail ? fill(section.tile.detail, texts) : "");
    write(moved, compared(section, now));
  }

  function compared(section, now) {
    const days = here.last - here.first + 1;
    const [first, last] = [here.first - days, here.first - 1];
    const lacks = (a, b) => section.needs.some((name) => missing(name, a, b).length);
    if (lacks(here.first, here.last)) return say("no_days");
    let before = null;
    if (isWhole()) {
      if (here.kind !== "main") return "";
      if (data.before[section.id].lacks) return say("no_earlier_days");
      before = data.before[section.id].value;
    } else {
      if (first < 0) return say("no_earlier");
      if (lacks(first, last)) return say("no_earlier_days");
      before = reckon(section.figures[section.tile.figure], here.entity, first, last);
    }
    const isShare = section.tile.change === "points";
    if (now === null || before === null || !(before || isShare)) return say("no_earlier");
    return say("compared", { change: isShare ? points(now, before) : change(now, before) });
  }

  function showSection(section, place) {
    const runs = section.needs.map((name) => [name, missing(name, here.first, here.last)]);
    const days = here.last - here.first + 1;
    const lacks = Math.max(...runs.map(([, found]) => length(found)));
    const tops = (section.tables ?? []).map(showTable).filter(Boolean);
    const [, sentence] = section.headlines.find(([name]) =>
      !name || reckon(section.figures[name], here.entity, here.first, here.last));
    write(find(".headline", place), lacks === days ? say("nothing") : [fill(sentence, textsOf(section)), ...tops].join(" "));
    const gap = find(".gap", place);
    gap.hidden = !lacks;
    const list = runs.filter(([, found]) => found.length).map(([name, found]) => `${name} ${listed(found)}`).join("; ");
    write(find("span", gap), say("without", { number: count(lacks), all: count(days), list }));
    const via = find(".via", place);
    via.hidden = !(section.via_push && here.entity.push);
    if (!via.hidden) write(via, fill(section.via_push, here.entity));
    for (const chart of section.charts ?? []) draw(section, chart);
    if (section.id === "traffic") showMonths(place);
  }

  function showMonths(place) {
    for (const text of place.querySelectorAll("p.billing")) text.hidden = here.kind !== "main";
    const table = find("#months");
    const rows = data.months[here.kind === "main" ? "" : here.entity.label];
    if (!table) return;
    table.hidden = !rows;
    find("tbody", table).replaceChildren(...(rows ?? []).map(([name, ...texts]) => {
      const row = make("tr");
      row.append(heading(name), ...texts.map((text) => make("td", "figure", text)));
      return row;
    }));
  }

  function showCoverage() {
    const days = here.last - here.first + 1;
    let whole = 0;
    const rows = [...document.querySelectorAll("[data-dataset]")];
    for (const row of rows) {
      const runs = missing(row.dataset.dataset, here.first, here.last);
      whole += !runs.length;
      find("svg", row).setAttribute("viewBox", `${here.first} 0 ${days} 16`);
      write(row.children[2], fill(data.coverage.part, { number: count(days - length(runs)), all: count(days) }));
      write(row.children[3], listed(runs) || NONE);
    }
    if (!rows.length) return;
    const text = data.coverage[whole === rows.length ? "all" : "some"];
    write(find('[data-section="coverage"] .headline'), fill(text, { whole, number: rows.length }));
  }

  // Tables ----------------------------------------------------------------------------------------

  function heading(text, target = "") {
    const cell = make("th");
    cell.scope = "row";
    if (!target) write(cell, text);
    else {
      const link = make("a", "", text);
      link.href = target;
      cell.append(link);
    }
    return cell;
  }

  /** The entities of a table with their order, greatest first. */
  function rowsOf(table) {
    if (here.kind !== "main" && table.group !== "stream") return [];
    const isHere = (one) => here.kind === "main"
      || (here.kind === "domain" && [here.entity.domain, here.entity.push].includes(one.domain));
    return (data.groups[table.group] ?? [])
      .filter((one) => one.series[table.order.of[0]] && isHere(one))
      .map((entity) => ({ entity, value: reckon(table.order, entity, here.first, here.last) }))
      .filter(({ value }) => value > 0)
      .sort((a, b) => b.value - a.value || order(a.entity.label, b.entity.label) || order(a.entity.domain, b.entity.domain));
  }

  const order = (a, b) => a < b ? -1 : a > b ? 1 : 0;

  /** Fill a table; returns the sentence about its first row. */
  function showTable(table) {
    const place = find(`[data-table="${table.id}"]`);
    const body = find("tbody", place);
    if (table.group === "day") {
      const section = data.sections.find((one) => one.tables?.includes(table));
      const lacks = section.needs.flatMap((name) => missing(name, here.first, here.last));
      const days = Array.from({ length: here.last - here.first + 1 }, (_, i) => here.first + i)
        .filter((day) => !lacks.some(([a, b]) => a <= day && day <= b));
      body.replaceChildren(...days.slice(-data.day_rows).map((day) => row(heading(iso(day)), table, here.entity, day, day)));
      place.hidden = !days.length;
      showNote(table, place, Math.max(0, days.length - data.day_rows));
      return "";
    }
    const all = rowsOf(table);
    const shown = all.slice(0, table.most);
    const longest = Math.max(0, ...table.columns.filter((one) => one.has_bar).flatMap((column) =>
      shown.map(({ entity }) => reckon(column.figure, entity, here.first, here.last) ?? 0)));
    body.replaceChildren(...shown.map(({ entity }) => {
      const isPage = table.group === "stream" || table.group === "domain";
      const name = heading(entity.label, isPage ? hash(entity, table.group) : "");
      return row(name, table, entity, here.first, here.last, longest);
    }));
    place.hidden = !shown.length;
    showNote(table, place, all.length - shown.length);
    if (!shown.length || !table.top) return "";
    return fill(table.top, { name: shown[0].entity.label, value: written(shown[0].value, table.order.shown) });
  }

  function showNote(table, place, left) {
    const note = find(".note", place);
    const text = [table.note, left ? say("left_out", { number: left }) : ""].filter(Boolean).join(" ");
    note.hidden = !text;
    write(note, text);
  }

  function row(name, table, entity, first, last, longest = 0) {
    const made = make("tr");
    made.append(name, ...table.columns.map((column) => {
      if (!column.figure) return make("td", "", entity[column.fact] ?? NONE);
      const value = reckon(column.figure, entity, first, last);
      const cell = make("td", column.has_bar || column.figure.shown === "text" ? "" : "figure", written(value, column.figure.shown));
      if (column.has_bar && longest) {
        const bar = make("span", "bar");
        bar.append(make("i"));
        bar.firstChild.style.width = `${((value ?? 0) / longest * 100).toFixed(1)}%`;
        cell.prepend(bar);
      }
      return cell;
    }));
    return made;
  }

  // Charts ----------------------------------------------------------------------------------------

  const plots = [];
  const colour = (name) => getComputedStyle(document.body).getPropertyValue(`--${name}`).trim();
  const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], []];

  /** One value a day for a line of a chart; shares where it is a part of something. */
  function byDay(line, entity) {
    const parts = added(entity, line.of, here.first, here.last);
    if (!line.per) return parts;
    const wholes = added(entity, line.per, here.first, here.last);
    return parts.map((part, i) => part === null || !wholes[i] ? null : line.is_rest ? 1 - part / wholes[i] : part / wholes[i]);
  }

  const nameOf = (chart, entity) => entity === data.main && !entity.domain ? chart.lines[0].label : entity.label;

  /** What a chart draws: times in seconds, and lines with their values. */
  function contents(chart) {
    const { entity, first, last } = here;
    const others = here.kind === "main" && chart.by
      ? (data.groups[chart.by] ?? []).map((one) => ({ one, size: sum(known(added(one, chart.lines[0].of, first, last))) }))
        .filter(({ size }) => size > 0).sort((a, b) => b.size - a.size).map(({ one }) => one)
      : [];
    const fine = chart.fine && last - first < FINE_DAYS
      ? [entity, ...others].map((one) => ({ one, values: fineOf(one, chart.fine, first, last) })).filter((one) => one.values)
      : [];
    if (fine.length) {
      const step = fine[0].one.fine[chart.fine].step_s;
      const times = fine[0].values.map((_, i) => data.starts[first] + i * step);
      return { times, lines: fine.slice(0, LINES).map(({ one, values }) => ({ label: nameOf(chart, one), values })) };
    }
    const times = Array.from({ length: last - first + 1 }, (_, i) => (data.starts[first + i] + data.starts[first + i + 1]) / 2);
    const lines = chart.lines.map((line) => ({ label: chart.by ? nameOf(chart, entity) : line.label, values: byDay(line, entity), colour: line.colour }));
    for (const one of others.slice(0, LINES - lines.length)) lines.push({ label: one.label, values: byDay(chart.lines[0], one) });
    return { times, lines };
  }

  function draw(section, chart) {
    const place = document.getElementById(chart.id);
    const { times, lines } = contents(chart);
    const isStacked = chart.style === "bars" && lines.length > 1;
    const shown = lines.map((line, i) => ({
      ...line,
      colour: line.colour ?? i + 1,
      dash: DASHES[i],
      heights: isStacked ? times.map((_, t) => known(lines.slice(0, i + 1).map((one) => one.values[t])).reduce((a, b) => a + b, null)) : line.values,
    }));
    if (isStacked) shown.reverse(); // the highest bar lies behind the others
    place.closest("figure").hidden = false;
    const mark = chart.mark ? reckon(section.figures[chart.mark], here.entity, here.first, here.last) : null;
    const highest = shown.reduce((most, { heights }) => heights.reduce((a, b) => Math.max(a, b ?? 0), most), mark ?? 0);
    const isEmpty = !highest;
    const options = {
      width: place.clientWidth || PAPER_PX,
      height: chart.by ? 290 : 210,
      legend: { live: true },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        sync: { key: "days", filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
        bind: { dblclick: () => () => choose(0, DAYS - 1) },
      },
      scales: {
        x: { time: false, range: () => [data.starts[here.first], data.starts[here.last + 1]] },
        y: { range: () => [0, isEmpty ? 1 : highest * 1.12] },
      },
      axes: [timeAxis(), valueAxis(chart, isEmpty)],
      series: [
        { label: say("days"), value: (_, second) => second === null ? NONE : times.length > here.last - here.first + 1 ? moment(second) : iso(dayOf(second)) },
        ...shown.map((line) => plotted(chart, line, times)),
      ],
      hooks: {
        drawClear: [(plot) => hatch(plot, section)],
        draw: [(plot) => annotate(plot, mark, isEmpty)],
        setSelect: [(plot) => {
          if (plot.select.width < 4) return;
          const [a, b] = [plot.select.left, plot.select.left + plot.select.width].map((x) => dayOf(plot.posToVal(x, "x")));
          choose(a, b);
        }],
      },
    };
    place.replaceChildren();
    plots.push(new uPlot(options, [times, ...shown.map((line) => line.heights)], place));
  }

  function plotted(chart, line, times) {
    const paint = colour(`s${line.colour}`);
    const isBar = chart.style === "bars";
    return {
      label: line.label,
      value: (_plot, _value, _series, i) => i === null || i === undefined ? NONE : written(line.values[i], chart.shown),
      stroke: paint,
      fill: isBar ? paint : undefined,
      width: isBar ? 0 : times.length > 1000 ? 1 : 1.6,
      dash: isBar || chart.by ? undefined : line.dash,
      points: { show: chart.style === "lines" && times.length < 62 },
      paths: isBar ? uPlot.paths.bars({ size: [0.72, 48] }) : chart.style === "steps" ? uPlot.paths.stepped({ align: times.length > 62 ? 1 : 0 }) : undefined,
    };
  }

  const axis = () => ({ stroke: colour("ink"), font: "12px system-ui, sans-serif", ticks: { stroke: colour("line"), size: 4 } });

  function timeAxis() {
    const days = here.last - here.first + 1;
    return {
      ...axis(),
      grid: { show: false },
      splits: (plot) => {
        const room = Math.max(2, Math.floor(plot.width / 85));
        const step = [1, 2, 3, 7, 14, 31, 61, 122, 366].find((size) => days <= size * room) ?? 1000;
        const found = [];
        for (let day = here.first; day <= here.last; day += step) {
          found.push(data.starts[day]);
          const hours = days * 4 <= room ? [6, 12, 18] : days * 2 <= room ? [12] : [];
          for (const hour of hours) found.push(data.starts[day] + hour * 3600);
        }
        return found;
      },
      values: (_, splits) => splits.map((second) => {
        const day = dayOf(second);
        if (second !== data.starts[day]) return time(second);
        return days > 300 ? iso(day) : dayLabel.format(utc(day));
      }),
    };
  }

  function valueAxis(chart, isEmpty) {
    return {
      ...axis(),
      size: 74,
      grid: { stroke: colour("line"), width: 1 },
      values: (_, splits) => splits.map((value) =>
        isEmpty || (chart.shown === "count" && value % 1) ? "" : written(value, chart.shown)),
    };
  }

  /** Hatch the days of the choice that are not captured, with a label if there is room. */
  function hatch(plot, section) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 12;
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour("hole");
    pen.lineWidth = 1.5;
    for (const x of [-12, 0, 12]) {
      pen.moveTo(x, 12);
      pen.lineTo(x + 12, 0);
    }
    pen.stroke();
    const { top, height } = plot.bbox;
    for (const [a, b] of section.needs.flatMap((name) => missing(name, here.first, here.last))) {
      const [from, to] = [data.starts[a], data.starts[b + 1]].map((second) => plot.valToPos(second, "x", true));
      plot.ctx.fillStyle = plot.ctx.createPattern(tile, "repeat");
      plot.ctx.fillRect(from, top, to - from, height);
      label(plot, say("hatched"), (from + to) / 2, top + height / 2, "center", to - from);
    }
  }

  /** The dashed line of a figure, and what is said of a chart without a value. */
  function annotate(plot, mark, isEmpty) {
    const { left, top, width, height } = plot.bbox;
    if (isEmpty) label(plot, say("none"), left + width / 2, top + height / 2, "center");
    if (!mark) return;
    const y = plot.valToPos(mark, "y", true);
    plot.ctx.save();
    plot.ctx.strokeStyle = colour("ink");
    plot.ctx.lineWidth = 2.5;
    plot.ctx.setLineDash([12, 6]);
    plot.ctx.beginPath();
    plot.ctx.moveTo(left, y);
    plot.ctx.lineTo(left + width, y);
    plot.ctx.stroke();
    plot.ctx.restore();
    label(plot, say("p95", { value: written(mark, "mbps") }), left + 6, y - 11 * devicePixelRatio, "left");
  }

  /** Write a text over a chart, if it is no wider than `room`. */
  function label(plot, text, x, y, align, room = Infinity) {
    const pen = plot.ctx;
    pen.save();
    pen.font = `600 ${12 * devicePixelRatio}px system-ui, sans-serif`;
    pen.textAlign = align;
    pen.textBaseline = "middle";
    const wide = pen.measureText(text).width;
    if (wide + 10 > room) return pen.restore();
    pen.fillStyle = colour("page");
    pen.globalAlpha = 0.85;
    pen.fillRect((align === "center" ? x - wide / 2 : x) - 5, y - 9 * devicePixelRatio, wide + 10, 18 * devicePixelRatio);
    pen.globalAlpha = 1;
    pen.fillStyle = colour("ink");
    pen.fillText(text, x, y);
    pen.restore();
  }

  // What moves it ---------------------------------------------------------------------------------

  function begin() {
    for (const element of document.querySelectorAll(".living")) element.hidden = false;
    for (const days of [7, 31, DAYS]) {
      if (days > DAYS || (days === DAYS && find(`#lengths [value="${days}"]`))) continue;
      const button = make("button", "", days === DAYS ? say("all") : say("last", { number: days }));
      button.type = "button";
      button.value = days;
      button.onclick = () => choose(DAYS - days, DAYS - 1);
      find("#lengths").append(button, " ");
    }
    const form = find("#choice");
    form.onchange = () => {
      const [first, last] = ["first", "last"].map((name) => indexOf(form.elements[name].value));
      if (first >= 0 && last >= 0) choose(first, last);
    };
    form.onsubmit = () => false;
    addEventListener("hashchange", () => {
      readHash();
      show();
      scrollTo(0, 0);
    });
    let width = document.body.clientWidth;
    addEventListener("resize", () => {
      if (document.body.clientWidth === width) return;
      width = document.body.clientWidth;
      show();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
    const paper = (isPaper) => () => {
      document.documentElement.classList.toggle("paper", isPaper); // light colours, as wide as a sheet
      show();
    };
    addEventListener("beforeprint", paper(true));
    addEventListener("afterprint", paper(false));
    readHash();
    show();
  }

  begin();
})();
