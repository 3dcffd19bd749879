// Texts: how figures, days and instants are written, as figures.py and words.py write them.
// The first of the parts of the script: ../page.py puts them one after the other into the page.
//
// Days are their index in the range of the report. All times are of the archive's zone, never of the
// browser's. Names come from outside: they are written as text, never as HTML.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const DAYS = data.starts.length - 1;
const NONE = "–";
const SPACE = "\u00a0"; // keeps a figure and its unit on one line
const FINE_DAYS = 35; // with more days a chart has one value a day
const LINES = 6; // as many as there are colours
const PAPER_PX = 690;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const say = (key, values = {}) => fill(data.words[key], values);

/** A number with so many decimals as Python writes it: exact halves go to the even digit. */
function fixed(number, decimals) {
    const scaled = number * 10 ** decimals;
    const isHalf = Number.isInteger(number * 2 ** (decimals + 1)) && Math.abs(scaled % 1) === 0.5;
    const text = isHalf
        ? ((2 * Math.round(scaled / 2)) / 10 ** decimals).toFixed(decimals)
        : number.toFixed(decimals);
    const [whole, rest] = text.split(".");
    return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (rest ? `.${rest}` : "");
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
    const [unit, name] =
        data.language === "zh"
            ? size >= 1e8
                ? [1e8, "亿"]
                : [1e4, "万"]
            : size >= 1e9
              ? [1e9, "billion"]
              : [1e6, "million"];
    return short(number / unit) + SPACE + name;
}

function oneDigit(number) {
    const [digit, exponent] = number.toExponential(0).split("e");
    return +exponent < -4
        ? `${digit}e-${exponent.slice(1).padStart(2, "0")}`
        : `${Number(number.toPrecision(1))}`;
}

function share(part) {
    const percent = part * 100;
    let text;
    if (percent && Math.abs(percent) < 0.995)
        text = Math.abs(percent) >= 0.095 ? fixed(percent, 2) : oneDigit(percent);
    else if (percent > 99 && percent < 100) text = fixed(Math.trunc(percent * 100) / 100, 2);
    else text = fixed(percent, percent >= 99.95 ? 0 : 1);
    return text + SPACE + "%";
}

function duration(seconds) {
    const [second, minute, hour] =
        data.language === "zh" ? ["秒", "分钟", "小时"] : ["s", "min", "h"];
    if (seconds < 90) return fixed(seconds, 0) + SPACE + second;
    const minutes = Number(fixed(seconds / 60, 0).replaceAll(",", ""));
    if (minutes < 60) return minutes + SPACE + minute;
    return Math.floor(minutes / 60) + SPACE + hour + SPACE + (minutes % 60) + SPACE + minute;
}

const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: data.zone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
});
const dayLabel = new Intl.DateTimeFormat(data.language, {
    timeZone: "UTC",
    month: "short",
    day: "numeric",
});
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
const range = (first, last) =>
    first === last ? iso(first) : say("range", { first: iso(first), last: iso(last) });

function written(value, shown) {
    if (value === null) return NONE;
    switch (shown) {
        case "bytes":
            return scaled(value, ["B", "kB", "MB", "GB", "TB", "PB"]);
        case "mbps":
            return scaled(value * 1000, ["kbps", "Mbps", "Gbps", "Tbps"]);
        case "share":
            return share(value);
        case "seconds":
            return duration(value);
        case "moment":
            return moment(value);
        case "clock":
            return time(value);
        case "text":
            return value;
        default:
            return count(value);
    }
}

function change(now, before) {
    const percent = ((now - before) / before) * 100;
    const size = Math.abs(percent);
    if (size < 0.05) return say("unchanged");
    return (percent > 0 ? "+" : "−") + fixed(size, size < 10 ? 1 : 0) + SPACE + "%";
}

function points(now, before) {
    const moved = (now - before) * 100;
    const size = Math.abs(moved);
    if (size < 0.005) return say("unchanged");
    return say("points", {
        change: (moved > 0 ? "+" : "−") + fixed(size, size >= 0.95 ? 1 : 2),
    }).replaceAll(" ", SPACE);
}
