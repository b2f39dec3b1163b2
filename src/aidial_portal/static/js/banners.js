// @ts-check
/** Hides a banner until its incident is updated: a cookie of the browser's session says which were hidden. */

const NAME = "aidial.hidden";
const MOST = 20;

function hidden() {
  const cookie = document.cookie.split("; ").find((one) => one.startsWith(`${NAME}=`));
  return cookie ? cookie.slice(NAME.length + 1).split("~").filter(Boolean) : [];
}

export function startBanners() {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-dismiss]") : null;
    if (!(button instanceof HTMLElement)) return;
    const keys = [...hidden(), button.dataset.dismiss ?? ""].slice(-MOST);
    document.cookie = `${NAME}=${keys.join("~")}; path=/; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    button.closest("[data-incident]")?.remove();
    document.getElementById("content")?.focus();
  });
}
