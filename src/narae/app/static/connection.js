// The WebSocket of this tab: one session on the server. When it is lost it is opened again, a little
// later each time, and those who listen are told.

const FIRST_WAIT = 250;
const LONGEST_WAIT = 4000;

export class Connection {
  constructor() {
    this.listeners = {};
    this.wait = FIRST_WAIT;
    this.open = false;
    this.refused = false;
    this.connect();
    addEventListener("online", () => this.retry());
    addEventListener("pagehide", () => this.socket.close());
    // a page that comes back from the browser's cache has lost its connection
    addEventListener("pageshow", (event) => event.persisted && this.retry());
  }

  on(type, listener) {
    (this.listeners[type] ??= []).push(listener);
  }

  tell(type, message) {
    for (const listener of this.listeners[type] ?? []) listener(message);
  }

  // Whether it was sent: what is not sent while there is no connection is not sent later either.
  send(message) {
    if (!this.open) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  connect() {
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/session`);
    this.socket = socket;
    socket.addEventListener("message", (event) => this.receive(JSON.parse(event.data)));
    socket.addEventListener("close", () => socket === this.socket && this.lost());
  }

  receive(message) {
    if (message.type === "welcome") {
      this.open = true;
      this.wait = FIRST_WAIT;
      this.refused = false;
    }
    if (message.type === "error" && message.code === "full") this.refused = true;
    this.tell(message.type, message);
  }

  lost() {
    this.open = false;
    this.tell("lost", { refused: this.refused });
    this.timer = setTimeout(() => this.connect(), this.refused ? LONGEST_WAIT : this.wait);
    this.wait = Math.min(2 * this.wait, LONGEST_WAIT);
  }

  retry() {
    if (!this.open) this.connect();
  }
}
