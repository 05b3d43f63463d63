// Calls each operation of an OpenAPI document as the document says, with its examples:
// BASE-ADDRESS TOKEN-OF-THE-ENGINE FOLDER-OF-SWAGGER-PARSER FOLDER-OF-AJV FOLDER-OF-QINIU.
// Prints one JSON array: {operation, status, problem} of each; without a problem the status is
// documented, and the body is what the document says.
import {createRequire} from 'node:module';

const [base, engineToken, parser, ajv, qiniu] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const {default: SwaggerParser} = await import(require.resolve(parser));
const Ajv = require(`${ajv}/dist/2020.js`).default;
const {auth, util} = require(qiniu);

const document = await (await fetch(`${base}/openapi.json`)).json();
const {paths, servers} = await SwaggerParser.dereference(document);
const server = new URL(servers[0].url, base).href.replace(/\/$/, '');
const checker = new Ajv({strict: false, logger: false, validateFormats: false});

// What makes comes before what shows, and what deletes is last; a parent comes before its parts.
const kFirst = [
  'maisie_login',
  'maisie_create_workspace',
  'maisie_create_project',
  'maisie_create_tag',
  'maisie_create_model',
  'maisie_attach_tag',
  'maisie_detach_tag',
  'engine_submit',
];
const kMethods = ['post', 'put', 'get', 'head', 'patch', 'delete'];
function place({id, method}) {
  const first = kFirst.indexOf(id);
  return first >= 0 ? first : kFirst.length + kMethods.indexOf(method);
}
const operations = Object.entries(paths)
  .flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({path, method, operation, id: operation.operationId})))
  .sort((left, right) => place(left) - place(right));

function addressOf({path, operation}) {
  const query = new URLSearchParams();
  for (const {name, in: where, required, example, schema} of operation.parameters ?? []) {
    const value = example ?? schema.default;
    if (where === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value));
    if (where === 'query' && (required || example !== undefined))
      for (const each of [value].flat()) query.append(name, each);
  }
  return server + path + (query.size ? `?${query}` : '');
}

function headersOf({operation}) {
  const headers = {};
  for (const {name, in: where, example} of operation.parameters ?? [])
    if (where === 'header' && example !== undefined) headers[name] = example;
  return headers;
}

// The first media type that the document names: a form where there is a file, which we make, else
// JSON where that may be.
function bodyOf({operation}) {
  const content = operation.requestBody?.content;
  if (!content) return {};
  const [type] = Object.keys(content);
  const {schema, example} = content[type];
  if (type === 'application/json') return {type, body: JSON.stringify(example ?? {})};
  if (type !== 'multipart/form-data') return {type, body: 'WEIGHTS'};
  const form = new FormData();
  for (const [name, value] of Object.entries(example ?? {})) form.append(name, value);
  for (const [name, property] of Object.entries(schema.properties))
    if (property.format === 'binary') form.append(name, new Blob(['WEIGHTS']), 'net.bin');
  return {body: form};
}

let maisieToken = '';
const mac = new auth.digest.Mac('ak-test', 'sk-test');
const signers = {
  engine: () => `Bearer ${engineToken}`,
  maisie: () => `Bearer ${maisieToken}`,
  atflow: (address, method, type, body) =>
    util.generateAccessTokenV2(mac, address, method, type, body),
};

async function call(one) {
  const address = addressOf(one);
  const method = one.method.toUpperCase();
  const {type, body} = bodyOf(one);
  const headers = headersOf(one);
  const scheme = one.operation.security.flatMap(Object.keys)[0];
  // The vendor's library signs a type in any case.
  const sent = type ?? (scheme === 'atflow' ? 'application/x-www-form-urlencoded' : undefined);
  if (sent) headers['Content-Type'] = sent;
  if (scheme) headers.Authorization = signers[scheme](address, method, sent, body);
  return fetch(address, {method, headers, body, redirect: 'manual'});
}

async function problemOf({operation}, reply) {
  const documented = operation.responses[reply.status];
  if (!documented) return `status ${reply.status} is not documented`;
  const type = reply.headers.get('content-type')?.split(';')[0];
  if (type === 'text/event-stream') return await reply.body.cancel();
  const text = await reply.text();
  if (text === '') return undefined;
  const media = documented.content?.[type];
  if (!media) return `a body of ${type} is not documented: ${text.slice(0, 200)}`;
  if (type !== 'application/json' || !media.schema) return undefined;
  const check = checker.compile(media.schema);
  if (!check(JSON.parse(text))) return `${checker.errorsText(check.errors)}: ${text.slice(0, 400)}`;
  return undefined;
}

const results = [];
for (const one of operations) {
  const reply = await call(one);
  if (one.id === 'maisie_login') maisieToken = (await reply.clone().json()).data?.access_token;
  results.push({operation: one.id, status: reply.status, problem: (await problemOf(one, reply)) ?? ''});
}
console.log(JSON.stringify(results));
