// Judges an OpenAPI document: CONFIG FILE FOLDER-OF-SWAGGER-PARSER FOLDER-OF-REDOCLY.
// Prints what is wrong with it, and ends with 1 when there is anything.
import {spawnSync} from 'node:child_process';
import {createRequire} from 'node:module';

const [config, file, parser, redocly] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const {default: SwaggerParser} = await import(require.resolve(parser));

let isGood = true;
try {
  await SwaggerParser.validate(file);
} catch (error) {
  isGood = false;
  console.log(`swagger-parser: ${error.message}`);
}
const linted = spawnSync(
  process.execPath,
  [`${redocly}/bin/cli.js`, 'lint', '--config', config, '--format', 'json', file],
  {
    encoding: 'utf8',
    env: {...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true'},
  },
);
const {problems} = JSON.parse(linted.stdout);
for (const {ruleId, severity, message, location} of problems) {
  isGood = false;
  console.log(`redocly: ${severity} ${ruleId}: ${message} (${location[0]?.pointer})`);
}
process.exit(isGood ? 0 : 1);
