// What is shown: the choice of days, of a domain or a stream, and the places of the page that view.py has
// filled for all days, by the same declarations (section.py): a change there is a change here.

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
    if (kind === "stream")
        for (const name of ["domain", "app", "stream"]) words.set(name, entity[name]);
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
    const found =
        stream === null
            ? (data.groups.domain ?? []).find((one) => one.domain === domain)
            : (data.groups.stream ?? []).find(
                  (one) => one.domain === domain && one.app === app && one.stream === stream,
              );
    here.entity = found ?? data.main;
    here.kind = !found ? "main" : stream === null ? "domain" : "stream";
    const [first, last] = [words.get("first"), words.get("last")].map((text) =>
        text === null ? NaN : indexOf(text),
    );
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
    const name =
        here.kind === "stream"
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
        if (!data.sections.some((one) => one.id === place.dataset.section))
            place.hidden = here.kind !== "main";
    }
    showCoverage();
}

/** Whether the chosen domain or stream has anything of a section. */
function isIn(section) {
    if (!section.scopes.includes(here.kind)) return false;
    const figures = Object.values(section.figures ?? {}).filter((one) => one.how !== "p95");
    if (!figures.length)
        return here.kind === "main" || section.tables.some((one) => rowsOf(one).length);
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
        button.setAttribute(
            "aria-pressed",
            here.last === DAYS - 1 && here.last - here.first + 1 === days,
        );
    }
    const chosen = {
        days: range(here.first, here.last),
        number: count(here.last - here.first + 1),
        all: count(DAYS),
    };
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
    const [, sentence] = section.headlines.find(
        ([name]) => !name || reckon(section.figures[name], here.entity, here.first, here.last),
    );
    write(
        find(".headline", place),
        lacks === days ? say("nothing") : [fill(sentence, textsOf(section)), ...tops].join(" "),
    );
    const gap = find(".gap", place);
    gap.hidden = !lacks;
    const list = runs
        .filter(([, found]) => found.length)
        .map(([name, found]) => `${name} ${listed(found)}`)
        .join("; ");
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
    find("tbody", table).replaceChildren(
        ...(rows ?? []).map(([name, ...texts]) => {
            const row = make("tr");
            row.append(heading(name), ...texts.map((text) => make("td", "figure", text)));
            return row;
        }),
    );
}

function showCoverage() {
    const days = here.last - here.first + 1;
    let whole = 0;
    const rows = [...document.querySelectorAll("[data-dataset]")];
    for (const row of rows) {
        const runs = missing(row.dataset.dataset, here.first, here.last);
        whole += !runs.length;
        find("svg", row).setAttribute("viewBox", `${here.first} 0 ${days} 16`);
        write(
            row.children[2],
            fill(data.coverage.part, { number: count(days - length(runs)), all: count(days) }),
        );
        write(row.children[3], listed(runs) || NONE);
    }
    if (!rows.length) return;
    const text = data.coverage[whole === rows.length ? "all" : "some"];
    write(find('[data-section="coverage"] .headline'), fill(text, { whole, number: rows.length }));
}
