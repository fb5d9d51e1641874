// `node main.mjs '{"origin": "http://localhost:8000", "psc": 9441, "fc": 9442}'`: both services, until killed.
// It prints one line of JSON when both listen: the issuers, the clients' secret, the private key of "rempart-key".

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { Provider, errors } from 'oidc-provider';

import * as pages from './pages.mjs';
import { franceConnect, proSanteConnect } from './services.mjs';

const LONGEST_FORM = 20_000;
const asked = JSON.parse(process.argv[2]);
const people = JSON.parse(readFileSync(new URL('./people.json', import.meta.url), 'utf-8'));

/** The phones of the professionals: requests that wait for somebody to press a button. */
class Phones {
  waiting = new Map();

  person(accountId) {
    return people.professionals.find((one) => accountId.endsWith(`:${one.id}`));
  }

  seconds(accountId) {
    return this.person(accountId)?.ciba_seconds ?? 120;
  }

  require(good) {
    if (!good) throw new errors.InvalidBindingMessage('two digits are expected');
  }

  ring(request) {
    this.waiting.set(request.jti, request);
  }

  list() {
    return [...this.waiting.values()].map((request) => ({
      id: request.jti,
      binding: request.params.binding_message,
      name: `${this.person(request.accountId).given_name} ${this.person(request.accountId).family_name}`,
    }));
  }

  async answer(provider, id, approved) {
    const request = this.waiting.get(id);
    if (!request) return;
    this.waiting.delete(id);
    const grant = new provider.Grant({ clientId: request.clientId, accountId: request.accountId });
    grant.addOIDCScope(request.scope);
    await grant.save();
    const result = approved ? grant : new errors.AccessDenied('refused on the phone');
    await provider.backchannelResult(request, result, { acr: 'eidas1', authTime: Math.floor(Date.now() / 1000) });
  }
}

const keys = () => ({
  keys: [
    { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomBytes(8).toString('hex') },
    { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: randomBytes(8).toString('hex') },
  ],
});

async function form(request) {
  let text = '';
  for await (const part of request) {
    text += part;
    if (text.length > LONGEST_FORM) throw new Error('too long');
  }
  return new URLSearchParams(text);
}

function show(response, html, status = 200) {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  });
  response.end(html);
}

/** Start one service on a port of its own; its issuer. */
async function serve(service, port, phones) {
  const issuer = `http://localhost:${port}${service.mount}`;
  const accounts = new Map(service.people.map((person) => [service.account(person).accountId, service.account(person)]));
  let fault = ''; // what goes wrong next, once

  const provider = new Provider(issuer, {
    ...service.configuration,
    findAccount: (ctx, id) => {
      const account = accounts.get(id);
      return account && { accountId: id, claims: async () => ({ ...account.claims, sub: id }) };
    },
    interactions: { url: (ctx, interaction) => `${service.mount}/interaction/${interaction.uid}` },
    features: {
      ...service.configuration.features,
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, html) => { ctx.body = pages.leave(service.name, html); },
        postLogoutSuccessSource: (ctx) => { ctx.body = pages.message(service.name, 'Vous êtes déconnecté', 'Vous pouvez fermer cette page.'); },
      },
    },
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = pages.message(service.name, 'La demande ne convient pas', `${out.error} : ${out.error_description ?? ''}`);
    },
  });

  const once = (name) => {
    if (fault !== name) return false;
    fault = '';
    return true;
  };
  provider.use(async (ctx, next) => {
    const { token, userinfo } = service.configuration.routes;
    if (ctx.path.endsWith(token) && once('token')) ctx.throw(503);
    await next();
    if (!ctx.path.endsWith(userinfo)) return;
    if (once('claims')) ctx.body = ctx.type === 'application/json' ? '["not an object"]' : 'not.a.token';
    if (once('signature')) ctx.body = damaged(ctx.body);
  });

  async function interact(request, response) {
    const interaction = await provider.interactionDetails(request, response);
    if (request.method !== 'POST') {
      const { people: them, free, levels } = service;
      show(response, pages.signIn(service.name, request.url, them, { free, levels }));
      return;
    }
    const said = await form(request);
    if (said.get('decision') !== 'accept') {
      await provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'cancelled' });
      return;
    }
    const person = said.get('person') === 'other' ? described(said) : service.people.find((one) => one.id === said.get('person'));
    const account = service.account(person);
    accounts.set(account.accountId, account);
    fault = said.get('fault') ?? '';
    if (once('nonce')) {
      interaction.params.nonce = 'of-another-request';
      await interaction.save(600);
    }
    const login = { accountId: account.accountId, acr: said.get('acr') || undefined, remember: false };
    await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  }

  async function answer(request, response) {
    if (request.url === '/telephone' && phones) {
      if (request.method === 'POST') {
        const said = await form(request);
        await phones.answer(provider, said.get('request'), said.get('decision') === 'approve');
      }
      show(response, pages.phone(service.name, phones.list()));
    } else if (request.url === '/style.css') {
      response.writeHead(200, { 'Content-Type': 'text/css' });
      response.end(pages.STYLE);
    } else if (!request.url.startsWith(`${service.mount}/`)) {
      show(response, pages.message(service.name, 'Page introuvable', ''), 404);
    } else {
      const inside = request.url.slice(service.mount.length);
      if (inside.startsWith('/interaction/') && !inside.includes('/', 13)) {
        await interact(request, response);
        return;
      }
      request.originalUrl = request.url;
      request.url = inside === service.discovery ? '/.well-known/openid-configuration'
        : inside === '/.well-known/openid-configuration' ? '/not-here' : inside;
      if (inside === service.discovery) request.originalUrl = service.mount + request.url;
      await provider.callback()(request, response);
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      if (!response.headersSent) show(response, pages.message(service.name, 'La demande ne convient pas', error.message), 400);
    });
  });
  await new Promise((resolve, reject) => { server.once('error', reject).listen(port, '127.0.0.1', resolve); });
  return issuer;
}

const damaged = (body) => {
  if (typeof body !== 'string') return body;
  const [header, payload, signature] = body.split('.');
  return [header, payload, (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1)].join('.');
};

const described = (said) => ({
  id: `other-${randomBytes(8).toString('hex')}`,
  family_name: said.get('family_name'),
  given_name: said.get('given_name'),
  given_name_array: said.get('given_name').split(' ').filter(Boolean),
  birthdate: said.get('birthdate'),
  gender: said.get('gender'),
  birthplace: said.get('birthplace'),
  birthcountry: said.get('birthcountry'),
});

const phones = new Phones();
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 }); // of the client that signs instead of saying a secret
const theirKey = { ...pair.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' };
const psc = proSanteConnect({ origin: asked.origin, people: people.professionals, phones, jwks: keys(), theirKey });
const fc = franceConnect({ origin: asked.origin, people: people.citizens, jwks: keys() });
const issuers = { psc: await serve(psc, asked.psc, phones), fc: await serve(fc, asked.fc) };
console.log(JSON.stringify({
  ...issuers,
  secret: psc.configuration.clients[0].client_secret,
  key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
}));

process.stdin.on('end', () => process.exit(0)).resume(); // ends with whoever started it
