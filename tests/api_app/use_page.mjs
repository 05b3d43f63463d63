// Uses the page at /docs as a person would, in a document without a browser:
// BASE-ADDRESS FOLDER-OF-JSDOM. Prints one JSON object: what the page sent, and the status that it
// shows.
import {File} from 'node:buffer';
import {webcrypto} from 'node:crypto';
import {createRequire} from 'node:module';

const [base, jsdom] = process.argv.slice(2);
const {JSDOM} = createRequire(import.meta.url)(jsdom);

async function until(find, what) {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    const found = find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`there is no ${what}`);
}

/// The page of one dialect, and what it sends.
class Page {
  sent = [];

  static async open(address) {
    const page = new Page();
    const {window} = await JSDOM.fromURL(address, {
      runScripts: 'dangerously',
      resources: 'usable',
      pretendToBeVisual: true,
      // What browsers have.
      beforeParse: (window) => {
        Object.assign(window, {Headers, Request, Response, FormData, File, TextEncoder});
        window.fetch = (url, options) => {
          page.sent.push(options ?? {});
          return fetch(new URL(url, address), options);
        };
        Object.defineProperty(window.crypto, 'subtle', {value: webcrypto.subtle});
      },
    });
    page.window = window;
    await until(() => page.find('.opblock'), 'operation');
    return page;
  }

  find(selector, within = this.window.document) {
    return within.querySelector(selector);
  }
  press(selector, within) {
    this.find(selector, within).click();
  }
  /// As a person types or chooses, which is how React hears of it.
  set(input, value) {
    const kind = Object.getPrototypeOf(input);
    Object.getOwnPropertyDescriptor(kind, 'value').set.call(input, value);
    for (const event of ['input', 'change'])
      input.dispatchEvent(new this.window.Event(event, {bubbles: true}));
  }

  async authorize(value) {
    this.press('.auth-wrapper .authorize');
    const dialog = await until(() => this.find('.modal-ux'), 'dialog');
    this.set(this.find('input', dialog), value);
    this.press('button.authorize', dialog);
    this.press('.btn-done', dialog);
  }

  /// Opens an operation for a try.
  async open(operation) {
    const block = this.find(`.opblock[id$="-${operation}"]`);
    this.press('.opblock-summary-control', block);
    (await until(() => this.find('.try-out__btn', block), 'Try it out')).click();
    await until(() => this.find('.execute', block), 'Execute');
    return block;
  }
  typeOf(block) {
    return this.find('.opblock-section-request-body .content-type', block);
  }
  field(block, name) {
    return until(() => this.find(`tr[data-property-name="${name}"] input`, block), name);
  }
  async execute(block) {
    this.press('.execute', block);
    const shown = await until(
      () => this.find('.live-responses-table tbody .response-col_status', block),
      'answer',
    );
    return {status: Number(shown.textContent), sent: this.sent.at(-1)};
  }
}

const results = {};
const registry = await Page.open(`${base}/maisie/docs`);
const login = await fetch(`${base}/maisie/api/v1/auth/login/`, {
  method: 'POST',
  body: new URLSearchParams({login: 'admin', password: 'admin'}),
});
await registry.authorize((await login.json()).data.access_token);
for (const operation of ['maisie_create_workspace', 'maisie_create_project']) {
  const block = await registry.open(operation);
  registry.set(registry.typeOf(block), 'application/x-www-form-urlencoded');
  await registry.field(block, 'name');
  const {status, sent} = await registry.execute(block);
  results[operation] = {status, sent: sent.body};
}
const upload = await registry.open('maisie_create_model');
const chooser = await registry.field(upload, 'file');
Object.defineProperty(chooser, 'files', {value: [new File(['WEIGHTS'], 'net.bin')]});
chooser.dispatchEvent(new registry.window.Event('change', {bubbles: true}));
const {value: type} = registry.typeOf(upload);
const {status, sent} = await registry.execute(upload);
results.maisie_create_model = {status, type, sent: [...sent.body.keys()]};
registry.window.close();

const mixes = await Page.open(`${base}/atflow/docs`);
await mixes.authorize('ak-test:sk-test');
results.atflow_list = {status: (await mixes.execute(await mixes.open('atflow_list'))).status};
const mix = await mixes.execute(await mixes.open('atflow_mix'));
results.atflow_mix = {status: mix.status, sent: JSON.parse(mix.sent.body).ops.length};
mixes.window.close();

console.log(JSON.stringify(results));
