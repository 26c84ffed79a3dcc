// A part of the page that did not come, because the network changed while it loaded, is asked for again with all others: a script cannot be asked for alone.
(() => {
  const key = 'boot-tries';
  const most = 5;

  const again = () => {
    const boot = document.getElementById('boot');
    // What goes wrong later, the page itself says.
    if (document.readyState !== 'loading' && !boot) return;
    const tries = Number(sessionStorage.getItem(key) ?? 0);
    if (tries >= most) {
      if (boot) boot.textContent = 'SdStudio cannot be loaded. Check the connection to the server and reload the page.';
      return;
    }
    sessionStorage.setItem(key, String(tries + 1));
    setTimeout(() => location.reload(), 300 * 2 ** tries);
  };

  document.addEventListener('error', event => { if (event.target instanceof HTMLScriptElement) again(); }, true);
  addEventListener('unhandledrejection', again);
})();
