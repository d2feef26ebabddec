// Signs, opens and checks what the market protocol needs, with Node's own crypto; see README.md.
import { createHash, createPrivateKey, createPublicKey, sign as signBytes, verify } from "node:crypto";
import { readFileSync } from "node:fs";

// DER headers that turn the 32 raw bytes of an Ed25519 seed or key into what Node reads (RFC 8410).
const SEED = Buffer.from("302e020100300506032b657004220420", "hex");
const KEY = Buffer.from("302a300506032b6570032100", "hex");

const hash = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();

function signedBytes(kind, community, payload) {
  return Buffer.concat([Buffer.from(`hearthgrid/${kind}/v1\0${community}\0`), payload]);
}

function sign(seed, kind, community, payload) {
  const der = Buffer.concat([SEED, Buffer.from(seed, "hex")]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const signature = signBytes(null, signedBytes(kind, community, payload), key);
  return Buffer.concat([Buffer.from(`v1.${signature.toString("base64url")}.`), payload]);
}

// The payload of a frame, null when the signature does not hold.
function opened(publicKey, kind, community, frame) {
  if (frame.subarray(0, 3).toString() !== "v1." || frame[89] !== 0x2e) return null;
  const der = Buffer.concat([KEY, Buffer.from(publicKey, "hex")]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  const signature = Buffer.from(frame.subarray(3, 89).toString(), "base64url");
  const payload = frame.subarray(90);
  return verify(null, signedBytes(kind, community, payload), key, signature) ? payload : null;
}

// Whether a proof shows a leaf under a root (RFC 9162, section 2.1.3.2).
function included(index, size, leafHash, root, proof) {
  let last = size - 1;
  let node = leafHash;
  if (index < 0 || index >= size) return false;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (index % 2 || index === last) {
      node = hash(Buffer.from([1]), sibling, node);
      while (index % 2 === 0 && index) {
        index = Math.floor(index / 2);
        last = Math.floor(last / 2);
      }
    } else {
      node = hash(Buffer.from([1]), node, sibling);
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && node.equals(root);
}

function main([what, ...words]) {
  if (what === "sign" && words.length === 3) {
    process.stdout.write(sign(...words, readFileSync(0)));
    return 0;
  }
  if (what === "open" && words.length === 3) {
    const payload = opened(...words, readFileSync(0));
    if (payload === null) return 1;
    process.stdout.write(payload);
    return 0;
  }
  if (what === "included" && words.length >= 4) {
    const [leaf, root, ...proof] = words.slice(2).map((word) => Buffer.from(word, "hex"));
    return included(Number(words[0]), Number(words[1]), leaf, root, proof) ? 0 : 1;
  }
  process.stderr.write("see README.md\n");
  return 2;
}

process.exitCode = main(process.argv.slice(2));
