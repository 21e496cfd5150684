"use strict";

const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");
socket.onmessage = (event) => {
  const message = JSON.parse(event.data);
  const item = document.createElement("li");
  item.textContent = `${message.from}: ${message.text}`;
  document.getElementById("log").append(item);
};
document.getElementById("say").onsubmit = (event) => {
  event.preventDefault();
  const line = document.getElementById("line");
  socket.send(line.value);
  line.value = "";
};
