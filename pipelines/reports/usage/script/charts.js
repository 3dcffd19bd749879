// Charts, drawn by uPlot.

const plots = [];
const colour = (name) => getComputedStyle(document.body).getPropertyValue(`--${name}`).trim();
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], []];

/** One value a day for a line of a chart; shares where it is a part of something. */
function byDay(line, entity) {
    const parts = added(entity, line.of, here.first, here.last);
    if (!line.per) return parts;
    const wholes = added(entity, line.per, here.first, here.last);
    return parts.map((part, i) =>
        part === null || !wholes[i] ? null : line.is_rest ? 1 - part / wholes[i] : part / wholes[i],
    );
}

const middleOf = (day) => (data.starts[day] + data.starts[day + 1]) / 2;

const nameOf = (chart, entity) =>
    entity === data.main && !entity.domain ? chart.lines[0].label : entity.label;

/** What a chart draws: times in seconds, and lines with their values. */
function contents(chart) {
    const { entity, first, last } = here;
    const others =
        here.kind === "main" && chart.by
            ? (data.groups[chart.by] ?? [])
                  .map((one) => ({
                      one,
                      size: sum(known(added(one, chart.lines[0].of, first, last))),
                  }))
                  .filter(({ size }) => size > 0)
                  .sort((a, b) => b.size - a.size)
                  .map(({ one }) => one)
            : [];
    const fine =
        chart.fine && last - first < FINE_DAYS
            ? [entity, ...others]
                  .map((one) => ({ one, values: fineOf(one, chart.fine, first, last) }))
                  .filter((one) => one.values)
            : [];
    if (fine.length) {
        const step = fine[0].one.fine[chart.fine].step_s;
        const times = fine[0].values.map((_, i) => data.starts[first] + i * step);
        return {
            times,
            lines: fine
                .slice(0, LINES)
                .map(({ one, values }) => ({ label: nameOf(chart, one), values })),
        };
    }
    const times = Array.from(
        { length: last - first + 1 },
        (_, i) => middleOf(first + i),
    );
    const lines = chart.lines.map((line) => ({
        label: chart.by ? nameOf(chart, entity) : line.label,
        values: byDay(line, entity),
        colour: line.colour,
    }));
    for (const one of others.slice(0, LINES - lines.length))
        lines.push({ label: one.label, values: byDay(chart.lines[0], one) });
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
        heights: isStacked
            ? times.map((_, t) =>
                  known(lines.slice(0, i + 1).map((one) => one.values[t])).reduce(
                      (a, b) => a + b,
                      null,
                  ),
              )
            : line.values,
    }));
    if (isStacked) shown.reverse(); // the highest bar lies behind the others
    place.closest("figure").hidden = false;
    const mark = chart.mark
        ? reckon(section.figures[chart.mark], here.entity, here.first, here.last)
        : null;
    const highest = shown.reduce(
        (most, { heights }) => heights.reduce((a, b) => Math.max(a, b ?? 0), most),
        mark ?? 0,
    );
    const isEmpty = !highest;
    const options = {
        width: place.clientWidth || PAPER_PX,
        height: chart.by ? 290 : 210,
        legend: { live: true },
        cursor: {
            y: false,
            drag: { x: true, y: false, setScale: false },
            sync: {
                key: "days",
                filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
            },
            bind: { dblclick: () => () => choose(0, DAYS - 1) },
        },
        scales: {
            x: { time: false, range: () => [data.starts[here.first], data.starts[here.last + 1]] },
            y: { range: () => [0, isEmpty ? 1 : highest * 1.12] },
        },
        axes: [timeAxis(times.length === here.last - here.first + 1), valueAxis(chart, isEmpty)],
        series: [
            {
                label: say("days"),
                value: (_, second) =>
                    second === null
                        ? NONE
                        : times.length > here.last - here.first + 1
                          ? moment(second)
                          : iso(dayOf(second)),
            },
            ...shown.map((line) => plotted(chart, line, times)),
        ],
        hooks: {
            drawClear: [(plot) => hatch(plot, section)],
            draw: [(plot) => annotate(plot, mark, isEmpty)],
            setSelect: [
                (plot) => {
                    if (plot.select.width < 4) return;
                    const [a, b] = [plot.select.left, plot.select.left + plot.select.width].map(
                        (x) => dayOf(plot.posToVal(x, "x")),
                    );
                    choose(a, b);
                },
            ],
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
        value: (_plot, _value, _series, i) =>
            i === null || i === undefined ? NONE : written(line.values[i], chart.shown),
        stroke: paint,
        fill: isBar ? paint : undefined,
        width: isBar ? 0 : times.length > 1000 ? 1 : 1.6,
        dash: isBar || chart.by ? undefined : line.dash,
        points: { show: chart.style === "lines" && times.length < 62 },
        paths: isBar
            ? uPlot.paths.bars({ size: [0.72, 48] })
            : chart.style === "steps"
              ? uPlot.paths.stepped({ align: times.length > 62 ? 1 : 0 })
              : undefined,
    };
}

const axis = () => ({
    stroke: colour("ink"),
    font: "12px system-ui, sans-serif",
    ticks: { stroke: colour("line"), size: 4 },
});

/** Days below the middle of each where a chart has a value a day; else their beginnings, and hours. */
function timeAxis(isDaily) {
    const days = here.last - here.first + 1;
    return {
        ...axis(),
        grid: { show: false },
        splits: (plot) => {
            const room = Math.max(2, Math.floor(plot.width / 85));
            const step =
                [1, 2, 3, 7, 14, 31, 61, 122, 366].find((size) => days <= size * room) ?? 1000;
            const found = [];
            for (let day = here.first; day <= here.last; day += step) {
                found.push(isDaily ? middleOf(day) : data.starts[day]);
                if (isDaily) continue;
                const hours = days * 4 <= room ? [6, 12, 18] : days * 2 <= room ? [12] : [];
                for (const hour of hours) found.push(data.starts[day] + hour * 3600);
            }
            return found;
        },
        values: (_, splits) =>
            splits.map((second) => {
                const day = dayOf(second);
                if (!isDaily && second !== data.starts[day]) return time(second);
                return days > 300 ? iso(day) : dayLabel.format(utc(day));
            }),
    };
}

function valueAxis(chart, isEmpty) {
    return {
        ...axis(),
        size: 74,
        grid: { stroke: colour("line"), width: 1 },
        values: (_, splits) =>
            splits.map((value) =>
                isEmpty || (chart.shown === "count" && value % 1)
                    ? ""
                    : written(value, chart.shown),
            ),
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
        const [from, to] = [data.starts[a], data.starts[b + 1]].map((second) =>
            plot.valToPos(second, "x", true),
        );
        plot.ctx.fillStyle = plot.ctx.createPattern(tile, "repeat");
        plot.ctx.fillRect(from, top, to - from, height);
        label(plot, say("hatched"), (from + to) / 2, top + height / 2, "center", to - from);
    }
}

/** The dashed line of a figure, and what is said of a chart without a value. */
function annotate(plot, mark, isEmpty) {
    const { left, top, width } = plot.bbox;
    // Above the middle, where a hatched day says that it is not captured.
    if (isEmpty) label(plot, say("none"), left + width / 2, top + 14 * devicePixelRatio, "center");
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
    label(
        plot,
        say("p95", { value: written(mark, "mbps") }),
        left + 6,
        y - 11 * devicePixelRatio,
        "left",
    );
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
    pen.fillRect(
        (align === "center" ? x - wide / 2 : x) - 5,
        y - 9 * devicePixelRatio,
        wide + 10,
        18 * devicePixelRatio,
    );
    pen.globalAlpha = 1;
    pen.fillStyle = colour("ink");
    pen.fillText(text, x, y);
    pen.restore();
}
