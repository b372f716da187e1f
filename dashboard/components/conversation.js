// Words come from callers and models: they are only ever set as text.
const COLOURS = { caller: "#0b5c7a", bot: "#8a5a00" };

function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...inside);
  return made;
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0");
}

function draw(canvas, peaks) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width) return;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const middle = height / 2;
  for (const [track, direction] of [["caller", -1], ["bot", 1]]) {
    const values = peaks[track] ?? [];
    pen.fillStyle = COLOURS[track];
    const step = width / Math.max(values.length, 1);
    values.forEach((value, index) => {
      const tall = Math.max(1, Math.sqrt(value / 100) * (middle - 4));
      pen.fillRect(index * step, direction < 0 ? middle - tall : middle, Math.max(step - 0.3, 0.6), tall);
    });
  }
}

function player(host, data, onTime) {
  const words = data.words;
  let leg = data.legs[0];
  let track = "both";
  const audio = element("audio", { controls: "", preload: "metadata" });
  const canvas = element("canvas", { "aria-hidden": "true" });
  const at = element("div", { class: "at" });
  const wave = element("div", { class: "wave", role: "slider", tabindex: "0", "aria-label": words.waveform }, canvas, at);
  const links = element("span");

  const seek = (seconds, play) => {
    audio.currentTime = Math.min(Math.max(seconds, 0), leg.seconds);
    if (play) audio.play().catch(() => {});
    told();
  };
  const told = () => {
    const share = leg.seconds ? audio.currentTime / leg.seconds : 0;
    at.style.left = Math.min(share, 1) * 100 + "%";
    wave.setAttribute("aria-valuenow", Math.round(audio.currentTime));
    wave.setAttribute("aria-valuetext", clock(audio.currentTime) + " / " + clock(leg.seconds));
    onTime(audio.currentTime + leg.offset_s);
  };
  const load = () => {
    const position = audio.currentTime;
    const playing = !audio.paused;
    audio.src = leg.address + "/" + track + ".wav";
    audio.addEventListener("loadedmetadata", () => { audio.currentTime = position; if (playing) audio.play().catch(() => {}); }, { once: true });
    wave.setAttribute("aria-valuemin", 0);
    wave.setAttribute("aria-valuemax", Math.round(leg.seconds));
    links.replaceChildren(
      words.download + " ",
      element("a", { href: leg.address + "/" + track + ".wav?download", download: "" }, "WAV"),
      " ",
      element("a", { href: leg.address + "/" + track + ".mp3?download", download: "" }, "MP3"),
    );
    draw(canvas, leg.peaks);
    told();
  };
  const choice = (name, title, options, chosen, then) => {
    const group = Math.random().toString(36).slice(2);
    return element("fieldset", {}, element("legend", {}, title), ...options.map(([value, text]) => {
      const input = element("input", { type: "radio", name: name + group, value, onchange: () => then(value) });
      input.checked = value === chosen;
      return element("label", {}, input, text);
    }));
  };

  audio.addEventListener("timeupdate", told);
  wave.addEventListener("click", (event) => {
    const box = wave.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * leg.seconds, true);
  });
  wave.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageUp: 30, PageDown: -30 }[event.key];
    if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(leg.seconds);
    else if (event.key === " " || event.key === "Enter") audio.paused ? audio.play().catch(() => {}) : audio.pause();
    else if (step) seek(audio.currentTime + step);
    else return;
    event.preventDefault();
  });
  const tracks = ["both", "caller", "bot"].map((name) => [name, words[name]]);
  if (data.legs.length > 1) {
    const options = data.legs.map((_, index) => [String(index), words.leg.replace("#", index + 1)]);
    host.append(choice("leg", "", options, "0", (value) => { leg = data.legs[Number(value)]; audio.currentTime = 0; load(); }));
  }
  const keys = ["caller", "bot"].map((name) => element("span", {}, element("i", { style: "background:" + COLOURS[name] }), words[name]));
  host.append(choice("track", words.listen_to, tracks, track, (value) => { track = value; load(); }), audio, wave,
    element("div", { class: "key" }, element("span", {}, ...keys.flatMap((one) => [one, " "])), links));
  const watch = new ResizeObserver(() => draw(canvas, leg.peaks));
  watch.observe(wave);
  load();
  return {
    jump(seconds) {
      const found = data.legs.findLast((one) => seconds >= one.offset_s) ?? data.legs[0];
      if (found !== leg) { leg = found; load(); }
      seek(seconds - leg.offset_s, true);
    },
    stop() { watch.disconnect(); audio.pause(); audio.removeAttribute("src"); },
  };
}

function chat(list, data, jump) {
  const words = data.words;
  if (!data.entries.length) {
    list.replaceChildren(element("li", {}, words.no_words));
    return [];
  }
  const lines = data.entries.map((entry) => {
    const time = jump && !entry.now
      ? element("button", { type: "button", onclick: () => jump(entry.at_s) }, clock(entry.at_s))
      : element("span", {}, entry.now ? words.live_speaking : clock(entry.at_s));
    const meta = element("div", { class: "meta" }, element("strong", {}, words[entry.speaker]), time);
    if (entry.note) meta.append(element("span", {}, entry.note));
    if (entry.interrupted) meta.append(element("span", { class: "cut" }, words.interrupted));
    const kind = "said " + entry.speaker + (entry.now ? " now" : "");
    return element("li", { class: kind }, meta, element("div", { class: "words" }, entry.text));
  });
  list.replaceChildren(...lines);
  return lines;
}

export default function ({ parentElement, data }) {
  const host = parentElement.querySelector(".call");
  const [sound, list] = [host.querySelector(".sound"), host.querySelector(".chat")];
  const kept = (host.kept ??= {});
  list.tabIndex = 0;
  list.setAttribute("aria-label", data.words.conversation);
  const same = JSON.stringify([data.legs, data.words]);
  if (kept.legs !== same) {
    kept.player?.stop();
    sound.replaceChildren();
    kept.legs = same;
    kept.player = data.legs.length ? player(sound, data, (seconds) => kept.follow?.(seconds)) : null;
  }
  const said = JSON.stringify(data.entries);
  if (kept.said !== said) {
    const bottom = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const lines = chat(list, data, kept.player ? (seconds) => kept.player.jump(seconds) : null);
    if (data.live && (bottom || kept.said === undefined)) list.scrollTop = list.scrollHeight;
    kept.said = said;
    kept.follow = (seconds) => {
      const current = data.entries.findLastIndex((entry) => entry.at_s <= seconds + 0.05);
      lines.forEach((line, index) => line.classList.toggle("current", seconds > 0 && index === current));
    };
  }
  return () => { if (!host.isConnected) { kept.player?.stop(); kept.legs = undefined; } };
}
