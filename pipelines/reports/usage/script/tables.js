// Tables of days and of entities.

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
    const isHere = (one) =>
        here.kind === "main" ||
        (here.kind === "domain" && [here.entity.domain, here.entity.push].includes(one.domain));
    return (data.groups[table.group] ?? [])
        .filter((one) => one.series[table.order.of[0]] && isHere(one))
        .map((entity) => ({ entity, value: reckon(table.order, entity, here.first, here.last) }))
        .filter(({ value }) => value > 0)
        .sort(
            (a, b) =>
                b.value - a.value ||
                order(a.entity.label, b.entity.label) ||
                order(a.entity.domain, b.entity.domain),
        );
}

const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Fill a table; returns the sentence about its first row. */
function showTable(table) {
    const place = find(`[data-table="${table.id}"]`);
    const body = find("tbody", place);
    if (table.group === "day") {
        const section = data.sections.find((one) => one.tables?.includes(table));
        const lacks = section.needs.flatMap((name) => missing(name, here.first, here.last));
        const days = Array.from(
            { length: here.last - here.first + 1 },
            (_, i) => here.first + i,
        ).filter((day) => !lacks.some(([a, b]) => a <= day && day <= b));
        body.replaceChildren(
            ...days
                .slice(-data.day_rows)
                .map((day) => row(heading(iso(day)), table, here.entity, day, day)),
        );
        place.hidden = !days.length;
        showNote(table, place, Math.max(0, days.length - data.day_rows));
        return "";
    }
    const all = rowsOf(table);
    const shown = all.slice(0, table.most);
    const longest = Math.max(
        0,
        ...table.columns
            .filter((one) => one.has_bar)
            .flatMap((column) =>
                shown.map(
                    ({ entity }) => reckon(column.figure, entity, here.first, here.last) ?? 0,
                ),
            ),
    );
    body.replaceChildren(
        ...shown.map(({ entity }) => {
            const isPage = table.group === "stream" || table.group === "domain";
            const name = heading(entity.label, isPage ? hash(entity, table.group) : "");
            return row(name, table, entity, here.first, here.last, longest);
        }),
    );
    place.hidden = !shown.length;
    showNote(table, place, all.length - shown.length);
    if (!shown.length || !table.top) return "";
    return fill(table.top, {
        name: shown[0].entity.label,
        value: written(shown[0].value, table.order.shown),
    });
}

function showNote(table, place, left) {
    const note = find(".note", place);
    const text = [table.note, left ? say("left_out", { number: left }) : ""]
        .filter(Boolean)
        .join(" ");
    note.hidden = !text;
    write(note, text);
}

function row(name, table, entity, first, last, longest = 0) {
    const made = make("tr");
    made.append(
        name,
        ...table.columns.map((column) => {
            if (!column.figure) return make("td", "", entity[column.fact] ?? NONE);
            const value = reckon(column.figure, entity, first, last);
            const cell = make(
                "td",
                column.has_bar || column.figure.shown === "text" ? "" : "figure",
                written(value, column.figure.shown),
            );
            if (column.has_bar && longest) {
                const bar = make("span", "bar");
                bar.append(make("i"));
                bar.firstChild.style.width = `${(((value ?? 0) / longest) * 100).toFixed(1)}%`;
                cell.prepend(bar);
            }
            return cell;
        }),
    );
    return made;
}
