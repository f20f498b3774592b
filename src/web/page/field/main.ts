import { FieldPage } from "./fieldPage";
import { openStore } from "./store";

// Without it the page works, but not without a network: on plain HTTP, or where it is forbidden.
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/worker.js").catch(() => {});

new FieldPage(await openStore()).start();
