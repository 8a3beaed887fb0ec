// A browser gives a page that was opened as a file no workers. There, and only there, a worker's script runs in a hidden frame,
// so that search works without a server. Its importScripts gives a promise, which the search worker awaits.
if (location.protocol === "file:") {
  const load = (inner, url) =>
    new Promise((resolve, reject) => {
      const script = inner.document.createElement("script");
      script.src = new URL(url, location.href).href;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${url} could not be loaded`));
      inner.document.head.append(script);
    });

  // The worker's script looks for this name, and then for its language packs beside itself.
  window.Worker = window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = "<!doctype html><title>search</title>";
      this.inner = new Promise((resolve) => {
        frame.onload = async () => {
          const inner = frame.contentWindow;
          inner.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
          inner.importScripts = async (...urls) => {
            for (const each of urls) await load(inner, each); // in their order
          };
          await load(inner, url);
          resolve(inner);
        };
      });
      document.body.append(frame);
    }

    async postMessage(data) {
      const inner = await this.inner;
      inner.dispatchEvent(new MessageEvent("message", { data }));
    }
  };
}
