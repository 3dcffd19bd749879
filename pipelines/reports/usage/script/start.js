// What moves it: buttons, dates, addresses, the width of the window, and paper. The last part.

function begin() {
    for (const element of document.querySelectorAll(".living")) element.hidden = false;
    for (const days of [7, 31, DAYS]) {
        if (days > DAYS || (days === DAYS && find(`#lengths [value="${days}"]`))) continue;
        const button = make(
            "button",
            "",
            days === DAYS ? say("all") : say("last", { number: days }),
        );
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
