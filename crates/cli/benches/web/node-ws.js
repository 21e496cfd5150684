// A chat with one room on Node's ws: each text message goes to everybody.
const { WebSocketServer } = require("ws");

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false }, () =>
  console.log(`listening on http://127.0.0.1:${server.address().port}/`));
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data) => {
    for (const client of server.clients) client.send(data, { binary: false });
  });
});
