// What outlives a reload: small things as text, images in the browser's database.
export const read = (name, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null') ?? otherwise;
  } catch {
    // Another version of this page, or a person, has written it.
    return otherwise;
  }
};
export const write = (name, value) => localStorage.setItem(name, JSON.stringify(value));

const open = () => new Promise((resolve, reject) => {
  const request = indexedDB.open('sdstudio', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('draft');
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
let database;

async function use(mode, work) {
  database ??= open();
  const store = (await database).transaction('draft', mode).objectStore('draft');
  return new Promise((resolve, reject) => {
    const request = work(store);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
export const readBlob = name => use('readonly', store => store.get(name));
export const writeBlob = (name, value) => use('readwrite', store => value === null ? store.delete(name) : store.put(value, name));
