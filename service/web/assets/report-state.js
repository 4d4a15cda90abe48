// After a report was changed here, its state gets the focus: the first line of its page.

import { loadItem, saveItem } from "./enter/storage.js";

if (loadItem("changed")) {
  saveItem("changed", null);
  document.getElementById("state").focus();
}
