// What the two services ask of a relying party and answer it: Pro Santé Connect and FranceConnect v2.

import { createHash } from 'node:crypto';

/** Everything both share: no consent screen, since both take it elsewhere; our own pages; no page of the library. */
const shared = {
  cookies: { keys: ['of no value: it signs the cookies of a stand-in'] },
  features: { devInteractions: { enabled: false }, userinfo: { enabled: true }, jwtUserinfo: { enabled: true } },
  responseTypes: ['code'],
  pkce: { required: () => true },
  async loadExistingGrant(ctx) {
    const { Grant } = ctx.oidc.provider;
    const grant = new Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope(ctx.oidc.client.scope);
    await grant.save();
    return grant;
  },
};

const exercise = (person) => ({
  codeProfession: person.profession,
  codeCategorieProfessionnelle: 'C',
  codeCiviliteDexercice: '',
  nomDexercice: person.family_name,
  prenomDexercice: person.given_name,
  codeTypeSavoirFaire: person.skill ? 'S' : '',
  codeSavoirFaire: person.skill ?? '',
  activities: person.activities.map((activity) => ({
    codeModeExercice: activity.mode,
    codeSecteurDactivite: activity.sector,
    codeSectionPharmacien: activity.section ?? '',
    codeRole: '',
    numeroSiretSite: '',
    numeroFinessSite: activity.site ?? '',
    numeroFinessetablissementJuridique: activity.legal ?? '',
    identifiantTechniqueDeLaStructure: '',
    raisonSocialeSite: activity.name,
  })),
});

/** The claims of a professional, as Pro Santé Connect names and nests them. */
export const professional = (person) => ({
  sub: `f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:${person.id}`,
  preferred_username: person.id,
  SubjectNameID: person.id,
  given_name: person.given_name,
  family_name: person.family_name,
  Secteur_Activite: `${person.activities[0]?.sector ?? ''}^1.2.250.1.71.4.2.4`,
  SubjectOrganization: person.activities[0]?.name ?? '',
  SubjectOrganizationID: person.activities[0]?.site ? `1${person.activities[0].site}` : '',
  SubjectRole: [`${person.profession}^1.2.250.1.213.1.1.5.5`],
  Palier_Authentification: 'APPPRIP3^1.2.250.1.213.1.5.1.1.1',
  Mode_Acces_Raison: '',
  Acces_Regulation_Medicale: 'FAUX',
  UITVersion: '1.0',
  otherIds: [{ identifiant: person.id, origine: 'RPPS', qualite: 1 }],
  SubjectRefPro: { codeCivilite: 'M', exercices: [exercise(person)] },
});

const CITIZEN = ['given_name', 'given_name_array', 'family_name', 'birthdate', 'gender', 'birthplace', 'birthcountry'];

export const proSanteConnect = ({ origin, people, phones, jwks, theirKey }) => ({
  name: 'Pro Santé Connect',
  mount: '/auth/realms/esante-wallet',
  discovery: '/.well-known/wallet-openid-configuration',
  people,
  levels: ['eidas1', 'eidas3', 'eidas0', ''],
  free: false,
  account: (person) => ({ accountId: `f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:${person.id}`, claims: professional(person) }),
  configuration: {
    ...shared,
    jwks,
    acrValues: ['eidas1', 'eidas3'],
    scopes: ['openid', 'scope_all'],
    claims: { openid: ['sub'], scope_all: Object.keys(professional({ id: '', activities: [] })) },
    conformIdTokenClaims: true,
    routes: {
      authorization: '/protocol/openid-connect/auth',
      token: '/protocol/openid-connect/token',
      userinfo: '/protocol/openid-connect/userinfo',
      jwks: '/protocol/openid-connect/certs',
      end_session: '/protocol/openid-connect/logout',
      backchannel_authentication: '/protocol/openid-connect/ext/ciba/auth',
    },
    cookies: { ...shared.cookies, names: { session: 'psc_session', interaction: 'psc_interaction', resume: 'psc_resume' } },
    clients: [
      { client_id: 'rempart', token_endpoint_auth_method: 'client_secret_basic' },
      {
        client_id: 'rempart-key',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [theirKey] },
        userinfo_signed_response_alg: 'RS256',
      },
    ].map((own) => client(origin, '/connexion/pro-sante-connect/retour/', '/deconnexion/pro-sante-connect/retour/', {
      ...own,
      scope: 'openid scope_all',
      id_token_signed_response_alg: 'RS256',
      grant_types: ['authorization_code', 'urn:openid:params:grant-type:ciba'],
      backchannel_token_delivery_mode: 'poll',
    })),
    ttl: {
      AccessToken: 120, IdToken: 120, AuthorizationCode: 60, Interaction: 600, Session: 4 * 3600, Grant: 4 * 3600,
      BackchannelAuthenticationRequest: (ctx, request) => phones.seconds(request.accountId),
    },
    features: {
      ...shared.features,
      rpInitiatedLogout: { enabled: true },
      ciba: {
        enabled: true,
        deliveryModes: ['poll'],
        processLoginHint: async (ctx, hint) => `f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:${hint}`,
        processLoginHintToken: async () => undefined,
        validateRequestContext: async () => undefined,
        validateBindingMessage: async (ctx, binding) => phones.require(/^\d{2}$/.test(binding ?? '')),
        verifyUserCode: async () => undefined,
        triggerAuthenticationDevice: async (ctx, request) => phones.ring(request),
      },
    },
  },
});

export const franceConnect = ({ origin, people, jwks }) => ({
  name: 'FranceConnect',
  mount: '/api/v2',
  discovery: '/.well-known/openid-configuration',
  people,
  levels: ['eidas1', 'eidas2', ''],
  free: true,
  account: (person) => ({ accountId: person.id, claims: { sub: person.id, ...person } }),
  configuration: {
    ...shared,
    jwks,
    acrValues: ['eidas1'],
    scopes: ['openid', 'identite_pivot', 'email'],
    claims: { openid: ['sub'], identite_pivot: CITIZEN, email: ['email'] },
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: async (ctx, accountId, { clientId }) =>
      `${createHash('sha256').update(`${clientId}|${accountId}`).digest('hex')}v1`,
    pkce: { required: () => false },
    cookies: { ...shared.cookies, names: { session: 'fc_session', interaction: 'fc_interaction', resume: 'fc_resume' } },
    routes: { authorization: '/authorize', token: '/token', userinfo: '/userinfo', jwks: '/jwks', end_session: '/session/end' },
    enabledJWA: {
      idTokenSigningAlgValues: ['HS256', 'ES256'],
      userinfoSigningAlgValues: ['HS256', 'ES256'],
    },
    clients: ['HS256', 'ES256'].map((algorithm) =>
      client(origin, '/mon-resultat/franceconnect/retour/', '/mon-resultat/franceconnect/adieu/', {
        client_id: `rempart-${algorithm.toLowerCase()}`,
        scope: 'openid identite_pivot email',
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: algorithm,
        userinfo_signed_response_alg: algorithm,
        subject_type: 'pairwise',
      })),
    ttl: { AccessToken: 60, IdToken: 60, AuthorizationCode: 30, Interaction: 600, Session: 1800, Grant: 1800 },
    features: { ...shared.features, rpInitiatedLogout: { enabled: true } },
  },
});

const client = (origin, back, left, own) => ({
  client_secret: 'a secret of the stand-in, long enough to sign',
  client_secret_expires_at: 0,
  redirect_uris: [origin + back],
  post_logout_redirect_uris: [origin + left],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  ...own,
});

