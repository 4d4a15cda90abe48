// Shows the service's own description; nothing is loaded from, or sent to, anywhere else.
window.addEventListener("load", async () => {
  const answer = await fetch(document.body.dataset.document);
  const spec = await answer.json();
  // What is tried out goes to where this page lies, which may be below the path of a proxy.
  spec.servers = [{ url: new URL(".", location.href).href.replace(/\/$/, "") }];
  window.SwaggerUIBundle({ spec, dom_id: "#page", deepLinking: true, validatorUrl: null });
});
