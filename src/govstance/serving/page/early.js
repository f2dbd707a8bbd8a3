// Keeps what is asked before main.js is ready, which then runs it. No module: it must be there before the form is.
{
  const ask = (event) => {
    if (document.body.dataset.ready) return;
    event.preventDefault();
    document.body.dataset.asked = "yes";
  };
  addEventListener("submit", ask);
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(event);
  });
}
