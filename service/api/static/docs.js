// Shows the service's own description; nothing is loaded from, or sent to, anywhere else.
window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: document.body.dataset.document,
    dom_id: "#page",
    deepLinking: true,
    validatorUrl: null,
  });
});
