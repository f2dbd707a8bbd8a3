// Without this script the list of errors is whole and the filter is not shown.
(function () {
  var form = document.getElementById("filter");
  if (form) {
    var items = Array.from(document.querySelectorAll("#error-list article"));
    var show = function () {
      var shown = items.filter(function (item) {
        item.hidden = !Array.from(form.elements).every(function (choice) {
          return !choice.name || !choice.value || item.dataset[choice.name] === choice.value;
        });
        return !item.hidden;
      });
      document.getElementById("shown").textContent = shown.length + " of " + items.length + " shown";
    };
    form.hidden = false;
    form.addEventListener("change", show);
    show();  // a browser may keep the choices of an earlier visit
  }
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (item) { item.open = true; });
  });
})();
