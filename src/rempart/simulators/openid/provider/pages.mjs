// The few pages a person sees at the stand-in: choosing who he is, the phone, leaving, an error.

const escape = (text) => String(text ?? '').replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

export const STYLE = `
*{box-sizing:border-box}
body{margin:0;font:1.0625rem/1.5 system-ui,sans-serif;color:#161616;background:#f6f6f6}
header,main,footer{max-width:44rem;margin:0 auto;padding:1rem 1.25rem}
header{font-weight:700}
header span{display:inline-block;padding:.1rem .5rem;border:1px solid #6e445a;border-radius:.25rem;color:#6e445a;background:#fff}
main{background:#fff;border:1px solid #ddd}
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0 1rem}
fieldset{border:1px solid #929292;margin:0 0 1.25rem;padding:.5rem 1rem 1rem}
legend{font-weight:700;padding:0 .35rem}
.choice{display:flex;gap:.6rem;padding:.45rem 0}
.choice input{width:1.25rem;height:1.25rem;margin-top:.2rem;flex:none}
.choice small{display:block;color:#555}
.line{margin:.6rem 0}
.line label{display:block}
.line input,.line select{width:100%;max-width:24rem;padding:.5rem;font:inherit;border:1px solid #666;background:#fff;color:inherit}
button{font:inherit;padding:.5rem 1.25rem;margin:0 .5rem .5rem 0;border:1px solid #000091;background:#000091;color:#fff;cursor:pointer}
button.second{background:#fff;color:#000091}
:focus-visible{outline:3px solid #0a76f6;outline-offset:2px}
.number{font-size:2.25rem;font-weight:700;letter-spacing:.15em}
summary{cursor:pointer;padding:.4rem 0}
footer{font-size:.9rem;color:#444}
`;

export const page = (service, title, body) => `<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} – ${escape(service)} (imitation)</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><span>Imitation</span> ${escape(service)}</header>
<main><h1>${escape(title)}</h1>${body}</main>
<footer><p>Un fournisseur d’identité d’essai. Les personnes sont inventées ; rien d’ici n’est officiel.</p></footer>
</body>
</html>`;

const choice = (person, about, checked) => `<div class="choice">
<input type="radio" name="person" id="p-${escape(person.id)}" value="${escape(person.id)}"${checked ? ' checked' : ''}>
<label for="p-${escape(person.id)}">${escape(person.given_name)} ${escape(person.family_name)}<small>${escape(about)}</small></label>
</div>`;

const line = (name, label, attributes = '') => `<div class="line"><label for="f-${name}">${escape(label)}</label>
<input id="f-${name}" name="${name}" ${attributes}></div>`;

const somebodyElse = `<div class="choice"><input type="radio" name="person" id="p-other" value="other">
<label for="p-other">Une autre personne<small>décrite ci-dessous</small></label></div>
<details><summary>Décrire une autre personne</summary>
${line('family_name', 'Nom de naissance')}
${line('given_name', 'Prénoms, séparés par des espaces')}
${line('birthdate', 'Date de naissance (AAAA-MM-JJ)')}
<div class="line"><label for="f-gender">Sexe</label><select id="f-gender" name="gender"><option value="female">Féminin</option><option value="male">Masculin</option></select></div>
${line('birthplace', 'Commune de naissance (code INSEE, vide à l’étranger)')}
${line('birthcountry', 'Pays de naissance (code INSEE)', 'value="99100"')}
</details>`;

const faults = (levels) => `<details><summary>Simuler une anomalie</summary>
<div class="line"><label for="f-acr">Niveau d’authentification annoncé</label><select id="f-acr" name="acr">
${levels.map((level) => `<option value="${escape(level)}">${escape(level || 'aucun')}</option>`).join('')}</select></div>
<div class="line"><label for="f-fault">Anomalie</label><select id="f-fault" name="fault">
<option value="">aucune</option>
<option value="nonce">jeton émis pour une autre demande (nonce)</option>
<option value="token">service des jetons en panne</option>
<option value="signature">signature de l’identité fausse</option>
<option value="claims">identité illisible</option>
</select></div></details>`;

export const signIn = (service, action, people, { free, levels }) =>
  page(service, 'Qui êtes-vous ?', `<form method="post" action="${escape(action)}">
<fieldset><legend>Choisir une personne inventée</legend>
${people.map((person, rank) => choice(person, person.about ?? `Né(e) le ${person.birthdate}`, rank === 0)).join('')}
${free ? somebodyElse : ''}
</fieldset>
${faults(levels)}
<button name="decision" value="accept">Continuer</button>
<button class="second" name="decision" value="cancel">Annuler</button>
</form>`);

export const phone = (service, waiting) =>
  page(service, 'Demandes reçues sur le téléphone', waiting.length
    ? waiting.map((one) => `<form method="post" action="/telephone">
<p>${escape(one.name)} : une connexion à <strong>Rempart</strong> est demandée. Le nombre affiché à l’écran doit être :</p>
<p class="number">${escape(one.binding)}</p>
<input type="hidden" name="request" value="${escape(one.id)}">
<button name="decision" value="approve">Valider</button>
<button class="second" name="decision" value="deny">Refuser</button>
</form>`).join('<hr>')
    : '<p>Aucune demande en attente. <a href="/telephone">Actualiser</a></p>');

export const leave = (service, form) =>
  page(service, 'Se déconnecter ?', `${form}
<p>Vous allez fermer votre session ${escape(service)}.</p>
<button form="op.logoutForm" name="logout" value="yes">Se déconnecter</button>`);

export const message = (service, title, text) => page(service, title, `<p>${escape(text)}</p>`);
