// Calls the dialect through the vendor's SDK as its users do: SDK-FOLDER BASE-ADDRESS BODY-OF-A-MIX.
// Prints one JSON array: [status, body] of each answer.
'use strict';

const [sdkFolder, base, mix] = process.argv.slice(2);
const qiniu = require(sdkFolder);
const mac = new qiniu.auth.digest.Mac('ak-test', 'sk-test');

const call = (name, ...request) =>
  new Promise((resolve, reject) => {
    qiniu.rpc[name](...request, (error, body, reply) =>
      error ? reject(error) : resolve([reply.statusCode, body]));
  });
const get = (path) => call('getWithOptions', base + path, {mac});
const post = (path, body, type) =>
  call('postWithOptions', base + path, body, {mac, headers: type ? {'Content-Type': type} : {}});

(async () => {
  const answers = [await get('/v1/dataflows?limit=2'), await get('/v1/dataflows?limit=2')];
  const made = await post('/v1/dataflows/mix', mix, 'application/json');
  answers.push(made);
  const id = (made[1] && made[1].id) || 'none';
  answers.push(await get('/v1/dataflows/' + id));
  answers.push(await post('/v1/dataflows/' + id + '/abort', '', ''));
  console.log(JSON.stringify(answers));
})().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
