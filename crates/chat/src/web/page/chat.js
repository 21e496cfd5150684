// The page of the chat. Text of others reaches the document only as text.
"use strict";

const TEXTS = {
  en: {
    nick: "Your name", nickButton: "Change", rooms: "Rooms", join: "Room to join", joinButton: "Join", people: "People here",
    line: "Message", send: "Send", log: "Messages", menu: "Rooms and people", latest: "New messages ↓", notify: "Notify me",
    reconnect: "Connect again", connecting: "connecting …", open: "connected", lost: "connection lost; trying again …", ended: "disconnected",
    door: "This chat has a password", password: "Password", enter: "Enter", wrong: "This password is wrong.",
    gap: "Some messages may be missing here", waiting: "waits for the connection", sending: "sending …", unsure: "may not have arrived",
    received: "received, but not shown again", again: "Send again", drop: "Discard", refused: "refused", write: (name) => `Write to ${name}`, clients: (n) => `${n} here`,
    unread: (n) => `${n} unread`, you: "you",
  },
  zh: {
    nick: "你的名字", nickButton: "更改", rooms: "房间", join: "要进入的房间", joinButton: "进入", people: "在场的人",
    line: "消息", send: "发送", log: "消息记录", menu: "房间与成员", latest: "有新消息 ↓", notify: "开启通知",
    reconnect: "重新连接", connecting: "正在连接…", open: "已连接", lost: "连接中断，正在重试…", ended: "已断开",
    door: "此聊天室需要密码", password: "密码", enter: "进入", wrong: "密码不正确。",
    gap: "此处可能缺少一些消息", waiting: "等待连接", sending: "正在发送…", unsure: "可能未送达",
    received: "服务器已收到，但没有再次显示", again: "重新发送", drop: "丢弃", refused: "被拒绝", write: (name) => `写给 ${name}`, clients: (n) => `${n} 人`,
    unread: (n) => `${n} 条未读`, you: "你",
  },
};
const LANGUAGE = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
const T = TEXTS[LANGUAGE];
// Notices that are worth a translation; the others are shown as they come.
const CHINESE = [[/^(\S+) has joined$/, "$1 加入了"], [/^(\S+) has left$/, "$1 离开了"], [/^(\S+) is now (\S+)$/, "$1 改名为 $2"],
  [/^you are (\S+)$/, "你现在叫 $1"], [/^this name is taken$/, "这个名字已被占用"], [/^nobody is called (\S+)$/, "没有人叫 $1"]];
const MAX_SHOWN = 1000, MAX_LINE = 4096, LOBBY = "lobby", POLL = 15000, ECHO = 5000;
const PASSWORD = /^[ \t]*\/pass(?:[ \t](.*)|$)/s;
const PRIVATE = /^\/msg[ \t]+\S+[ \t]+/;
const $ = (id) => document.getElementById(id);

let socket = null, attempts = 0, timer = 0, connection = 0;
let me = "", synced = false, admitted = false, ended = false, hiddenReplies = { rooms: 0, who: 0 }, nickTries = 0;
let current = LOBBY, missed = 0, lastDay = "";
const substitute = `guest-${Math.floor(1000 + Math.random() * 9000)}`;
const wanted = { nick: localStorage.getItem("nick") || substitute, room: localStorage.getItem("room") || LOBBY };
const names = new Set(), rooms = new Map(), unsent = [];
// By this key the server knows the page again, and how many of its lines have arrived. `lines` counts those that were sent.
const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
let lines = 0, received = null;

// ---- rooms and their messages

function room(name) {
  if (!rooms.has(name)) {
    rooms.set(name, { name, shown: [], seen: new Map(), replay: new Map(), isReplaying: false, matched: false, before: 0, hasGap: false, clients: 0, total: 0, read: null });
  }
  return rooms.get(name);
}

// The history is repeated after each join: `seen` counts the messages that were shown, `replay` those of this history.
function beginReplay(of) {
  Object.assign(of, { replay: new Map(), isReplaying: true, matched: false, before: of.shown.filter((it) => it.key).length, hasGap: false });
}

// A history without any message that was shown may begin after others that were missed.
function endReplay(of) {
  if (of.isReplaying && of.before > 0 && !of.matched) markGap(of);
  of.isReplaying = false;
}

function markGap(of) {
  if (!of.hasGap && !of.shown.at(-1)?.gap) show(of, { gap: true });
  of.hasGap = true;
}

function isNew(of, message, key) {
  if (!message.history) {
    endReplay(of);
    of.seen.set(key, (of.seen.get(key) || 0) + 1);
    return true;
  }
  const count = (of.replay.get(key) || 0) + 1;
  of.replay.set(key, count);
  if (count <= (of.seen.get(key) || 0)) {
    of.matched = true;
    return false;
  }
  of.seen.set(key, count);
  if (of.before > 0 && !of.matched) markGap(of);
  return true;
}

function show(of, entry) {
  of.shown.push(entry);
  if (of.shown.length > MAX_SHOWN) {
    const { key } = of.shown.shift();
    if (key && of.seen.get(key) > 1) of.seen.set(key, of.seen.get(key) - 1);
    else if (key) of.seen.delete(key);
    if (of.name === current) $("log").firstElementChild?.remove();
  }
  if (of.name === current) append(entry);
}

function append(entry) {
  const log = $("log"), atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const item = document.createElement("li");
  if (entry.gap) {
    item.className = "gap";
    item.textContent = T.gap;
  } else {
    const at = new Date(entry.time), day = at.toLocaleDateString(LANGUAGE, { weekday: "long", year: "numeric", month: "long", day: "numeric" });
    const time = document.createElement("time"), body = document.createElement("div");
    time.dateTime = entry.time;
    time.textContent = at.toLocaleTimeString(LANGUAGE, { hour: "2-digit", minute: "2-digit", hour12: false });
    time.title = day;
    if (entry.kind === "notice") {
      item.className = "notice";
    } else {
      const from = document.createElement("span"), own = names.has(entry.from);
      item.className = (own ? "own " : "") + (entry.kind === "private" ? "private" : "");
      from.className = "from";
      from.style.setProperty("--hue", hue(entry.from));
      from.textContent = entry.to ? `${own ? T.you : entry.from} → ${names.has(entry.to) ? T.you : entry.to}` : entry.from;
      body.append(from);
    }
    body.append(...linked(entry.kind === "notice" ? translated(entry.text) : entry.text));
    item.append(time, body);
    if (day !== lastDay) {
      const heading = document.createElement("li");
      heading.className = "day";
      heading.textContent = lastDay = day;
      item.dataset.day = day;
      log.append(heading);
    }
  }
  log.append(item);
  if (atEnd) log.scrollTop = log.scrollHeight;
  else $("latest").hidden = false;
}

// Makes links of http and https. Everything else stays text.
function linked(text) {
  const parts = [];
  let rest = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"'`]+/gi)) {
    const shown = match[0].replace(/[.,;:!?)\]}、。，；：！？）」]+$/u, "");
    let url;
    try { url = new URL(shown); } catch { continue; }
    if (url.protocol !== "http:" && url.protocol !== "https:") continue;
    const link = document.createElement("a");
    Object.assign(link, { href: url.href, textContent: shown, target: "_blank", rel: "noopener noreferrer" });
    parts.push(text.slice(rest, match.index), link);
    rest = match.index + shown.length;
  }
  return [...parts, text.slice(rest)];
}

function hue(name) {
  let hash = 2166136261;
  for (const unit of name) hash = Math.imul(hash ^ unit.codePointAt(0), 16777619);
  // The low bits alone are alike for short names.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (((hash ^ (hash >>> 13)) >>> 0) % 36) * 10;
}

function translated(text) {
  const found = LANGUAGE === "zh" && CHINESE.find(([pattern]) => pattern.test(text));
  return found ? text.replace(found[0], found[1]) : text;
}

function enter(name) {
  const before = room(current);
  before.read = null;
  current = name;
  wanted.room = name;
  localStorage.setItem("room", name);
  $("title").textContent = name;
  lastDay = "";
  $("log").setAttribute("aria-busy", "true");
  $("log").replaceChildren();
  room(name).shown.forEach(append);
  $("log").scrollTop = $("log").scrollHeight;
  $("latest").hidden = true;
  if (synced) $("log").removeAttribute("aria-busy");
  document.title = name;
  drawRooms();
}

// ---- what the server says

function receive(message) {
  const { kind, text } = message;
  if (kind === "notice" && !message.history && (answer(message) || (!synced && connection > 1))) return;
  const of = room(kind === "private" || (kind === "notice" && !message.history) ? current : message.room);
  const key = kind === "private" || (kind === "notice" && !/^operator: /.test(text)) ? "" : JSON.stringify([message.time, message.from, kind, text]);
  if (key && !isNew(of, message, key)) return;
  if (names.has(message.from)) confirm(text);
  show(of, { ...message, key });
  if (!message.history && kind !== "notice" && !names.has(message.from)) announce(message);
}

// Handles the notices that the page acts on. Returns true if nobody needs to read them.
function answer(message) {
  const { text } = message, mine = socket;
  let match;
  if ((match = text.match(/^you are in (\S+); \d+ here$/))) {
    beginReplay(room(match[1]));
    enter(match[1]);
    if (synced) ask("who"), ask("rooms");
    return true;
  }
  if ((match = text.match(/^you are (\S+)$/))) {
    setName(match[1]);
    if (me !== substitute) {
      wanted.nick = me;
      localStorage.setItem("nick", me);
      nickTries = 0;
    }
    if (synced) ask("who");
    return !synced || me === substitute;
  }
  if ((match = text.match(/^this connection (?:is the first with its key|goes on after (\d+) lines?)$/))) {
    received = match[1] === undefined ? null : Number(match[1]);
    lines = received || 0;
    admitted = true;
    login();
    return true;
  }
  if (/^\d+ rooms?: /.test(text)) return listRooms(message);
  if ((match = text.match(/^\d+ here: (.*)$/))) return listPeople(match[1]);
  if (/^this chat has a password: /.test(text)) {
    if (!sessionStorage.getItem("password")) openDoor("");
    return true;
  }
  if (/^wrong password /.test(text)) {
    sessionStorage.removeItem("password");
    openDoor(T.wrong);
    return true;
  }
  if (/^(password accepted|this chat has no password|you have said (the password|\/continue) already|say \/pass PASSWORD first)/.test(text)) {
    if (text === "password accepted") $("door").close();
    return true;
  }
  if (/^(this name is taken|this name is not for clients|a name )/.test(text) && (!synced || nickTries > 0)) {
    // The name may still belong to the connection that broke. The server is closing it if it knows the page.
    if (nickTries === (received === null ? 0 : 1)) send(`/nick ${substitute}`);
    const delay = received !== null && nickTries === 0 ? 300 : 5000;
    if (nickTries++ < 12) setTimeout(() => socket === mine && wanted.nick !== me && send(`/nick ${wanted.nick}`), delay);
    return true;
  }
  if (/^(line refused|not sent): /.test(text)) fail();
  if (/^(nobody is called |\S+ does not read; |expected \/msg )/.test(text)) remove((it) => it.isPrivate && it.state === "sending");
  if (/ ha(s|ve) (joined|left)$| is now \S+$/.test(text)) ask("who", 1000);
  return false;
}

function setName(name) {
  me = name;
  names.add(name);
  if (document.activeElement !== $("nick")) $("nick").value = name;
}

function listRooms({ text, rooms: listed }) {
  const now = listed || text.replace(/^\d+ rooms?: /, "").split(", ").map((it) => ({ name: it.split(" ")[0], clients: parseInt(it.split(" ")[1], 10), messages: 0 }));
  rooms.forEach((it) => (it.clients = 0));
  for (const { name, clients, messages } of now) {
    const of = room(name);
    of.clients = clients;
    of.total = messages;
    if (of.read === null || of.read > messages || name === current) of.read = messages;
  }
  drawRooms();
  const isOwn = hiddenReplies.rooms > 0;
  hiddenReplies.rooms = Math.max(0, hiddenReplies.rooms - 1);
  return isOwn;
}

function listPeople(list) {
  const people = list.replace(/ and \d+ more$/, "").split(", ").map((it) => it.replace(/ since .*$/, ""));
  $("people").replaceChildren(...people.map((name) => {
    const button = document.createElement("button"), label = document.createElement("span");
    label.className = "label from";
    label.style.setProperty("--hue", hue(name));
    label.textContent = name === me ? `${name} (${T.you})` : name;
    button.append(label);
    button.title = T.write(name);
    button.onclick = () => { $("line").value = `/msg ${name} `; $("side").classList.remove("open"); $("line").focus(); };
    return inItem(button);
  }));
  const isOwn = hiddenReplies.who > 0;
  hiddenReplies.who = Math.max(0, hiddenReplies.who - 1);
  if (isOwn) endReplay(room(current));
  if (isOwn && admitted && !synced && hiddenReplies.who === 0) finishLogin();
  return isOwn;
}

function inItem(element) {
  const item = document.createElement("li");
  item.append(element);
  return item;
}

function drawRooms() {
  const shown = [...rooms.values()].filter((it) => it.clients > 0 || it.shown.length > 0 || it.name === current);
  shown.sort((a, b) => (b.name === LOBBY) - (a.name === LOBBY) || a.name.localeCompare(b.name));
  $("rooms").replaceChildren(...shown.map((of) => {
    const button = document.createElement("button"), label = document.createElement("span"), count = document.createElement("span");
    const unread = of.name === current || of.read === null ? 0 : of.total - of.read;
    label.className = "label";
    label.textContent = of.name;
    count.className = unread > 0 ? "unread" : "count";
    count.textContent = unread > 0 ? T.unread(unread) : T.clients(of.clients);
    button.title = of.name;
    if (of.name === current) button.setAttribute("aria-current", "true");
    button.append(label, count);
    button.onclick = () => { if (of.name !== current) send(`/join ${of.name}`); $("side").classList.remove("open"); };
    return inItem(button);
  }));
}

// ---- lines to the server

function send(line) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(line);
  lines += 1;
  return true;
}

let asked = {};
function ask(what, delay = 0) {
  clearTimeout(asked[what]);
  asked[what] = setTimeout(() => { if (admitted && send(`/${what}`)) hiddenReplies[what] += 1; }, delay);
}

function say(text) {
  const password = text.match(PASSWORD)?.[1];
  if (password) return sayPassword(password);
  if (text === "quit" || /^\/quit\s*$/.test(text)) ended = true;
  const isPrivate = PRIVATE.test(text), isText = !text.startsWith("/") || text.startsWith("//");
  if (!isText && !isPrivate && synced) return send(text);
  unsent.push({ text, isText, isPrivate, on: 0, number: 0, state: "waiting" });
  flush();
}

// Sends the lines that were not sent yet.
function flush() {
  for (const entry of [...unsent]) {
    if (!synced || entry.state !== "waiting" || !send(entry.text)) continue;
    Object.assign(entry, { on: connection, number: lines, state: "sending" });
    if (!entry.isText && !entry.isPrivate) unsent.splice(unsent.indexOf(entry), 1);
  }
  drawUnsent();
}

// The text of a line as the server says it.
const said = ({ text, isPrivate }) => text.replace(isPrivate ? PRIVATE : /^\/(?=\/)/, "").replace(/[\t\r]/g, " ").replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "").trim();

// The server has sent a line back.
function confirm(text) {
  remove((it) => it.on > 0 && said(it) === text.trim());
}

// Removes the first line that fits.
function remove(fits) {
  const index = unsent.findIndex(fits);
  if (index >= 0) unsent.splice(index, 1);
  drawUnsent();
}

// Lines are processed in order, so a refusal is for the first one that has not come back.
function fail() {
  const entry = unsent.find((it) => it.state === "sending");
  if (entry) entry.state = "refused";
  drawUnsent();
}

function drawUnsent() {
  $("unsent").replaceChildren(...unsent.map((entry) => {
    const item = document.createElement("li");
    item.append(`${entry.text} — ${T[entry.state]}`);
    if (["unsure", "received", "refused"].includes(entry.state)) {
      const again = document.createElement("button"), drop = document.createElement("button");
      again.textContent = T.again;
      again.onclick = () => { entry.state = "waiting"; flush(); };
      drop.textContent = T.drop;
      drop.onclick = () => { unsent.splice(unsent.indexOf(entry), 1); drawUnsent(); };
      item.append(again, drop);
    }
    return item;
  }));
}

// ---- the connection

function connect() {
  clearTimeout(timer);
  if (socket && socket.readyState < WebSocket.CLOSING) return;
  status(T.connecting);
  $("reconnect").hidden = true;
  ended = admitted = synced = false;
  hiddenReplies = { rooms: 0, who: 0 };
  const mine = (socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`));
  connection += 1;
  beginReplay(room(LOBBY));
  mine.onopen = () => {
    const password = sessionStorage.getItem("password");
    if (password) send(`/pass ${password}`);
    send(`/continue ${key}`);
  };
  mine.onmessage = ({ data }) => {
    if (mine !== socket) return;
    try { receive(JSON.parse(data)); } catch (error) { console.error(error, data); }
  };
  mine.onclose = ({ code }) => {
    if (mine !== socket) return;
    synced = admitted = false;
    if (code === 1000) ended = true;
    const delay = Math.min(15000, 500 * 2 ** attempts) * (0.5 + Math.random() / 2);
    attempts += 1;
    status(ended ? T.ended : T.lost, true);
    $("reconnect").hidden = !ended;
    if (!ended) timer = setTimeout(connect, delay);
  };
}

// Takes name and room. The reply to the last /who is the end of the history.
function login() {
  $("log").setAttribute("aria-busy", "true");
  nickTries = 0;
  send(`/nick ${wanted.nick}`);
  if (wanted.room !== LOBBY) send(`/join ${wanted.room}`);
  else if (current !== LOBBY) enter(LOBBY);
  send("/rooms");
  send("/who");
  hiddenReplies.rooms += 1;
  hiddenReplies.who += 1;
}

function finishLogin() {
  synced = true;
  attempts = 0;
  status(T.open);
  $("log").removeAttribute("aria-busy");
  // A history that goes back to a message from before the connection broke has every line that was said.
  const of = room(current), isWhole = of.matched && !of.hasGap, mine = connection;
  const open = unsent.filter((entry) => entry.state === "sending" && entry.on < mine);
  for (const entry of open) {
    if (received === null) entry.state = isWhole && !entry.isPrivate ? "waiting" : "unsure";
    else if (entry.number > received) entry.state = "waiting";
  }
  flush();
  // The server has received the others. Those that it has said are in the history, or follow at once.
  setTimeout(() => {
    for (const entry of open) if (entry.state === "sending" && entry.on < mine && connection === mine) entry.state = isWhole && !entry.isPrivate ? "refused" : "received";
    drawUnsent();
  }, ECHO);
}

function sayPassword(password) {
  sessionStorage.setItem("password", password);
  if (!(send(`/pass ${password}`) && send(`/continue ${key}`))) connect();
}

function status(text, isBad = false) {
  $("status").textContent = $("status").title = text;
  $("status").classList.toggle("bad", isBad);
}

function openDoor(error) {
  $("door-error").textContent = error;
  if (!$("door").open) $("door").showModal();
  $("password").focus();
}

// ---- notices while the page is hidden

function announce(message) {
  if (!document.hidden) return;
  missed += 1;
  document.title = `(${missed}) ${current}`;
  const isForMe = message.kind === "private" || (me && message.text.toLowerCase().includes(me.toLowerCase()));
  if (isForMe && "Notification" in window && Notification.permission === "granted") {
    new Notification(message.from, { body: message.text, tag: "chat" }).onclick = () => window.focus();
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  missed = 0;
  document.title = current;
  if (synced) ask("rooms");
  else if (!ended) connect();
});
window.addEventListener("online", () => !ended && connect());
setInterval(() => !document.hidden && synced && ask("rooms"), POLL);

// ---- forms

$("say").onsubmit = (event) => {
  event.preventDefault();
  const text = $("line").value;
  if (text.trim() === "" || new TextEncoder().encode(text).length > MAX_LINE) return;
  $("line").value = "";
  $("line").classList.remove("secret");
  sessionStorage.removeItem("draft");
  if (ended) connect();
  say(text);
};
// A password that is typed here is neither shown nor kept.
$("line").oninput = () => {
  const isSecret = PASSWORD.test($("line").value);
  $("line").classList.toggle("secret", isSecret);
  sessionStorage.setItem("draft", isSecret ? "" : $("line").value);
};
$("nick-form").onsubmit = (event) => {
  event.preventDefault();
  const nick = $("nick").value.trim();
  if (nick && nick !== me && synced) send(`/nick ${nick}`);
  else wanted.nick = nick;
  $("line").focus();
};
$("join-form").onsubmit = (event) => {
  event.preventDefault();
  const name = $("join").value.trim().replace(/^#/, "");
  if (name && synced) send(`/join ${name}`);
  $("join").value = "";
  $("side").classList.remove("open");
};
$("door-form").onsubmit = () => {
  sayPassword($("password").value);
  $("password").value = "";
};
$("door").oncancel = (event) => event.preventDefault();
$("menu").onclick = () => $("menu").setAttribute("aria-expanded", $("side").classList.toggle("open"));
$("reconnect").onclick = connect;
$("latest").onclick = () => { $("log").scrollTop = $("log").scrollHeight; };
$("log").onscroll = () => { if ($("log").scrollHeight - $("log").scrollTop - $("log").clientHeight < 60) $("latest").hidden = true; };
$("notify").onclick = () => Notification.requestPermission().then(() => { $("notify").hidden = true; });

document.documentElement.lang = LANGUAGE;
for (const [id, text] of Object.entries({ "nick-button": T.nickButton, "rooms-title": T.rooms, "join-button": T.joinButton, "people-title": T.people,
  send: T.send, latest: T.latest, notify: T.notify, reconnect: T.reconnect, "door-title": T.door, "door-button": T.enter })) $(id).textContent = text;
for (const [id, text] of Object.entries({ nick: T.nick, join: T.join, line: T.line, password: T.password })) document.querySelector(`label[for=${id}]`).textContent = text;
$("join").placeholder = T.join;
$("line").placeholder = T.line;
$("log").setAttribute("aria-label", T.log);
$("menu").setAttribute("aria-label", T.menu);
$("line").maxLength = MAX_LINE;
$("line").value = sessionStorage.getItem("draft") || "";
$("notify").hidden = !("Notification" in window) || Notification.permission !== "default";
document.title = current;
connect();
