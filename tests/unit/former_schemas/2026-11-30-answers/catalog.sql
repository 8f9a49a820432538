-- catalog.db as the program of commit baa6184 has left it; written with sqlite3's .dump.
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
INSERT INTO audit VALUES(1,'2026-11-29T19:31:01.316Z','database made','b1ad0f0e-0000-4000-8000-000000000001',X'2967e7b1d1d9ddef6a00bb01e0b555ac2e605e48da8895a083f1976e1fe663b3');
INSERT INTO audit VALUES(2,'2026-11-29T19:31:01.517Z','created','SecureComponentProfile profile-1',X'688cba579e8ff6eb78cf8ca942c588ab7ae00d262400c41eb1cb7d86cae3d8f2');
INSERT INTO audit VALUES(3,'2026-11-29T19:31:01.517Z','profile internals stored','profile-1',X'8f4cd8c315e0ea726cdf24df0dd19a52ad4784d22209c65d577b894cec9ebbb9');
INSERT INTO audit VALUES(4,'2026-11-29T19:31:01.517Z','created','Service service-1 of 01020304-0506-4708-890a-0b0c0d0e0f10',X'6f8c065852d726164406c9f99635030155fb0712f4a96acfcc9a1938977f337e');
INSERT INTO audit VALUES(5,'2026-11-29T19:31:01.517Z','created','ExecutableLoadFile elf-1 of 01020304-0506-4708-890a-0b0c0d0e0f10',X'778d3ce6d65a274913c91bc504c650a6597f8100b1baba0e95d7ce8aa5ea2fdd');
INSERT INTO audit VALUES(6,'2026-11-29T19:31:01.517Z','file stored','elf-1',X'a7c75d9ad5047d6d3f441776d2906042a5ea154936849e4b0a91aa2496208df7');
INSERT INTO audit VALUES(7,'2026-11-29T19:31:01.517Z','created','Flavor flavor-1 of 01020304-0506-4708-890a-0b0c0d0e0f10',X'6755eae4faf7c211d3cd34a5e20a999a036b38ebc72e2e1cb9ab6ec33944ec2e');
INSERT INTO audit VALUES(8,'2026-11-29T23:17:52.909Z','schema version 2','card parameters as they are called now, and which databases belong together',X'2c5c99c87a8de3da9f582b436b093743f2e1528cbcb04b05977dcc9c1d71d4b2');
CREATE TABLE installation (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT, vault_seal BLOB);
INSERT INTO installation VALUES(1,'b1ad0f0e-0000-4000-8000-000000000001',NULL);
CREATE TABLE witness (database TEXT PRIMARY KEY, sequence INTEGER NOT NULL, chain BLOB NOT NULL);
INSERT INTO witness VALUES('access.db',7,X'b67c4c32920660c9661bb6fb72f2e8e710987af440da3be5ce04faa2b69183c6');
CREATE TABLE write_probe (only INTEGER PRIMARY KEY CHECK (only = 1), tries INTEGER NOT NULL);
INSERT INTO write_probe VALUES(1,1);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('audit',8);
CREATE INDEX entity_lists ON entity (provider, kind, parent, position, id);
CREATE INDEX entity_children ON entity (parent);
CREATE UNIQUE INDEX entity_tags ON entity (parent, position) WHERE kind = 3;
CREATE UNIQUE INDEX entity_sd_aids ON entity (document ->> '$.sdAid') WHERE kind = 2;
CREATE INDEX reference_targets ON reference (target, provider, source, via);
CREATE INDEX load_image_hashes ON load_image (sha256);
COMMIT;
PRAGMA user_version=2;
