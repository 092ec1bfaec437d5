/**
 * Makes an export hold all accounts, and keeps the earlier export whole until it does. Loaded before firebase-tools
 * (`node --require`).
 *
 * firebase-tools 15.34 exports the accounts of one project: those of its own project without a tenant, and of the first
 * twenty tenants, whose settings it leaves out. When it imports accounts it sets their times anew, which signs everybody
 * out, and drops those it finds doubtful (a second factor before the address is verified, two accounts with one address).
 * Here `auth_export` has the settings of the tenants in `tenants.json` and the other projects in folders that
 * `projects.json` lists, and accounts come back as they were. Other programs read what they know of it, as before.
 *
 * It also removes the old export before it moves the new one there, from a folder in the working directory that stays
 * when anything fails. Here the new one is written beside the old one, then they change places.
 */
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const FILES = /[\\/]firebase-tools[\\/]lib[\\/]emulator[\\/](auth[\\/](?:server|state|index)|hubExport)\.js$/;
const TENANTS = 'tenants.json';
const PROJECTS = 'projects.json';
/** Providers that the emulator makes of an account's address and number. */
const DERIVED = new Set(['password', 'phone']);

/** What the Auth emulator holds, by project. */
const states = new Map();
let AgentProjectState;

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  const found = FILES.exec(filename);
  if (found) MENDED[found[1].replace('\\', '/')](module.exports);
};

const MENDED = {
  'auth/server': (server) => {
    const { createApp } = server;
    server.createApp = (projectId, mode, own = states) => createApp(projectId, mode, own);
  },
  'auth/state': (state) => {
    ({ AgentProjectState } = state);
  },
  'auth/index': ({ AuthEmulator }) => {
    const { importData } = AuthEmulator.prototype;
    AuthEmulator.prototype.importData = async function (folder, projectId, options) {
      await importData.call(this, folder, projectId, options);
      restoreProject(folder, projectId);
      for (const { project, path: place } of read(path.join(folder, PROJECTS)) ?? []) {
        restoreProject(path.join(folder, place), project);
      }
    };
  },
  hubExport: (hub) => {
    hub.HubExport = wholeExport(hub.HubExport);
  },
};

function wholeExport(HubExport) {
  return class extends HubExport {
    constructor(projectId, options) {
      super(projectId, options);
      fs.rmdirSync(this.tmpDir);
      const beside = path.dirname(this.exportPath);
      fs.mkdirSync(beside, { recursive: true });
      for (const name of fs.readdirSync(beside)) {
        if (!name.startsWith(`${path.basename(this.exportPath)}.export-`)) continue;
        fs.rmSync(path.join(beside, name), { recursive: true, force: true }); // of one that was killed
      }
      this.tmpDir = fs.mkdtempSync(`${this.exportPath}.export-`);
    }

    async exportAll() {
      const target = this.exportPath;
      this.exportPath = path.join(this.tmpDir, 'whole');
      const rest = this.tmpDir;
      this.tmpDir = path.join(rest, 'begun');
      try {
        fs.mkdirSync(this.tmpDir);
        await super.exportAll();
        if (fs.existsSync(target)) fs.renameSync(target, path.join(rest, 'earlier'));
        fs.renameSync(this.exportPath, target);
      } finally {
        fs.rmSync(rest, { recursive: true, force: true });
      }
    }

    async exportAuth(metadata) {
      const folder = path.join(this.tmpDir, metadata.auth.path);
      writeProject(folder, states.get(this.projectId) ?? new AgentProjectState(this.projectId));
      const others = [...states.values()].filter((state) => state.projectId !== this.projectId && !isUnused(state));
      const listed = others.map((state, index) => {
        const place = path.join('projects', String(index + 1));
        writeProject(path.join(folder, place), state);
        return { project: state.projectId, path: place };
      });
      if (listed.length) write(path.join(folder, PROJECTS), listed);
    }
  };
}

const isUnused = (state) => state.users.size === 0 && state.tenantProjectForTenantId.size === 0;

/** The files that the CLI writes for a project, and the settings of its tenants. */
function writeProject(folder, state) {
  fs.mkdirSync(folder, { recursive: true });
  const { oneAccountPerEmail, enableImprovedEmailPrivacy } = state;
  const signIn = { allowDuplicateEmails: !oneAccountPerEmail };
  write(path.join(folder, 'config.json'), { signIn, emailPrivacyConfig: { enableImprovedEmailPrivacy } });
  write(path.join(folder, 'accounts.json'), accountsOf(state));
  const tenants = state.listTenants();
  for (const { tenantId } of tenants) {
    write(path.join(folder, accountsFile(tenantId)), accountsOf(state.getTenantProject(tenantId)));
  }
  if (tenants.length) write(path.join(folder, TENANTS), tenants);
}

const accountsFile = (tenantId) => `accounts-${encodeURIComponent(tenantId)}.json`;

function accountsOf(state) {
  const users = state.queryUsers({}, { sortByField: 'localId', order: 'ASC' });
  return { kind: 'identitytoolkit#DownloadAccountResponse', users };
}

/** What the import of the CLI leaves out or changes, or all there is of a project that it does not know. */
function restoreProject(folder, projectId) {
  const state = states.get(projectId) ?? new AgentProjectState(projectId);
  states.set(projectId, state);
  const { signIn, emailPrivacyConfig } = read(path.join(folder, 'config.json')) ?? {};
  if (signIn) state.oneAccountPerEmail = !signIn.allowDuplicateEmails;
  if (emailPrivacyConfig) state.enableImprovedEmailPrivacy = emailPrivacyConfig.enableImprovedEmailPrivacy;
  restoreAccounts(state, path.join(folder, 'accounts.json'));
  for (const settings of read(path.join(folder, TENANTS)) ?? []) {
    state.deleteTenant(settings.tenantId);
    state.createTenantWithTenantId(settings.tenantId, settings);
    restoreAccounts(state.getTenantProject(settings.tenantId), path.join(folder, accountsFile(settings.tenantId)));
  }
}

/** Accounts that somebody wrote by hand, with a password in the clear, are made by the CLI's import alone. */
function restoreAccounts(state, file) {
  for (const user of read(file)?.users ?? []) {
    if (!user.localId || user.rawPassword !== undefined) continue;
    const providerUserInfo = user.providerUserInfo?.filter(({ providerId }) => !DERIVED.has(providerId));
    const restored = state.overwriteUserWithLocalId(user.localId, { ...user, providerUserInfo });
    Object.assign(restored, user);
    for (const field of Object.keys(restored)) if (!(field in user)) delete restored[field];
  }
}

const read = (file) => (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined);
const write = (file, content) => fs.writeFileSync(file, JSON.stringify(content));
