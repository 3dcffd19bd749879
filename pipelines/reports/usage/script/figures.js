// Figures of an entity over chosen days, as figures.py reckons them, and the days that are missing.

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
    return ranked.length ? ranked[Math.floor((ranked.length * 5) / 100)] : null;
}

/** The days of the choice that a dataset lacks, as [first, last, reason]. */
const missing = (name, first, last) =>
    (data.missing[name] ?? [])
        .filter(([a, b]) => a <= last && b >= first)
        .map(([a, b, why]) => [Math.max(a, first), Math.min(b, last), why]);
const length = (runs) => sum(runs.map(([a, b]) => b - a + 1));

function listed(runs) {
    const reasons = new Map();
    for (const run of runs) reasons.set(run[2], [...(reasons.get(run[2]) ?? []), run]);
    return [...reasons]
        .map(([why, found]) => {
            const list = found
                .slice(0, 3)
                .map(([a, b]) => range(a, b))
                .join(", ");
            const days =
                found.length > 3 ? say("more_ranges", { list, number: found.length - 3 }) : list;
            return say("reasoned", { days, why });
        })
        .join("; ");
}
