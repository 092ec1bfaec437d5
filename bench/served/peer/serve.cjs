// Serves the peer on the port given and says so. It is resolved from the folder the benchmark installed it in.
const { createRequire } = require("node:module");

const [folder, port] = process.argv.slice(2);
const { FirestoreServer } = createRequire(`${folder}/`)("@firestore-emulator/server");

new FirestoreServer().start(Number(port)).then(() => console.log(`ready on 127.0.0.1:${port}`));
