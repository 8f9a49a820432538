-- catalog.db as the program of commit 4b657c0 has made and filled it, by its own functions; written with sqlite3's .dump.
-- One thing was added by hand: the profile's document has all attributes that are mandatory. The functions of the store
-- did not ask for them, but no command and no request of that program could leave one out (DIV-105).
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE entity (
    id TEXT NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    provider TEXT NOT NULL,
    parent TEXT REFERENCES entity (id) ON DELETE CASCADE,
    position TEXT NOT NULL,
    document TEXT NOT NULL
);
INSERT INTO entity VALUES('profile-1',5,'',NULL,'2026-11-22T09:00:00.000Z','{"id":"profile-1","name":"tsms-lab jc305","scType":1,"hardwarePlatform":"lab","os":"LAB","osVersion":"1.0","javaCardVersion":"3.0.5","javaCardFeatures":{},"gpSpecVersions":{},"gpApiVersions":{},"csp":{},"certifications":{}}');
INSERT INTO entity VALUES('service-1',2,'01020304-0506-4708-890a-0b0c0d0e0f10',NULL,'2026-11-22T09:01:00.000Z','{"id":"service-1","name":"tickets","sdAid":"D2760001635353445D454C33FCF6ABCE"}');
INSERT INTO entity VALUES('elf-1',6,'01020304-0506-4708-890a-0b0c0d0e0f10',NULL,'2026-11-22T09:02:00.000Z','{"id":"elf-1","name":"app.cap"}');
INSERT INTO entity VALUES('flavor-1',4,'01020304-0506-4708-890a-0b0c0d0e0f10','service-1','2026-11-22T09:03:00.000Z','{"id":"flavor-1","name":"one","published":true}');
CREATE TABLE reference (
    source TEXT NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    target TEXT NOT NULL REFERENCES entity (id),
    via TEXT NOT NULL,
    provider TEXT NOT NULL,
    PRIMARY KEY (source, target, via)
) WITHOUT ROWID;
INSERT INTO reference VALUES('flavor-1','elf-1','','01020304-0506-4708-890a-0b0c0d0e0f10');
CREATE TABLE file (
    entity TEXT NOT NULL PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
    content BLOB NOT NULL
);
INSERT INTO file VALUES('elf-1',X'504b006f6374657473206f6620612066696c65');
CREATE TABLE load_image (
    entity TEXT NOT NULL PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    image BLOB NOT NULL
);
INSERT INTO load_image VALUES('elf-1','00FF',X'696d616765');
CREATE TABLE profile_internals (
    profile TEXT NOT NULL PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
    document TEXT NOT NULL
);
INSERT INTO profile_internals VALUES('profile-1','{"identification":{"cplc":["54534C42"]},"card":{"ara":"aram-issuer","millisecondsPerApdu":20}}');
CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
    chain BLOB NOT NULL);
INSERT INTO audit VALUES(1,'2026-11-29T19:30:55.788Z','database made','b1ad0f0e-0000-4000-8000-000000000001',X'54c01741dd5916e9eaf47cae8473df8a58b42704e1e66f5d8c4e974fd455cf37');
INSERT INTO audit VALUES(2,'2026-11-29T19:30:56.001Z','created','SecureComponentProfile profile-1',X'5fc8e023d4c6ec748861f978c37d733feb71ad9683230a46434e2e112a38fb50');
INSERT INTO audit VALUES(3,'2026-11-29T19:30:56.001Z','profile internals stored','profile-1',X'ca07ec5d15dc73fe41efb1dcb7830ce40dd61803c93d859cb24c53b9ef7521fa');
INSERT INTO audit VALUES(4,'2026-11-29T19:30:56.001Z','created','Service service-1 of 01020304-0506-4708-890a-0b0c0d0e0f10',X'ac8965ab35cce252334c72f784810ab5b892d326c426aa39f724f642da674c39');
INSERT INTO audit VALUES(5,'2026-11-29T19:30:56.001Z','created','ExecutableLoadFile elf-1 of 01020304-0506-4708-890a-0b0c0d0e0f10',X'da561b143b4d83aa8ecc6262742d1bffa0d7aca5c8ac4caf656b215d514b2bfc');
INSERT INTO audit VALUES(6,'2026-11-29T19:30:56.001Z','file stored','elf-1',X'a26aeb844e669160c057233ca1488f6eb437cbed5ddbe803f4914fe4a78f9541');
INSERT INTO audit VALUES(7,'2026-11-29T19:30:56.001Z','created','Flavor flavor-1 of 01020304-0506-4708-890a-0b0c0d0e0f10',X'e577b73500b6b9debd2ed4c86fb1e15005caf51a6813c4c074f22d587513f439');
CREATE TABLE installation (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT, vault_seal BLOB);
INSERT INTO installation VALUES(1,'b1ad0f0e-0000-4000-8000-000000000001',NULL);
CREATE TABLE witness (database TEXT PRIMARY KEY, sequence INTEGER NOT NULL, chain BLOB NOT NULL);
INSERT INTO witness VALUES('access.db',7,X'50c3fab981080b69ba99f137bfed19dfbb359b6f617619c5b28fcd3e98b22f3b');
CREATE TABLE write_probe (only INTEGER PRIMARY KEY CHECK (only = 1), tries INTEGER NOT NULL);
INSERT INTO write_probe VALUES(1,1);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('audit',7);
CREATE INDEX entity_lists ON entity (provider, kind, parent, position, id);
CREATE INDEX entity_children ON entity (parent);
CREATE UNIQUE INDEX entity_tags ON entity (parent, position) WHERE kind = 3;
CREATE UNIQUE INDEX entity_sd_aids ON entity (document ->> '$.sdAid') WHERE kind = 2;
CREATE INDEX reference_targets ON reference (target, provider, source, via);
CREATE INDEX load_image_hashes ON load_image (sha256);
COMMIT;
PRAGMA user_version=1;
